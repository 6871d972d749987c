"""A pole's outbox and what it puts there, for the tests of the uplink."""

from __future__ import annotations

import hashlib
import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from joserfc.jwk import OKPKey

from edge_agent.uplink.order import Item
from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.rows import Signer, Stored
from tests.support.findings import event
from wire import faultpoint
from wire.clock import Clock, SimulatedClock
from wire.envelope import Verified, body, verify
from wire.event import EpochStart, LossRecord, Severity
from wire.names import new_id
from wire.receipt import GapRequest, Receipt, Received
from wire.topics import DeviceAddress

ADDRESS = DeviceAddress("gyeyang", "0a", "pole-001-1")
KEY = OKPKey.generate_key("Ed25519")
SIGNER = Signer("pole-001-1", KEY, ADDRESS.source)
BOOT = new_id()


def open_outbox(folder: Path, clock: Clock | None = None, limits: Limits | None = None) -> Outbox:
    return Outbox.open(
        folder / "outbox",
        SIGNER,
        clock or SimulatedClock(),
        limits or Limits(reserve_bytes=64 * 1024),
        boot_id=BOOT,
        rng=random.Random(1),
    )


def put(outbox: Outbox, severity: Severity = "moderate", still: bytes | None = None) -> Stored:
    return outbox.put(
        "finding", event(severity, still), severity=severity, subject="cam-1", still=still
    )


def read(token: bytes) -> Verified:
    """The message in a token, its signature checked."""
    return verify(token, lambda kid: KEY if kid == SIGNER.kid else None, source=ADDRESS.source)


def receipt(*stored: Stored, contiguous: int = 0, stills: tuple[str, ...] = ()) -> Receipt:
    return Receipt(
        device=SIGNER.kid,
        epoch=stored[0].epoch if stored else new_id(),
        received=tuple(Received(seq=one.seq, id=one.id) for one in stored),
        stills=stills,
        contiguous=contiguous,
    )


@dataclass
class Centre:
    """A collector's books, as far as a device can see them."""

    seen: dict[tuple[str, int], str] = field(default_factory=dict)
    """Event id by epoch and number."""
    events: dict[str, int] = field(default_factory=dict)
    """How often each finding's event id arrived."""
    losses: list[LossRecord] = field(default_factory=list)
    epochs: list[EpochStart] = field(default_factory=list)
    stills: dict[str, None] = field(default_factory=dict)
    tokens: dict[str, bytes] = field(default_factory=dict)

    def take(self, item: Item) -> None:
        """Verify and book one item; redelivery must be byte-identical."""
        if item.what == "still":
            assert hashlib.sha256(item.payload).hexdigest() == item.sha256
            self.stills[item.sha256] = None
            return
        message = read(item.payload).event
        assert message.epoch is not None
        assert message.seq is not None
        again = message.id in self.tokens
        assert self.tokens.setdefault(message.id, item.payload) == item.payload
        assert self.seen.setdefault((message.epoch, message.seq), message.id) == message.id
        if message.kind == "finding":
            self.events[message.id] = self.events.get(message.id, 0) + 1
        elif again:
            return
        elif message.kind == "loss":
            self.losses.append(body(message, LossRecord))
        elif message.kind == "epoch":
            self.epochs.append(body(message, EpochStart))

    def receipts(self, only: set[str] | None = None) -> list[Receipt]:
        """Receipts over all that was ever taken, or over the ids `only`; repeating is harmless."""
        by_epoch: dict[str, list[Received]] = {}
        for (epoch, seq), id in self.seen.items():
            if only is None or id in only:
                by_epoch.setdefault(epoch, []).append(Received(seq=seq, id=id))
        return [
            Receipt(
                device=SIGNER.kid,
                epoch=epoch,
                received=tuple(received[at : at + 1000]),
                stills=tuple(self.stills)[-500:],
                contiguous=self.contiguous(epoch),
            )
            for epoch, received in by_epoch.items()
            for at in range(0, len(received), 1000)
        ]

    def numbers(self, epoch: str) -> set[int]:
        """Numbers of an epoch that arrived or are named as lost."""
        lost = {
            number
            for loss in self.losses
            if loss.lost_epoch == epoch
            for part in loss.ranges
            for number in range(part.first, part.last + 1)
        }
        return lost | {seq for e, seq in self.seen if e == epoch}

    def contiguous(self, epoch: str) -> int:
        numbers, at = self.numbers(epoch), 0
        while at + 1 in numbers:
            at += 1
        return at

    def covers(self, stored: Stored) -> bool:
        """The event arrived, or a loss record names its number."""
        return stored.id in self.events or stored.seq in self.numbers(stored.epoch)


def drain(outbox: Outbox, centre: Centre) -> None:
    """Deliver and confirm until nothing is due."""
    while items := outbox.claim(100):
        for item in items:
            outbox.sent(item)
            centre.take(item)
        taken = {read(item.payload).event.id for item in items if item.what == "message"}
        epochs = {epoch for epoch, _ in centre.seen}
        for one in centre.receipts(taken) or [stills_only(next(iter(epochs)), centre)]:
            outbox.apply_receipt(one)


def stills_only(epoch: str, centre: Centre) -> Receipt:
    return Receipt(device=SIGNER.kid, epoch=epoch, stills=tuple(centre.stills)[-500:], contiguous=0)


def gap(epoch: str, first: int, last: int, stills: tuple[str, ...] = ()) -> GapRequest:
    return GapRequest.model_validate(
        {
            "device": SIGNER.kid,
            "epoch": epoch,
            "ranges": [{"first": first, "last": last}],
            "stills": stills,
        }
    )


def killed_at(point: str, work: Callable[[], None], *, nth: int = 1) -> bool:
    """Run `work` in a child that ends by SIGKILL at its `nth` arrival at `point`.

    False when it came to its end without.
    """
    child = os.fork()
    if child == 0:
        try:
            left = nth

            def arrive(here: str) -> None:
                nonlocal left
                left -= here == point
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            faultpoint.watch(arrive)
            work()
        except BaseException:
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return os.WIFSIGNALED(status)
