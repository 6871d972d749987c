"""The process that `bench gate`, `bench nvr` and `bench budget` measure: cameras recorded, watched.

`python -m polewatch.bench.pole PLAN` reads a JSON Plan and answers each line on its input with one
of JSON. All of the agent that runs by itself: reading, ring, seals, gate, sight, tracks and rules;
nothing is reported, for there is nobody to report to.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from edge_agent.camera.source import CameraStatus
from edge_agent.clips.evidence.seals import Seals
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.config import CameraSettings
from edge_agent.pipeline import Analysis, CameraPipeline, Seen
from edge_agent.rules.base import build_rules
from edge_agent.sight.attention import Attention
from edge_agent.sight.camera_sight import camera_sight, with_second_look
from edge_agent.sight.detector import FINE_MODEL, Detector
from edge_agent.sight.scheduler import InferenceScheduler
from edge_agent.stages import costs, stage
from edge_agent.uplink.rows import Signer
from models.registry import Registry
from wire.clock import SystemClock

ZONE = {"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
RULES = [
    {"id": "entered", "type": "intrusion", "zone": "all", "cooldown_s": 2},
    {"id": "lingers", "type": "loitering", "zone": "all", "seconds": 4, "cooldown_s": 2},
]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to watch."""

    folder: str
    streams: tuple[tuple[str, str | None], ...]
    """URL of each camera's main stream, and of its substream if it has one."""
    gate: bool
    workers: int = 1
    analysis_fps: float = 5.0
    fine: bool = True
    """Whether each picture gets the second, finer look."""


class Pole:
    """Everything of the process; `close` once."""

    def __init__(self, plan: Plan) -> None:
        clock = SystemClock()
        self._began_s = time.monotonic()
        self.first_s: dict[str, float] = {}
        """Seconds from the start of the process's work to each camera's first analysis."""
        self._people: dict[str, int] = {}
        """In each camera's newest picture."""
        self._stage_us = _microseconds_of_a_stage()
        key = OKPKey.import_key(Ed25519PrivateKey.generate())
        signer = Signer("bench", key, "/polewatch/bench/bench")
        registry = Registry.default()
        detector = with_second_look(Detector(registry), registry, FINE_MODEL if plan.fine else None)
        self._scheduler = InferenceScheduler(clock, plan.workers)
        self._rings: list[Ring] = []
        self._pipelines: list[CameraPipeline] = []
        folder = Path(plan.folder)
        for number, (url, sub) in enumerate(plan.streams):
            name = f"camera-{number}"
            settings = CameraSettings.model_validate(
                {
                    "id": name,
                    "url": url,
                    "sub_url": sub,
                    "gate": plan.gate,
                    "analysis_fps": plan.analysis_fps,
                    "zones": [ZONE],
                    "rules": RULES,
                }
            )
            seals = Seals(folder / name, name, signer, lambda: "synchronised")
            ring = Ring(folder, name, clock, limits=KeepingLimits(1 << 40), seals=seals)
            analysis = Analysis(
                *camera_sight(detector),
                build_rules(settings, UTC),
                attention=Attention(settings),
            )
            self._rings.append(ring)
            self._pipelines.append(
                CameraPipeline(
                    settings,
                    clock,
                    analysis,
                    self._scheduler,
                    None,
                    [ring],
                    [],
                    self._on_seen,
                    _ignore,
                )
            )
        self._scheduler.start()
        for ring, pipeline in zip(self._rings, self._pipelines, strict=True):
            ring.start()
            pipeline.start()

    def told(self) -> dict[str, Any]:
        """The figures now."""
        return {
            "seconds": time.monotonic(),
            "rss_mb": _resident_mb(),
            "threads": threading.active_count(),
            "files": len(list(Path("/proc/self/fd").iterdir())),
            "stages": dict(costs()),
            "stage_us": self._stage_us,
            "first_s": max(self.first_s.values(), default=None),
            "cameras_seen": len(self.first_s),
            "cameras": [
                {
                    "packets": pipeline.source.packets,
                    "written": ring.counters.written,
                    "unrecorded": ring.counters.dropped,
                    "undecoded": pipeline.decoder.dropped,
                    "people": self._people.get(pipeline.camera, 0),
                    "decoded": pipeline.decoder.decoded,
                    "analysed": pipeline.lane.served,
                    "replaced": pipeline.lane.replaced,
                    "failed": pipeline.lane.failed,
                    "gate": "off" if pipeline.gate is None else pipeline.gate.reason,
                    "wakes": 0 if pipeline.gate is None else pipeline.gate.wakes,
                }
                for ring, pipeline in zip(self._rings, self._pipelines, strict=True)
            ],
        }

    def close(self) -> None:
        for pipeline in self._pipelines:
            pipeline.stop()
        self._scheduler.stop()
        for ring in self._rings:
            ring.close()

    def _on_seen(self, seen: Seen) -> None:
        seen_now = [one for one in seen.tracks if one.seen and one.label == "person"]
        self._people[seen.frame.camera] = len(seen_now)
        self.first_s.setdefault(seen.frame.camera, time.monotonic() - self._began_s)


def plan_file(plan: Plan) -> Path:
    """The plan, written into its folder."""
    path = Path(plan.folder) / "plan.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(plan)))
    return path


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def _microseconds_of_a_stage(times: int = 2000) -> float:
    """CPU time of entering and leaving one, which is what the profiler costs."""
    began_s = time.thread_time()
    for _ in range(times):
        with stage("gate"):
            pass
    return (time.thread_time() - began_s) / times * 1e6


def _ignore(_status: CameraStatus) -> None:
    """A camera that is down shows in the pictures that are missing."""


def main(path: str) -> None:
    # What is printed here is read by the one that measures.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    given = json.loads(Path(path).read_text())
    pole = Pole(Plan(**given | {"streams": tuple(tuple(one) for one in given["streams"])}))
    for _ in sys.stdin:
        print(json.dumps(pole.told()), flush=True)
    pole.close()


if __name__ == "__main__":
    main(sys.argv[1])
