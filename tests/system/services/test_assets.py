"""Assets with real processes: a camera dark, a relay that sticks, an agent cut, the centre away.

All of it shows in states, work orders and the month, which equals what the changes say by hand.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml

from collector.signer.accounts import Account, SignerStore
from models.registry import Registry
from provisioning.authority import Authority
from tests.support.broker import BrokerHandle, make_broker, make_city
from tests.support.centre import Centre
from tests.support.relay import Relay
from tests.support.rtsp import Camera, demo_camera
from tests.support.told import Process
from tests.support.wait import wait_until
from tests.support.zygote import CENTRE, zygote
from wire.register import load_register

PASSWORD = "correct horse battery"
DEVICE = "pole-001-1"
PATIENCE_S = 90
SETTLE_S = 1.0
WELL: tuple[str, list[str]] = ("well", [])
DETECTOR = "nanodet-g-256x416-int8"
TABLE = (
    "관리번호,종류,설치위치번호,장비이름,카메라이름,설비이름,설치목적,설치일\n"
    "P-1,폴,,,,,,\n"
    f"C-1,카메라,P-1,{DEVICE},cam-1,,방범,\n"
    f"B-1,함체,P-1,{DEVICE},,,,2020. 1. 1.\n"
    f"L-1,조명,P-1,{DEVICE},,lamp,,\n"
)


def agent_config(
    city: Authority, broker: BrokerHandle, folder: Path, url: str, lamp: Relay
) -> Path:
    register = load_register(city.register_file)
    address = register.address(next(one for one in register.devices if one.name == DEVICE))
    settings = {
        "site": address.site,
        "shard": address.shard,
        "identity": str(city.identity(DEVICE)),
        "trust": {
            "collector": str(city.identity("collector") / "cert.pem"),
            "signer": str(city.identity("signer") / "cert.pem"),
        },
        "data": str(folder / "data"),
        "broker": {"host": broker.host, "port": broker.port},
        "health_interval_s": 0.5,
        "cameras": [{"id": "cam-1", "url": url}],
        "facilities": [
            {"id": "lamp", "kind": "light", "title": "보안등", "relay": lamp.settings()}
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "agent.yaml"
    config.write_text(yaml.safe_dump(settings))
    return config


@dataclass
class Scene:
    """What plays, and who looks at it."""

    centre: Centre
    broker: BrokerHandle
    city: Authority
    camera: Camera
    agent: Process
    lamp: Relay
    client: httpx.Client = field(default_factory=httpx.Client)
    ids: dict[str, str] = field(default_factory=dict)

    def assets(self, *arguments: str) -> str:
        """The real command; what it printed."""
        asked = ["assets", *arguments, "--config", str(self.centre.config)]
        log = self.centre.folder / "assets.log"
        with log.open("ab") as errors:
            command = zygote(*CENTRE).fork(
                "collector", asked, stdout=subprocess.PIPE, stderr=errors.fileno()
            )
        assert command.stdout is not None
        with command.stdout as said:
            told = said.read()
        assert command.wait(120) == 0, log.read_text()
        return told

    def sign_in(self) -> None:
        self.client = httpx.Client(
            base_url=self.centre.collector.url, headers={"X-Polewatch": "1"}, timeout=60
        )
        answer = self.client.post("/api/sign-in", json={"name": "chief", "password": PASSWORD})
        assert answer.status_code == 200, answer.text

    def asset(self, tag: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/assets/{self.ids[tag]}").json()
        return found

    def was(self, tag: str) -> list[tuple[str, list[str]]]:
        """How it was, in order; what lasted shorter than a look may be missing."""
        return [(one["state"], one["faults"]) for one in reversed(self.asset(tag)["states"])]

    def wait_state(self, tag: str, state: str, *faults: str) -> None:
        def so() -> bool:
            one = self.asset(tag)
            return (one["state"], tuple(one["faults"])) == (state, faults)

        wait_until(so, PATIENCE_S, f"{tag} to be {state} {faults}")

    def wait_faults(self, tag: str, state: str, *faults: str) -> None:
        """These at least: the clock of the machine that plays the pole may be anybody's."""

        def so() -> bool:
            one = self.asset(tag)
            return one["state"] == state and {*faults} <= {*one["faults"]}

        wait_until(so, PATIENCE_S, f"{tag} to be {state} with {faults}")

    def wait_order(self, tag: str, fault: str, state: str, reopened: int = 0) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            found: list[dict[str, Any]] = self.asset(tag)["work"]
            fits = (fault, state, reopened)
            return next((o for o in found if (o["fault"], o["state"], o["reopened"]) == fits), None)

        order = wait_until(there, PATIENCE_S, f"an order of {tag} for {fault}, {state}")
        assert order is not None
        return order


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    city = make_city(tmp_path / "authority")
    broker = make_broker("nats", city, tmp_path / "broker")
    broker.start()
    patience = {"every_s": 0.2, "open_after_s": 0.5, "settle_s": SETTLE_S}
    # The city wants another detector than the one that ships.
    wanted = {"models": {DETECTOR: "0" * 12}}
    centre = Centre(tmp_path / "centre", city, broker, {"assets": {**patience, **wanted}})
    store = SignerStore(centre.folder / "signer-data")
    store.add(Account("chief", "centre", ("supervisor",)), PASSWORD, datetime.now(UTC))
    store.close()
    lamp = Relay()
    with demo_camera() as camera:
        config = agent_config(city, broker, tmp_path / "agent", camera.url, lamp)
        agent = Process("edge_agent", [str(config)], tmp_path / "agent")
        try:
            yield Scene(centre, broker, city, camera, agent, lamp)
        finally:
            agent.kill()
            centre.stop()
            broker.stop()
            lamp.close()


def by_hand(scene: Scene, until: datetime) -> dict[str, float]:
    """Seconds of the camera since it was first heard of, from the rows, piece by piece."""
    changes = [
        (datetime.fromisoformat(row["at"]), bool(row["sees"]))
        for row in scene.centre.rows("SELECT at, sees FROM camera_seen ORDER BY at")
    ]
    heard = [
        (datetime.fromisoformat(row["began_at"]), datetime.fromisoformat(row["until"]))
        for row in scene.centre.rows("SELECT * FROM centre_watched")
    ]
    found = {"picture": 0.0, "dark": 0.0}
    ends = [at for at, _ in changes[1:]] + [until]
    for (start, sees), end in zip(changes, ends, strict=True):
        for began, ended in heard:
            seconds = (min(end, ended) - max(start, began)).total_seconds()
            found["picture" if sees else "dark"] += max(0.0, seconds)
    whole = (until - changes[0][0]).total_seconds()
    return {**found, "unknown": whole - found["picture"] - found["dark"]}


def test_what_happens_to_a_camera_is_ordered_mended_and_reported(scene: Scene) -> None:
    centre = scene.centre
    centre.signer.start()
    centre.collector.start()
    # A broker keeps nothing for a collector that was never there: what a pole says before it says
    # again after fifteen seconds.
    scene.agent.start()
    table = centre.folder / "자산.csv"
    table.write_bytes(TABLE.encode("cp949"))
    assert "4 new" in scene.assets("import", str(table))
    scene.sign_in()
    scene.ids = {one["tag"]: one["id"] for one in scene.client.get("/api/assets").json()["assets"]}
    assert scene.asset("C-1")["title"] == "정문", "as collector.yaml calls it"
    scene.wait_state("C-1", "well")
    scene.wait_state("L-1", "well")
    scene.wait_faults("B-1", "ill", "model")
    # A state becomes history at the keeper's next look, and this one is not to be over before.
    wait_until(
        lambda: WELL in scene.was("C-1"), PATIENCE_S, "the camera's first good state, as history"
    )
    (old,) = scene.asset("B-1")["models"]
    shipped = Registry.default().entry(DETECTOR).sha256
    assert old == {"name": DETECTOR, "runs": shipped[:12], "wanted": "0" * 12}

    # Its relay sticks, and the camera is gone.
    scene.lamp.sticks = scene.lamp.lit = True
    scene.camera.stop()
    scene.wait_state("C-1", "bad", "no_picture")
    scene.wait_state("L-1", "bad", "stuck")
    scene.wait_faults("P-1", "bad", "no_picture", "stuck", "model")
    scene.wait_order("L-1", "stuck", "open")
    scene.lamp.sticks = False
    order = scene.wait_order("C-1", "no_picture", "open")
    url = f"/api/work-orders/{order['number']}"
    assert scene.client.post(f"{url}/done", json={"note": "전원 확인"}).status_code == 204
    scene.wait_order("C-1", "no_picture", "open", reopened=1)
    scene.camera.start()
    mended = scene.wait_order("C-1", "no_picture", "closed", reopened=1)
    assert mended["repair_s"] >= SETTLE_S
    assert [one["what"] for one in mended["steps"]] == ["opened", "done", "reopened", "closed"]
    scene.wait_state("C-1", "well")
    scene.wait_order("L-1", "stuck", "closed")
    scene.wait_faults("P-1", "ill", "model")

    scene.agent.kill()
    scene.wait_state("C-1", "bad", "offline")
    scene.wait_state("L-1", "unknown")
    cut = scene.wait_order("B-1", "offline", "open")
    assert [one for one in scene.asset("C-1")["work"] if one["fault"] == "offline"] == []
    assert cut["number"] != order["number"]

    # The centre is away while the pole comes back.
    scene.agent.start()
    stopped = datetime.now(UTC)
    centre.collector.stop()
    centre.collector.start()
    away = (datetime.now(UTC) - stopped).total_seconds()
    scene.sign_in()
    scene.wait_order("B-1", "offline", "closed")
    scene.wait_state("C-1", "well")
    lived = [WELL, ("bad", ["no_picture"]), WELL, ("bad", ["offline"]), WELL]

    def in_order() -> bool:
        # A box that comes up may say for a moment that it has no picture yet: that is history too.
        was = iter(scene.was("C-1"))
        return all(one in was for one in lived) and scene.was("C-1")[-1] == WELL

    wait_until(in_order, PATIENCE_S, "the camera's history")
    assert ("bad", ["stuck"]) in scene.was("L-1")
    _the_month_is_right(scene, away)


def _the_month_is_right(scene: Scene, away_s: float) -> None:
    """What the report says while the month goes on lies between what holds before and after."""
    now = datetime.now(UTC)
    month = f"{now.astimezone(ZoneInfo('Asia/Seoul')):%Y-%m}"
    before = by_hand(scene, now)
    found = scene.client.get(f"/api/assets/availability?month={month}").json()
    after = by_hand(scene, datetime.now(UTC))
    (camera,) = found["cameras"]
    for part in ("picture", "dark", "unknown"):
        assert before[part] - 1e-3 <= camera[f"{part}_s"] + 1.0, part
        assert camera[f"{part}_s"] <= after[part] + 1.0, part
    assert camera["outages"] == 2, "without a picture, and cut"
    assert camera["unknown_s"] >= away_s / 2
    assert camera["dark_s"] > 2 * SETTLE_S
    rows = json.loads(scene.assets("availability", month, "--json"))
    assert [row["관리번호"] for row in rows] == ["C-1", "소계 방범", "합계"]
    assert rows[0]["장애건수"] == 2
