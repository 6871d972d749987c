"""When a fault opens a work order, and when the state closes it or opens it again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from collector.store.work_orders import LastingFault, WorkOrder

Key = tuple[str, str]
"""An asset and its fault."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How patient the centre is."""

    open_after: timedelta
    """A fault that lasts so long opens an order."""
    settle: timedelta
    """Well for so long is mended; a fault that is there so long after `done` is not."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done with one order; `order` None: a new one."""

    do: Literal["open", "close", "reopen"]
    key: Key
    order: WorkOrder | None
    at: datetime
    """Since when it is broken; for `close`: since when it is well."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one look leads to."""

    keep: tuple[LastingFault, ...]
    forget: tuple[LastingFault, ...]
    acts: tuple[Act, ...]


def look(
    orders: Iterable[WorkOrder],
    known: Iterable[LastingFault],
    present: Mapping[Key, object],
    tells: Callable[[Key], bool],
    now: datetime,
    terms: Terms,
) -> Plan:
    """`present`: the faults of this moment; `tells`: whether the absence of one means anything.

    What comes and goes within `settle` is one fault that lasts.
    """
    before = {(one.asset_id, one.fault): one for one in known}
    after = dict(before)
    for key in present:
        after[key] = replace(
            before.get(key) or LastingFault(*key, since=now, gone_at=None), gone_at=None
        )
    for key, one in before.items():
        if key not in present and one.gone_at is None and tells(key):
            after[key] = replace(one, gone_at=now)
    settled = {
        key: one
        for key, one in after.items()
        if one.gone_at is not None and now - one.gone_at >= terms.settle
    }
    by_key: dict[Key, WorkOrder] = {
        (one.asset_id, one.fault): one for one in orders if one.fault is not None
    }
    acts = [
        Act("open", key, None, one.since)
        for key, one in after.items()
        if one.gone_at is None and key not in by_key and now - one.since >= terms.open_after
    ]
    for key, order in by_key.items():
        act = _of_order(key, order, after.get(key), tells, now, terms)
        if act is not None:
            acts.append(act)
    return Plan(
        keep=tuple(
            one for key, one in after.items() if key not in settled and before.get(key) != one
        ),
        forget=tuple(settled.values()),
        acts=tuple(acts),
    )


def _of_order(
    key: Key,
    order: WorkOrder,
    fault: LastingFault | None,
    tells: Callable[[Key], bool],
    now: datetime,
    terms: Terms,
) -> Act | None:
    if fault is None:
        # Nothing is remembered of it: the word of who did it counts, or this moment.
        return Act("close", key, order, order.done_at or now) if tells(key) else None
    if fault.gone_at is not None:
        if now - fault.gone_at >= terms.settle:
            return Act("close", key, order, fault.gone_at)
        return None
    overdue = order.done_at is not None and now - order.done_at >= terms.settle
    return Act("reopen", key, order, fault.since) if overdue and tells(key) else None
