"""Signs each GOP while it is recorded, and keeps the signed roots beside the segments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from edge_agent.camera import nal
from edge_agent.camera.nal import Codec
from edge_agent.camera.packet import EncodedPacket
from edge_agent.clips.evidence import merkle
from edge_agent.uplink.rows import Signer
from wire.envelope import cloud_event, sign
from wire.event import TimeQuality
from wire.evidence import GopRoot
from wire.names import new_id

SUFFIX = ".gops"
"""Beside `….ts`: the JWS of each of its GOPs, one a line, in order."""


def seal_file(segment: Path) -> Path:
    """Where the roots of a segment's GOPs stand."""
    return segment.with_suffix(SUFFIX)


def tokens_of(segment: Path) -> list[str]:
    """The JWS of a segment's GOPs; a last line that a power cut left short is no token."""
    try:
        text = seal_file(segment).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.split("\n")[:-1] if line]


def link(token: str) -> str:
    """What the following GOP names as `previous`."""
    return hashlib.sha256(token.encode()).hexdigest()


class Seals:
    """Seals one camera's GOPs; used by the thread that writes its ring, and by no other."""

    def __init__(
        self, folder: Path, camera: str, signer: Signer, quality: Callable[[], TimeQuality]
    ) -> None:
        """`folder` is the camera's own in the ring: the chain goes on from its newest root."""
        self._camera = camera
        self._signer = signer
        self._quality = quality
        self._previous = _newest(folder)
        self._first: EncodedPacket | None = None
        self._shown: list[bytes] = []
        self._since: list[int] = []

    def add(self, packet: EncodedPacket, codec: Codec) -> None:
        """A picture was recorded; the first after a seal begins a GOP."""
        if self._first is None:
            self._first = packet
        self._shown.append(merkle.picture(nal.split(packet.data), codec))
        self._since.append(packet.pts_90k - self._first.pts_90k)

    def drop(self) -> None:
        """Forget the GOP that was begun: it was not recorded whole."""
        self._first, self._shown, self._since = None, [], []

    def seal(self, segment: Path, run: str, codec: Codec) -> None:
        """Sign what was added since the last seal, if anything; raises OSError."""
        first = self._first
        if first is None:
            return
        record = GopRoot(
            camera=self._camera,
            run=run,
            previous=self._previous,
            codec=codec,
            start_90k=first.pts_90k,
            start_at=first.received_at,
            time_quality=self._quality(),
            pictures=len(self._shown),
            root=merkle.gop_root(self._shown, self._since),
        )
        self.drop()
        event = cloud_event(
            "gop",
            record,
            id=new_id(),
            source=self._signer.source,
            time=first.received_at,
            subject=self._camera,
        )
        token = sign(event, self._signer.kid, self._signer.key).decode()
        with seal_file(segment).open("ab", buffering=0) as file:
            file.write(token.encode() + b"\n")
        self._previous = link(token)


def _newest(folder: Path) -> str | None:
    """What the newest root of a camera's folder is linked by."""
    # Day by day backwards: a month of segments is too much to list for the newest alone.
    for day in sorted(folder.glob("*/"), reverse=True):
        for path in sorted(day.glob(f"*{SUFFIX}"), reverse=True):
            tokens = tokens_of(path)
            if tokens:
                return link(tokens[-1])
    return None
