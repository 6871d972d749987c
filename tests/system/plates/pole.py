"""A pole whose vehicles and their plates are given: everything behind the networks is the agent's.

Each line `PLATE` on standard input drives one car with that plate past the camera `cam-1`; behind
it may stand what the reader is not sure of, `12거3456 {"2": {"거": 0.6, "가": 0.39}}`. The
answer is one JSON line `{"passed": PLATE, "diary": rows}` when all of it is done. The line `dumped`
has something left there, with pictures of before and of the moment. The rules are one
for listed plates and one, `local`, for any plate in the picture. Ends at the end of input.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from edge_agent.config import AgentSettings
from edge_agent.pipeline import Analysis
from edge_agent.plates.desk import PlateDesk
from edge_agent.plates.list_desk import ListDesk, watchlist_handler
from edge_agent.plates.list_vault import ListVault
from edge_agent.plates.search import crop_handler, search_handler
from edge_agent.plates.stage import LivePlates, NamedFinder
from edge_agent.plates.trace_desk import TraceDesk, trace_handler
from edge_agent.rules.base import build_rules
from edge_agent.scene import Box, Detection, Finding, Frame, Image
from edge_agent.sight.camera_sight import CameraTracker
from edge_agent.sight.detector import ModelId
from edge_agent.sight.scheduler import InferenceScheduler
from edge_agent.uplink.certificate import OwnCertificate
from edge_agent.uplink.commands import CommandGate
from edge_agent.uplink.earlier import Earlier
from edge_agent.uplink.link import COLLECTOR, Link, LinkSettings
from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.report import Reporter
from edge_agent.uplink.rows import Signer
from edge_agent.uplink.still import encode
from edge_agent.uplink.synchronised import time_quality
from edge_agent.uplink.trust import PeerTrust, WallClockGuard
from edge_agent.watch import CameraWatch
from tests.edge_agent.plates.finding import GivenPlates, plate_on
from tests.edge_agent.plates.reads import read
from tests.support.wait import wait_until
from wire.clock import SystemClock
from wire.event import ModelPart
from wire.health import Health
from wire.identity import Identity, load_certificate
from wire.names import new_id
from wire.register import load_register
from wire.sealed import BootKey
from wire.topics import service_source

WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
STEP_S = 0.2


class GivenCars:
    """A detector that sees what is in front of it."""

    def __init__(self) -> None:
        self.boxes: tuple[Box, ...] = ()

    def detect(self, image: Image) -> tuple[Detection, ...]:
        return tuple(Detection("car", 0.9, box) for box in self.boxes)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--authority", type=Path, required=True)
    parser.add_argument("--device", default="pole-001-1")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))

    clock, boot_id = SystemClock(), new_id()
    register = load_register(arguments.authority / "register.yaml")
    entry = next(device for device in register.devices if device.name == arguments.device)
    address = register.address(entry)
    folder = arguments.authority / "identities" / arguments.device
    collector = arguments.authority / "identities" / COLLECTOR / "cert.pem"
    settings = AgentSettings.model_validate(
        {
            "site": address.site,
            "shard": address.shard,
            "identity": folder,
            "trust": {"collector": collector, "signer": collector},
            "data": arguments.folder,
            "cameras": [
                {
                    "id": "cam-1",
                    "url": "rtsp://127.0.0.1:9/none",
                    "zones": [{"id": "all", "polygon": WHOLE}],
                    "rules": [
                        {"id": "wanted", "type": "plate", "severity": "severe"},
                        {"id": "local", "type": "plate", "plates": "any", "zone": "all"},
                    ],
                }
            ],
        }
    )
    identity = Identity.load(folder)
    guard = WallClockGuard(load_certificate(identity.cert_file), clock, time_quality)
    trust = PeerTrust({COLLECTOR: collector}, identity.ca_file, guard)
    signer = Signer(identity.name, identity.key, address.source)
    outbox = Outbox.open(settings.data / "outbox", signer, clock, Limits(), boot_id=boot_id)
    reporter = Reporter(outbox, clock, boot_id=boot_id, quality=time_quality)
    key = BootKey()
    vault = ListVault(settings.data / "watchlists", identity.key)
    lists = ListDesk(vault, key, identity.name, guard.now, reporter.audit)
    gate = CommandGate(
        identity.name, boot_id, clock, trust.key_of_only(COLLECTOR),
        service_source(address.site, COLLECTOR), key.public,
    )  # fmt: skip
    scheduler = InferenceScheduler(clock)
    cars, plates = GivenCars(), GivenPlates()
    model = ModelId("given", "a" * 64)
    traces = TraceDesk(
        settings.data / "traces", identity.key, key, identity.name, guard.now, clock.monotonic,
        reporter.audit, lambda sighting: link.sighted(sighting),
    )  # fmt: skip
    desk = PlateDesk(
        settings.data, NamedFinder(plates, model), lists.match, scheduler, guard.now,
        clock.monotonic, days=30, megabytes=100, traces=traces,
    )  # fmt: skip
    (camera,) = settings.cameras
    rules = build_rules(camera, ZoneInfo(settings.time_zone))
    part = ModelPart(name="given", sha256="a" * 64, config_sha256="b" * 64)
    stage = desk.stage("cam-1", None)
    watch = CameraWatch(
        settings, camera, clock,
        Analysis(cars, CameraTracker(), rules, plates=stage),
        scheduler, reporter, signer, lambda _type: part,
    )  # fmt: skip

    def health() -> Health:
        traces.end_expired()
        return Health(
            boot_id=boot_id, at=clock.now(), quality=time_quality(),
            monotonic_s=clock.monotonic(), uptime_s=0, outbox=outbox.figures(),
            mqtt_bytes=link.mqtt_bytes, clip_bytes=0, sessions=0, cpu_s=0, rss_mb=0,
            disk_free_mb=0, watchlists=lists.figures(), watchlists_refused=lists.refused,
        )  # fmt: skip

    def audit(code: str, detail: str) -> None:
        reporter.audit("command.refused", code=code, detail=detail)

    def certified(action: str, detail: str, code: str | None) -> None:
        reporter.audit(action, code=code, detail=detail)

    link = Link(
        identity, address,
        LinkSettings(arguments.host, arguments.port, health_interval_s=0.5, retry_first_s=0.2),
        outbox, gate, trust, OwnCertificate(identity, guard, certified), clock,
        boot_id=boot_id, version="test", health=health, audit=audit,
    )  # fmt: skip
    link.dispatcher.register("watchlist.delta", watchlist_handler(lists))
    link.dispatcher.register("plates.search", search_handler(desk.search, reporter.audit))
    link.dispatcher.register("plates.crop", crop_handler(desk.search, reporter.audit))
    for name in ("trace.begin", "trace.end"):
        link.dispatcher.register(name, trace_handler(traces))
    for start in (reporter.start, lists.report_lost, desk.start, link.start, scheduler.start):
        start()
    media_s = 0.0
    for line in sys.stdin:
        plate, _, told = line.strip().partition(" ")
        if plate == "dumped":
            dumped(reporter, clock)
            print(json.dumps({"passed": plate, "diary": desk.diary.count()}), flush=True)
            continue
        unsure = {int(at): spread for at, spread in json.loads(told or "{}").items()}
        media_s = drive(watch, stage, cars, plates, (plate, unsure), media_s + 100.0)
        rows = desk.diary.count()
        print(json.dumps({"passed": plate, "diary": rows}), flush=True)
    scheduler.stop()
    desk.close()
    reporter.close()
    wait_until(lambda: not outbox.figures().depth, 40, "an empty outbox")
    link.stop()
    outbox.close()


def drive(
    watch: CameraWatch,
    stage: LivePlates,
    cars: GivenCars,
    plates: GivenPlates,
    plate: tuple[str, dict[int, dict[str, float]]],
    start_s: float,
) -> float:
    """A car that comes closer for two seconds; five more without it. The media time at its end."""
    for step in range(35):
        now_s = start_s + step * STEP_S
        size = 0.2 + 0.03 * step
        box = Box(0.5 - size / 2, 0.3, size, size)
        here = step < 10
        cars.boxes = (box,) if here else ()
        plates.plates = (plate_on(box, read(plate[0], 0.97, unsure=plate[1])),) if here else ()
        one_frame(watch, stage, now_s)
    return start_s + 35 * STEP_S


def dumped(reporter: Reporter, clock: SystemClock) -> None:
    """A thing was left at the roadside ten seconds ago by who is gone since."""
    before = np.full((360, 640, 3), 90, np.uint8)
    before[220:] = 120
    after = before.copy()
    after[230:290, 300:360] = (40, 60, 160)
    left = after.copy()
    left[120:280, 380:420] = (150, 90, 60)
    frame = Frame("cam-1", after, 100.0, clock.monotonic(), clock.now())
    box = Box(300 / 640, 230 / 360, 60 / 640, 60 / 360)
    finding = Finding(
        "thing", "dumping", "dumping", "open", 90.0, 100.0, None, 0.8, "minor", "all", (), box
    )
    earlier = (
        Earlier("before", 84.0, encode(before, 60_000)),
        Earlier("left", 90.0, encode(left, 60_000)),
    )
    reporter.finding(finding, frame, earlier=earlier)


def one_frame(watch: CameraWatch, stage: LivePlates, media_s: float) -> None:
    """Have one frame analysed, and the looks that it asks for made."""
    clock = SystemClock()
    lane = watch.pipeline.lane
    image = np.full((360, 640, 3), 90, np.uint8)
    before = lane.served + lane.failed
    moment = clock.now() - timedelta(seconds=1)
    lane.put(Frame("cam-1", image, media_s, clock.monotonic(), moment))
    wait_until(lambda: lane.served + lane.failed > before, 40, "an analysis")
    wait_until(lambda: stage.awaited == 0, 40, "the looks")


if __name__ == "__main__":
    main()
