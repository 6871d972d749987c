"""The process that `polewatch bench ring` measures: cameras into rings, and nothing else.

`python -m polewatch.bench.ring_recorder URL CAMERAS FOLDER` answers each line on its input with one
of JSON. With `-` for the folder the cameras are read and nothing is recorded.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from edge_agent.camera.source import CameraStatus, RtspSource
from edge_agent.clips.evidence.seals import Seals
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.uplink.rows import Signer
from wire.clock import SystemClock

NO_RING = "-"


def main(url: str, cameras: int, folder: str) -> None:
    # What is printed here is read by the one that measures.
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    clock = SystemClock()
    key = OKPKey.import_key(Ed25519PrivateKey.generate())
    signer = Signer("bench", key, "/polewatch/bench/bench")
    rings = []
    for number in range(cameras):
        name = f"camera-{number}"
        sinks = []
        if folder != NO_RING:
            seals = Seals(Path(folder) / name, name, signer, lambda: "synchronised")
            ring = Ring(Path(folder), name, clock, limits=KeepingLimits(1 << 40), seals=seals)
            ring.start()
            rings.append(ring)
            sinks.append(ring)
        RtspSource(name, url, clock, sinks, _ignore).start()
    for _ in sys.stdin:
        told = {
            "pictures": sum(ring.counters.written for ring in rings),
            "seconds": time.monotonic(),
            "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(told), flush=True)


def _ignore(_status: CameraStatus) -> None:
    """A camera that is down shows in the pictures that are missing."""


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
