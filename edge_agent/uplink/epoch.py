"""Whether an outbox may go on with its numbers or must begin a new epoch: decided purely."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from edge_agent.uplink.mark import Reading
from edge_agent.uplink.ranges import Range

StartReason = Literal["first", "folder-lost", "folder-restored", "corrupt", "commanded"]


@dataclass(frozen=True, slots=True)
class Current:
    """The epoch that an outbox's database says is current."""

    id: str
    last_seq: int


@dataclass(frozen=True, slots=True)
class Start:
    """A new epoch must begin; `lost` are numbers of `previous` that nobody will bring any more."""

    reason: StartReason
    previous: str | None
    previous_last_seq: int | None
    lost: tuple[Range, ...]


def decide(
    mark: Reading | None, current: Current | None, known: Collection[str], *, damaged: bool
) -> Start | None:
    """None when numbering may go on.

    `mark` is the memory beside the folder, `current` what the database holds (of a damaged one:
    what could be read of it), `known` all epochs that the database knows.
    """
    if damaged:
        return _after_damage(mark, current)
    if current is None:
        if mark is None:
            return Start("first", None, None, ())
        return Start("folder-lost", mark.epoch, mark.highest, _undelivered(mark))
    if mark is None:
        return None
    if mark.epoch == current.id:
        if mark.last_seq <= current.last_seq:
            return None
        # The database is older than the mark: a copy was put back, or its journal is gone.
        lost = ((current.last_seq + 1, mark.highest),)
        return Start("folder-restored", mark.epoch, mark.highest, lost)
    if mark.epoch in known:
        # Killed between the commit of a new epoch and the mark's turn.
        return None
    return Start("folder-restored", mark.epoch, mark.highest, _undelivered(mark))


def _after_damage(mark: Reading | None, current: Current | None) -> Start:
    if mark is None and current is None:
        return Start("corrupt", None, None, ())
    if current is None or (mark is not None and mark.epoch != current.id):
        assert mark is not None
        return Start("corrupt", mark.epoch, mark.highest, _undelivered(mark))
    same = mark is not None and mark.epoch == current.id
    last = max(current.last_seq, mark.highest if same and mark else 0)
    floor = mark.contiguous if same and mark else 0
    return Start("corrupt", current.id, last, ((floor + 1, last),) if last > floor else ())


def _undelivered(mark: Reading) -> tuple[Range, ...]:
    if mark.highest <= mark.contiguous:
        return ()
    return ((mark.contiguous + 1, mark.highest),)
