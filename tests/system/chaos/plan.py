"""What happens in a round, drawn from a seed: the same seed is the same plan."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

Who = Literal["agent", "broker", "collector"]
Card = TypeVar("Card")
Kind = Literal[
    "kill",
    "cut",
    "thin",
    "silent",
    "disk-full",
    "read-only",
    "corrupt",
    "truncated",
    "folder-lost",
    "restored",
    "cloned",
    "forgets",
    "stall",
    "clock",
    "centre-clock",
    "centre-full",
    "centre-corrupt",
    "centre-truncated",
]

AGENT_POINTS = (
    "outbox.open.written",
    "outbox.open.committed",
    "outbox.put.written",
    "outbox.committed",
    "outbox.put.committed",
    "outbox.receipt.written",
    "outbox.receipt.committed",
    "link.marked",
    "link.published",
)
WITHOUT_BROKER = tuple(one for one in AGENT_POINTS if one.startswith(("outbox.open", "outbox.put")))
"""What an agent still comes by when there is nobody to talk to."""

COLLECTOR_POINTS = (
    "inbox.written",
    "inbox.committed",
    "inbox.acknowledged",
    "inbox.announced",
    "dispatch.sent",
)
DESTRUCTIVE: frozenset[Kind] = frozenset(
    (
        *("disk-full", "corrupt", "truncated", "folder-lost", "restored", "cloned"),
        *("centre-corrupt", "centre-truncated"),
    )
)
"""Only after these may anything be lost, and then it must be named."""

CENTRE_DAMAGED: frozenset[Kind] = frozenset(("centre-corrupt", "centre-truncated"))
"""After these a receiver may be told again of an event that it knew before."""

OTHERS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "kill")


ORDERS: tuple[tuple[Who, ...], ...] = tuple(
    order for count in (1, 2, 3) for order in itertools.permutations(get_args(Who), count)
)
"""Who dies, and in which order: all fifteen."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A process ends by SIGKILL, at a point or `after_s` seconds into the flow of events."""

    who: Who
    point: str | None
    nth: int
    after_s: float

    def __str__(self) -> str:
        return f"{self.who}@{self.point}:{self.nth}" if self.point else self.who


@dataclass(frozen=True, slots=True)
class Round:
    """One round: events flow, things die in the order of `kills`, come back in that of `back`."""

    number: int
    events: int
    still_bytes: int
    kind: Kind
    """What else goes wrong; `kill` when nothing does."""
    kills: tuple[Kill, ...]
    back: tuple[Who, ...]
    seed: int

    @property
    def may_lose(self) -> bool:
        return self.kind in DESTRUCTIVE

    def __str__(self) -> str:
        kills = "+".join(str(one) for one in self.kills)
        return f"{self.kind} {kills}".strip() if self.kind != "kill" else kills


def plan(seed: int, rounds: int) -> list[Round]:
    """`rounds` rounds; every point and every kind comes once before any comes again."""
    rng = random.Random(seed)
    decks = _Decks(
        _Deck(AGENT_POINTS, rng), _Deck(WITHOUT_BROKER, rng), _Deck(COLLECTOR_POINTS, rng)
    )
    kinds, orders = _Deck(OTHERS, rng), _Deck(ORDERS, rng)
    made = []
    for number in range(1, rounds + 1):
        kind: Kind = "kill" if number % 2 else kinds.draw()
        who: tuple[Who, ...] = orders.draw() if kind == "kill" else ()
        kills = tuple(_kill(one, who[:at], decks, rng) for at, one in enumerate(who))
        back = list(who)
        rng.shuffle(back)
        made.append(
            Round(
                number=number,
                events=rng.randint(8, 24),
                still_bytes=rng.choice((0, 0, 1500, 6000)),
                kind=kind,
                kills=kills,
                back=tuple(back),
                seed=rng.randrange(2**32),
            )
        )
    return made


def _kill(who: Who, dead: tuple[Who, ...], decks: _Decks, rng: random.Random) -> Kill:
    """A point where it can still be reached by whom is left, in three of four cases."""
    point = None
    if rng.random() < 0.75:
        if who == "agent":
            alone = "broker" in dead or "collector" in dead
            point = (decks.agent_alone if alone else decks.agent).draw()
        elif who == "collector" and not dead:
            point = decks.collector.draw()
    return Kill(who, point, rng.randint(1, 3), round(rng.uniform(0.0, 0.15), 3))


class _Deck(Generic[Card]):
    """Draws without putting back until all are drawn."""

    def __init__(self, cards: Sequence[Card], rng: random.Random) -> None:
        self._cards, self._rng = cards, rng
        self._left: list[Card] = []

    def draw(self) -> Card:
        if not self._left:
            self._left = list(self._cards)
            self._rng.shuffle(self._left)
        return self._left.pop()


@dataclass(frozen=True, slots=True)
class _Decks:
    agent: _Deck[str]
    agent_alone: _Deck[str]
    collector: _Deck[str]
