"""Who is told next when an agency does not acknowledge. Pure: what is known gives what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from collector.targets import Receiver, Target, target
from wire.event import Severity
from wire.incident import IncidentState
from wire.names import Name
from wire.settings import Settings

Result = Literal["acknowledged", "handled", "exhausted", "withdrawn"]
"""`handled`: the incident was rejected or closed; `withdrawn`: the table has no such ladder now."""


CENTRE = "_centre"
"""Stands for the centre's own people where an agency is waited for; no agency can be called so."""


class Ladder(Settings):
    """Who is told, one after the other, while nobody answers."""

    within_s: float = Field(
        gt=0, le=86_400, description="Its time, and that of each rung of the ladder."
    )
    until: Literal["received", "accepted"] = Field(
        "received", description="received: the machine's word is enough; accepted: a person's."
    )
    severities: tuple[Severity, ...] = Field((), description="Left out: all.")
    to: tuple[Receiver, ...] = Field(
        min_length=1,
        max_length=10,
        description="One after the other: the next channel of the same agency, or another contact.",
    )

    @property
    def ladder(self) -> tuple[Target, ...]:
        return tuple(target(one) for one in self.to)


class Escalation(Ladder):
    """What happens when an agency that was told does not acknowledge in its time."""

    agency: Name = Field(description="Whose acknowledgement is waited for.")


class Unconfirmed(Ladder):
    """What happens when nobody at the centre decides on a read that must be confirmed."""

    until: Literal["received", "accepted"] = Field(
        "accepted", description="A person's word that somebody looks; received: a machine's."
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """An escalation that is under way; `step` rungs have been told."""

    incident_id: str
    agency: str
    step: int
    rung_at: datetime
    """When the agency, or the last rung, was told."""


@dataclass(frozen=True, slots=True)
class Known:
    """What stands of one delivery of the incident."""

    answer: str | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Tell:
    """The next rung's turn, and why."""

    target: Target
    reason: Literal["silent", "failed"]


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing more is to be done."""

    result: Result


def next_move(
    rule: Ladder | None,
    waiting: Waiting,
    state: IncidentState,
    deliveries: Mapping[Target, Known],
    now: datetime,
) -> Wait | Tell | Over:
    """What to do about an agency that was told; `deliveries`: all of the incident."""
    if rule is None:
        return Over("withdrawn")
    if state in ("rejected", "closed"):
        return Over("handled")
    told = rule.ladder[: waiting.step]
    concerned = {
        at: one for at, one in deliveries.items() if at in told or at.agency == waiting.agency
    }
    enough = {"accepted"} if rule.until == "accepted" else {"received", "accepted"}
    if any(one.answer in enough for one in concerned.values()):
        return Over("acknowledged")
    due = waiting.rung_at + timedelta(seconds=rule.within_s)
    failed = _rung_failed(waiting, told, deliveries)
    if now < due and not failed:
        return Wait(due)
    if waiting.step >= len(rule.ladder):
        return Over("exhausted")
    return Tell(rule.ladder[waiting.step], "failed" if failed else "silent")


def _rung_failed(
    waiting: Waiting, told: tuple[Target, ...], deliveries: Mapping[Target, Known]
) -> bool:
    """Whether all ways to whoever was told last are given up: waiting longer is useless."""
    last = (
        [one for at, one in deliveries.items() if at == told[-1]]
        if told
        else [one for at, one in deliveries.items() if at.agency == waiting.agency]
    )
    return bool(last) and all(one.failed for one in last)
