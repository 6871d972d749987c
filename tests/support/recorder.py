"""A process that records a camera until it is killed.

`python -m tests.support.recorder URL FOLDER IDENTITY`; the identity signs what is recorded.

For each packet handed to the ring it prints `packet`, decoding time and identity as one line.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from edge_agent.camera.packet import EncodedPacket, StreamInfo
from edge_agent.camera.source import CameraStatus, RtspSource
from edge_agent.clips.access_unit import identity
from edge_agent.clips.evidence.seals import Seals
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.uplink.rows import Signer
from wire.clock import SystemClock
from wire.identity import Identity


class Teller:
    """Prints what the ring was given, after it was given."""

    def stream(self, info: StreamInfo) -> None:
        """Nothing to print."""

    def packet(self, packet: EncodedPacket) -> None:
        print("packet", packet.dts_90k, identity(packet.data), flush=True)


def ignore(_status: CameraStatus) -> None:
    """States are another test's matter."""


if __name__ == "__main__":
    url, folder, owner = sys.argv[1:]
    device = Identity.load(Path(owner))
    signer = Signer(device.name, device.key, f"/polewatch/testcity/{device.name}")
    seals = Seals(Path(folder) / "yard", "yard", signer, lambda: "synchronised")
    ring = Ring(Path(folder), "yard", SystemClock(), limits=KeepingLimits(1 << 30), seals=seals)
    ring.start()
    RtspSource("yard", url, SystemClock(), [ring, Teller()], ignore).start()
    threading.Event().wait()
