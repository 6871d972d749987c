"""A pole and a viewer, each behind its own NAT, find each other by STUN or by coturn."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE

import httpx
import pytest

from collector.config import IceSettings
from collector.ice import LIFETIME, ice_servers
from polewatch.demo.site import CAMERA, PERSON
from tests.support.rtsp import SYSTEM_PYTHON
from tests.support.scattered import Scattered, scattered
from tests.support.wait import wait_until
from tests.support.whep_viewer import HEADERS

GST_VIEWER = Path(__file__).parents[2] / "support" / "gst_viewer.py"
ALLOCATE = """
import asyncio, json, sys
from aioice import turn
one = json.loads(sys.argv[1])["server"]
_, host, port = one["urls"][0].split(":")
async def ask():
    transport, _ = await turn.create_turn_endpoint(
        asyncio.DatagramProtocol, server_addr=(host, int(port)),
        username=one["username"], password=one["credential"])
    transport.close()
asyncio.run(ask())
"""


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scattered]:
    with scattered(tmp_path_factory.mktemp("scattered")) as running:
        yield running


def test_routers_that_keep_ports_are_crossed_directly(apart: Scattered) -> None:
    apart.net.set_mapping(symmetric=False)
    seen = apart.view("--without", "turn")
    assert seen["frames"] >= 30
    assert set(seen["route"].split("-")) <= {"host", "srflx", "prflx"}


def test_routers_that_change_ports_are_crossed_by_the_pole_s_relay(apart: Scattered) -> None:
    """The same viewer as above: only what the routers do is different."""
    apart.net.set_mapping(symmetric=True)
    seen = apart.view("--without", "turn")
    assert seen["frames"] >= 30
    assert seen["route"].endswith("-relay")


def test_a_viewer_may_insist_on_the_relay(apart: Scattered) -> None:
    apart.net.set_mapping(symmetric=True)
    before = apart.relay.allocations()
    seen = apart.view("--relay-only")
    assert seen["frames"] >= 30
    assert seen["route"].startswith("relay-")
    wait_until(lambda: apart.relay.allocations() >= before + 2, 20, "both ends' allocations")


def test_gstreamer_s_webrtcbin_plays(apart: Scattered) -> None:
    """It shares no line of ICE, RTP or SDP with the pole, and its certificate is RSA."""
    apart.net.set_mapping(symmetric=True)
    program = apart.net.viewer.command(SYSTEM_PYTHON, str(GST_VIEWER), "--pictures", "30",
                                        "--seconds", "60")  # fmt: skip
    path = f"/whep/{apart.demo.site.device}/{CAMERA}"
    with (
        subprocess.Popen(program, stdin=PIPE, stdout=PIPE, text=True) as gst,
        httpx.Client(base_url=apart.demo.console, headers=HEADERS, timeout=30) as client,
    ):
        assert gst.stdin is not None
        assert gst.stdout is not None
        print(json.dumps({"servers": [apart.relay.settings["stun"]]}), file=gst.stdin, flush=True)
        said = json.loads(gst.stdout.readline())
        client.post("/api/sign-in", json={"name": PERSON, "password": apart.demo.secret})
        granted = client.post(
            "/api/grants",
            json={
                "device": apart.demo.site.device, "camera": CAMERA, "rights": ["live"],
                "case": "TEST-1", "basis": "PIPA 18(2)3", "purpose": "test",
                "fingerprint": said["fingerprint"],
            },
        ).json()  # fmt: skip
        bearer = {"Authorization": f"Bearer {granted['grant']}", "Content-Type": "application/sdp"}
        answer = client.post(path, content=said["offer"], headers=bearer)
        assert answer.status_code == 201, answer.text
        print(json.dumps(answer.text), file=gst.stdin, flush=True)
        seen = json.loads(gst.stdout.readline())
        client.delete(answer.headers["location"], headers=bearer)
    assert seen["pictures"] >= 30
    assert seen["keyframes"] >= 1


def test_the_relay_takes_nobody_whose_credentials_are_old(apart: Scattered) -> None:
    now = datetime.now(UTC)
    settings = IceSettings.model_validate(apart.relay.settings)
    before = apart.relay.allocations()
    for when, allowed in ((now - 2 * LIFETIME, False), (now, True)):
        (server,) = [one for one in ice_servers(settings, "somebody", when) if one.username]
        asked = json.dumps({"server": server.model_dump(mode="json")})
        done = subprocess.run(
            apart.net.viewer.command(sys.executable, "-c", ALLOCATE, asked),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode == 0) == allowed, done.stderr[-500:]
    wait_until(lambda: apart.relay.allocations() > before, 20, "the allocation to be told")
    assert apart.relay.allocations() == before + 1


def test_credentials_are_given_for_a_grant_alone(apart: Scattered) -> None:
    path = f"{apart.demo.console}/whep/{apart.demo.site.device}/{CAMERA}"
    bearer = {"Authorization": "Bearer aaaa.bbbb.cccc"}
    answer = httpx.options(path, headers=bearer, timeout=20)
    assert answer.status_code == 204
    assert answer.headers["accept-post"] == "application/sdp"
    assert "link" not in answer.headers
    assert httpx.options(path, timeout=20).status_code == 401
