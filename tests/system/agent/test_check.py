"""`polewatch agent check` against real brokers, cameras and a real TURN server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from edge_agent.checks import network, video
from edge_agent.checks.sample import Sampler
from edge_agent.config import AgentSettings
from provisioning.authority import Authority
from tests.edge_agent.checks.settings import pole_settings
from tests.support.broker import BrokerHandle
from tests.support.coturn import PORT, SECRET, coturn
from tests.support.netns import Place, alone
from tests.support.rtsp import gst_camera
from wire.clock import SystemClock

CLOCK = SystemClock()


@pytest.fixture
def settings(broker: BrokerHandle, city: Authority, tmp_path: Path) -> AgentSettings:
    return pole_settings(city, tmp_path, broker={"host": broker.host, "port": broker.port})


def test_the_broker_accepts_this_device_and_its_topics(settings: AgentSettings) -> None:
    for check in (network.check_broker, network.check_topics):
        result = check(settings, CLOCK)
        assert result.ok, result.detail


def test_a_revoked_device_is_refused_with_the_reason(
    settings: AgentSettings, broker: BrokerHandle, city: Authority
) -> None:
    city.revoke(settings.identity.name)
    broker.reload()
    result = network.check_broker(settings, CLOCK)
    assert (result.code, result.number) == ("broker.refused", "PW-402"), result.detail


def test_a_broker_of_another_city_is_not_trusted(settings: AgentSettings, tmp_path: Path) -> None:
    foreign = Authority.init(tmp_path / "foreign", "testcity")
    own = pole_settings(foreign, tmp_path, broker=settings.broker.model_dump())
    result = network.check_broker(own, CLOCK)
    assert (result.code, result.number) == ("broker.untrusted", "PW-403"), result.detail
    assert "certificate" in result.detail


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_a_topic_that_may_not_be_read_is_named(settings: AgentSettings) -> None:
    """mosquitto grants foreign subscriptions and stays silent, so only nats-server tells."""
    shard = "00" if settings.shard != "00" else "01"
    result = network.check_topics(settings.model_copy(update={"shard": shard}), CLOCK)
    assert result.code == "topic.denied"
    assert f"/{shard}/" in result.detail
    assert result.detail.endswith("/receipt")


def test_cameras(city: Authority, tmp_path: Path) -> None:
    with gst_camera("--user", "admin", "--password", "geheim") as camera:
        login = tmp_path / "login"
        for password, code in (("geheim", None), ("wrong", "camera.unauthorized")):
            login.touch(0o600)
            login.write_text(f"admin:{password}")
            entry = {"id": "cam-1", "url": camera.url, "credentials_file": login}
            one = pole_settings(city, tmp_path, cameras=[entry]).cameras[0]
            sample = Sampler()
            result = video.check_camera(one, one.url, "camera cam-1", CLOCK, sample)
            assert result.code == code, result.detail
            assert "geheim" not in result.detail
            if code is None:
                assert "160x120 h264, 10.0 fps" in result.detail
                assert video.check_decoder({"cam-1": sample}, video.cores()).ok
    gone = video.check_camera(one, one.url, "camera cam-1", CLOCK, Sampler())
    assert gone.code == "camera.unreachable"


def turned(place: Place, password: str) -> dict[str, object]:
    """What the check says of the TURN server at `place`, asked from within it."""
    user = f"{int(time.time()) + 600}:check"
    good = hmac.new(SECRET.encode(), user.encode(), hashlib.sha1).digest()
    server = {
        "urls": [f"turn:{place.address}:{PORT}"],
        "username": user,
        "credential": base64.b64encode(good).decode() if password == "good" else password,
    }
    script = (
        "import json, sys; from dataclasses import asdict;"
        "from edge_agent.checks.network import check_turn; from wire.whep import IceServer;"
        "print(json.dumps(asdict(check_turn(IceServer.model_validate_json(sys.argv[1])))))"
    )
    done = subprocess.run(
        place.command(sys.executable, "-c", script, json.dumps(server)),
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_turn_server_relays_or_refuses() -> None:
    with alone() as place, coturn(place):
        assert turned(place, "good")["ok"] is True
        refused = turned(place, "wrong")
        assert (refused["code"], refused["number"]) == ("turn.refused", "PW-823")


def test_a_box_without_any_network_tells_what_does_not_work(
    city: Authority, tmp_path: Path
) -> None:
    cameras = [{"id": "cam-1", "url": "rtsp://192.0.2.1/main", "analysis_fps": 0.05}]
    settings = pole_settings(city, tmp_path, cameras=cameras, broker={"host": "broker.example"})
    config = tmp_path / "agent.yaml"
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-m", "polewatch", "agent"]
    done = subprocess.run(
        [*command, "check", "--config", str(config), "--json"],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    found = {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}
    codes = {name: one["code"] for name, one in found.items() if not one["ok"]}
    assert codes.pop("clock", "clock.unsynchronised") == "clock.unsynchronised"
    assert codes == {
        "dns": "dns.failed",
        "broker": "broker.unreachable",
        "topics": "broker.unreachable",
        "receipts": "agent.stopped",
        "camera cam-1": "camera.unreachable",
        "decoder": "check.blocked",
        "whep": "whep.failed",
    }
    assert all(one["remedy"] and one["number"] for one in found.values() if not one["ok"])


def test_the_doctor_asks_this_machine_as_it_asks_a_box(city: Authority, tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    settings = pole_settings(city, tmp_path)
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    command = [sys.executable, "-m", "polewatch", "provision", "doctor", "--config", str(config)]
    done = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 1, done.stderr
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    assert checks["recording"]["ok"]
    assert checks["broker"]["number"] == "PW-401"
