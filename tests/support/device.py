"""A device as the collector sees one: signs with a real key, sends until receipted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from joserfc.util import urlsafe_b64decode

from tests.support.mqtt import Listening, MqttPeer
from wire.command import NonceWindow
from wire.envelope import CloudEvent, body, cloud_event, sign
from wire.event import ClipPart, Event, StillPart, Times
from wire.health import DeviceState
from wire.identity import Identity
from wire.names import WireModel, new_id
from wire.receipt import GapRequest, Receipt
from wire.register import load_register
from wire.topics import DeviceAddress

JPEG_START = b"\xff\xd8\xff\xe0"


def jpeg(text: str, size: int = 2000) -> bytes:
    """Bytes that pass for a JPEG of that size."""
    return JPEG_START + text.encode().ljust(size - len(JPEG_START), b"\0")


def finding(
    *,
    finding_id: str | None = None,
    phase: str = "open",
    type: str = "intrusion",
    camera: str = "cam-1",
    severity: str = "moderate",
    confidence: float = 0.9,
    at: datetime | None = None,
    boot_id: str = "01a00000-0000-7000-8000-000000000001",
    still: bytes | None = None,
    drill: bool = False,
) -> Event:
    """A finding's phase; everything that a test does not ask for is plausible."""
    at = at or datetime.now(UTC)
    part = None
    if still is not None:
        digest = hashlib.sha256(still).hexdigest()
        part = StillPart(sha256=digest, bytes=len(still), width=640, height=360)
    return Event.model_validate(
        {
            "finding_id": finding_id or new_id(),
            "phase": phase,
            "type": type,
            "rule": "yard",
            "camera": camera,
            "zone": "yard",
            "severity": severity,
            "confidence": confidence,
            "times": Times(
                started_at=at,
                alarm_at=at,
                ended_at=at if phase == "close" else None,
                observed_at=at,
                quality="synchronised",
                boot_id=boot_id,
                monotonic_s=100.0,
                media_start_s=0.0,
                media_alarm_s=0.5,
            ),
            "still": part,
            "clip": ClipPart(
                camera=camera, start_at=at - timedelta(seconds=5), end_at=at + timedelta(seconds=5)
            ),
            "drill": drill,
        }
    )


@dataclass
class SimDevice:
    """Keys, numbers and an outbox in memory."""

    identity: Identity
    address: DeviceAddress
    epoch: str = field(default_factory=new_id)
    boot_id: str = field(default_factory=new_id)
    seq: int = 0
    outbox: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Id to number and token of everything that no receipt has named yet."""
    receipted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    stills: set[str] = field(default_factory=set)
    contiguous: int = 0
    gaps: list[GapRequest] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)

    @classmethod
    def load(cls, register: Path, identity: Path) -> SimDevice:
        """The device of an identity folder, at its enrolled address."""
        loaded = Identity.load(identity)
        book = load_register(register)
        entry = next(one for one in book.devices if one.name == loaded.name)
        return cls(loaded, book.address(entry))

    def put(self, content: WireModel, kind: str = "finding", *, id: str | None = None) -> bytes:
        """Number and sign a message; it stays in the outbox until receipted."""
        self.seq += 1
        event = self.wrap(content, kind, seq=self.seq, id=id)
        token = self.sign(event)
        self.outbox[event.id] = (self.seq, token)
        return token

    def wrap(
        self, content: WireModel, kind: str, *, seq: int | None = None, id: str | None = None
    ) -> CloudEvent:
        """The CloudEvent of a message, unsigned."""
        return cloud_event(
            kind,
            content,
            id=id or new_id(),
            source=self.address.source,
            time=datetime.now(UTC),
            subject=getattr(content, "camera", None),
            epoch=None if seq is None else self.epoch,
            seq=seq,
        )

    def sign(self, event: CloudEvent) -> bytes:
        return sign(event, self.identity.name, self.identity.key)

    def online(self) -> bytes:
        """A presence message."""
        return self._presence("online")

    def offline(self) -> bytes:
        """What the broker would publish as its last will."""
        return self._presence("offline")

    def _presence(self, state: Literal["online", "offline"]) -> bytes:
        body = DeviceState(
            state=state, boot_id=self.boot_id, since=datetime.now(UTC), version="0.1.0"
        )
        return self.sign(self.wrap(body, "state"))

    def window(self, monotonic_s: float = 100.0) -> NonceWindow:
        return NonceWindow(
            boot_id=self.boot_id, window_id=new_id(), size=16, monotonic_s=monotonic_s
        )

    def hear(self, received: Iterable[tuple[str, bytes]]) -> None:
        """Take in what came on the down topics. Tokens are read without checking who signed."""
        for topic, token in received:
            if topic == self.address.receipt():
                self._take_receipt(body(read(token), Receipt))
            elif topic == self.address.gap():
                self.gaps.append(body(read(token), GapRequest))
            elif topic == self.address.command():
                self.commands.append(token)

    def _take_receipt(self, receipt: Receipt) -> None:
        for one in receipt.received:
            self.receipted.add(one.id)
            self.outbox.pop(one.id, None)
        for one in receipt.refused:
            self.refused.add(one.id)
            self.outbox.pop(one.id, None)
        self.stills.update(receipt.stills)
        if receipt.epoch == self.epoch:
            self.contiguous = max(self.contiguous, receipt.contiguous)


def read(token: bytes) -> CloudEvent:
    """The CloudEvent of a token, its signature unchecked."""
    return CloudEvent.model_validate_json(urlsafe_b64decode(token.split(b".")[1]))


class Wired:
    """A SimDevice on a broker."""

    def __init__(self, device: SimDevice, broker: Listening) -> None:
        self.device = device
        self.peer = MqttPeer(broker, device.identity.folder)
        self._heard = 0

    def connect(self) -> Wired:
        self.peer.connect()
        self.peer.subscribe(f"{self.device.address.down}/#")
        return self

    def close(self) -> None:
        self.peer.close()

    def send(self, *tokens: bytes) -> None:
        """Publish events, as fast as they go."""
        self.peer.publish_all(self.device.address.event(), tokens)

    def still(self, jpeg: bytes) -> str:
        """Publish a still; returns its hash."""
        sha256 = hashlib.sha256(jpeg).hexdigest()
        self.peer.publish(self.device.address.still(sha256), jpeg)
        return sha256

    def hear(self) -> SimDevice:
        """Take in what came since the last time."""
        received = self.peer.received[self._heard :]
        self._heard += len(received)
        self.device.hear(received)
        return self.device
