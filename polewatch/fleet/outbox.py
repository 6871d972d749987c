"""A device's outbox in memory: numbered and signed as the agent's, kept until a receipt names it.

The agent's own writes to SQLite with `synchronous=FULL`; two thousand of those belong on two
thousand boxes, not on the disk whose centre is being measured. Numbers, epochs, signatures, bounds
and pauses are the agent's: what it signs with, waits for and repeats after is imported from it.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from edge_agent.uplink.order import Pace, sha256_of
from edge_agent.uplink.rows import Signer
from wire.clock import Clock
from wire.envelope import cloud_event, sign
from wire.event import EpochStart, Event
from wire.names import WireModel, new_id
from wire.receipt import GapRequest, Receipt


@dataclass(slots=True)
class Item:
    """A message or a still that no receipt has named yet."""

    what: Literal["message", "still"]
    id: str
    """Of a message its event's id, of a still its SHA-256."""
    payload: bytes
    epoch: str = ""
    seq: int = 0
    attempts: int = 0
    sent_s: float = 0.0
    due_s: float | None = None
    """When it is sent again without a receipt; None while it waits to be sent."""


@dataclass
class Answered:
    """What one receipt did."""

    received: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    stills: list[str] = field(default_factory=list)


class MemoryOutbox:
    """Single-threaded. Times are seconds on the caller's monotonic clock."""

    def __init__(
        self, signer: Signer, clock: Clock, rng: random.Random, pace: Pace | None = None
    ) -> None:
        self.signer = signer
        self._clock = clock
        self._rng = rng
        self._pace = pace or Pace()
        self.epoch = new_id()
        self.seq = 0
        self._items: dict[str, Item] = {}
        self._by_seq: dict[tuple[str, int], str] = {}
        self._ready: deque[Item] = deque()
        self._flying: dict[str, Item] = {}
        self.asked_gone = 0
        """Numbers that the collector asked for and that a receipt had named before."""

    def begin(self, boot_id: str) -> Item:
        """The first message of its epoch; once, before all others."""
        return self.put("epoch", EpochStart(reason="first", boot_id=boot_id))

    def __len__(self) -> int:
        """What no receipt has named, stills included."""
        return len(self._items)

    @property
    def in_flight(self) -> int:
        return len(self._flying)

    def put(self, kind: str, body: WireModel, *, still: bytes | None = None) -> Item:
        """Number, sign and keep one message; its still goes after it."""
        self.seq += 1
        event = cloud_event(
            kind,
            body,
            id=new_id(),
            source=self.signer.source,
            time=self._clock.now(),
            subject=body.camera if isinstance(body, Event) else None,
            epoch=self.epoch,
            seq=self.seq,
        )
        token = sign(event, self.signer.kid, self.signer.key)
        item = Item("message", event.id, token, self.epoch, self.seq)
        self._keep(item)
        self._by_seq[self.epoch, self.seq] = event.id
        if still is not None:
            self._keep(Item("still", sha256_of(still), still))
        return item

    def _keep(self, item: Item) -> None:
        self._items[item.id] = item
        self._ready.append(item)

    def next(self) -> Item | None:
        """What is to be sent now; it waits on until `sent` or `cut_off`."""
        while self._ready:
            item = self._ready[0]
            if item.id in self._items and item.due_s is None:
                return item
            self._ready.popleft()
        return None

    def sent(self, item: Item, now_s: float) -> None:
        """It was handed to the connection: due again only when no receipt comes in time."""
        self._delay(item, now_s, self._pace.retry_first_s)
        item.sent_s = now_s
        item.attempts += 1
        self._flying[item.id] = item

    def cut_off(self, id: str, now_s: float) -> None:
        """The connection ended before the broker had it."""
        item = self._flying.get(id)
        if item is not None:
            self._delay(item, now_s, self._pace.cut_off_first_s)

    def connected_anew(self, now_s: float) -> None:
        """The broker may have forgotten what it confirmed: first tries are repeated soon."""
        for item in self._flying.values():
            if item.attempts <= 1 and item.due_s is not None:
                soon = now_s + self._pace.repeat_soon_s * self._rng.uniform(0.5, 1.0)
                item.due_s = min(item.due_s, soon)

    def repeat_overdue(self, now_s: float) -> bool:
        """Make due what has waited long enough for its receipt; whether there was any."""
        flying = self._flying.values()
        late = [one for one in flying if one.due_s is not None and one.due_s <= now_s]
        for item in late:
            self._again(item)
        return bool(late)

    def take_receipt(self, receipt: Receipt) -> Answered:
        """Forget what was received or refused; what was forgotten before is not told again."""
        told = Answered()
        for names, found in (
            ([one.id for one in receipt.received], told.received),
            ([one.id for one in receipt.refused], told.refused),
            (receipt.stills, told.stills),
        ):
            for id in names:
                if self._items.pop(id, None) is not None:
                    self._flying.pop(id, None)
                    found.append(id)
        return told

    def take_gap(self, gap: GapRequest, now_s: float) -> None:
        """Make due what is asked for and not on its way."""
        ids = [
            self._by_seq.get((gap.epoch, seq), "")
            for asked in gap.ranges
            for seq in range(asked.first, asked.last + 1)
        ]
        for id in (*ids, *gap.stills):
            item = self._items.get(id)
            if item is None:
                self.asked_gone += 1
            elif item.due_s is not None and item.sent_s <= now_s - self._pace.on_its_way_s:
                self._again(item)

    def _again(self, item: Item) -> None:
        self._flying.pop(item.id, None)
        item.due_s = None
        self._ready.append(item)

    def _delay(self, item: Item, now_s: float, first_s: float) -> None:
        pause_s = min(self._pace.retry_limit_s, first_s * 2.0 ** min(item.attempts, 16))
        item.due_s = now_s + pause_s * self._rng.uniform(0.5, 1.0)
