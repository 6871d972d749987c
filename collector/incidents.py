"""Findings become incidents. Pure: what is known and what came give what is now; no I/O, no clock.

* Events of one finding belong to one incident.
* A finding joins an incident of the same camera and type when it begins within `join_within` of the
  incident's last activity (of tampering also the same thing must be done: a camera that is covered
  and one whose lens is dirty are two repairs); one that a person rejected is never joined, one that
  a person closed is opened again.
* An incident is as severe and as sure as the most severe and surest of its findings.
* One that waits for a person's confirmation does so until it is given, or a sure finding joins it.
* A revision is what agencies must know: it grows when an incident opens, gets worse, gains a
  finding, its first picture or one of before, ends, goes on again, or when a person decides; not
  with every event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from collector.store.rows import Box, Certainty
from wire.event import SEVERITY_ORDER, Event, Severity
from wire.incident import IncidentState

_CERTAINTY_ORDER: tuple[Certainty, ...] = ("possible", "likely", "observed")
UNHANDLED: frozenset[IncidentState] = frozenset({"open", "notified", "acknowledged"})
_GOING_ON: frozenset[IncidentState] = UNHANDLED | {"confirmed"}


@dataclass(frozen=True, slots=True)
class Grading:
    """How severe and how sure a finding is, where the centre says so."""

    likely_from: float = 0.5
    """Confidence from which CAP 1.2 calls it likely (DOMAIN: certainty)."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """By type, instead of what the pole's rule says."""

    def severity(self, event: Event) -> Severity:
        return self.severities.get(event.type, event.severity)

    def certainty(self, confidence: float) -> Certainty:
        return "likely" if confidence >= self.likely_from else "possible"


AS_REPORTED = Grading()


@dataclass(frozen=True, slots=True)
class Part:
    """One finding of an incident."""

    boot_id: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """What the centre holds of one incident."""

    incident_id: str
    revision: int
    type: str
    severity: Severity
    certainty: Certainty
    confidence: float
    state: IncidentState
    drill: bool
    device: str
    camera: str
    zone: str | None
    rule: str
    opened_at: datetime
    active_at: datetime
    observed_at: datetime
    ended_at: datetime | None
    updated_at: datetime
    closed_at: datetime | None
    still: str | None
    box: Box | None
    clip_start: datetime | None
    clip_end: datetime | None
    detail: str | None = None
    """What kind of it, as the first finding that told one said."""
    list_id: str | None = None
    """Of a plate: the list that it is on."""
    waits: bool = False
    """Agencies are told once a person has confirmed it."""
    findings: Mapping[str, Part] = field(default_factory=dict)
    """Those that go on, and that of the event at hand; ended ones may be left out."""


@dataclass(frozen=True, slots=True)
class Graded:
    """What an alert or a call for help says of how bad it is: no camera saw it."""

    severity: Severity
    certainty: Certainty
    drill: bool
    source: str
    """Who sent it; stands where others have their rule."""
    at: datetime
    """Since when, by its sender."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The incident as it is now; `opened` or a higher revision means that agencies must know."""

    incident: Incident
    opened: bool = False
    reopened: bool = False


def joins(known: Incident, device: str, event: Event, join_within: timedelta) -> bool:
    """Whether a new finding belongs to this incident."""
    if known.state == "rejected" or known.drill != event.drill:
        return False
    if (known.device, known.camera, known.type) != (device, event.camera, event.type):
        return False
    if event.type == "tamper" and known.detail != event.detail:
        return False
    began = event.times.started_at
    return known.opened_at - join_within <= began <= known.active_at + join_within


def choose(
    candidates: Iterable[Incident], device: str, event: Event, join_within: timedelta
) -> Incident | None:
    """The incident that a new finding joins: of several, the one that was active last."""
    fitting = [one for one in candidates if joins(one, device, event, join_within)]
    return max(fitting, key=lambda one: (one.active_at, one.incident_id), default=None)


def apply(
    known: Incident | None,
    device: str,
    event: Event,
    *,
    now: datetime,
    new_id: str,
    grading: Grading = AS_REPORTED,
    sure: bool = True,
) -> Outcome:
    """What `event` makes of the incident that it belongs to, or of none.

    Not `sure`: a person must confirm it, unless another finding of the incident is.
    """
    if known is None:
        opened = replace(_open(device, event, now, new_id, grading), waits=not sure)
        return Outcome(opened, opened=True)
    part = known.findings.get(event.finding_id)
    # A late update must not bring a finding back that has ended.
    ended = event.phase == "close" or (part is not None and part.ended)
    findings = {**known.findings, event.finding_id: Part(event.times.boot_id, ended)}
    confidence = max(known.confidence, event.confidence)
    over = all(one.ended for one in findings.values())
    newest = _last_moment(event) >= known.active_at
    active_at = max(known.active_at, _last_moment(event))
    reopened = known.state == "closed" and part is None
    changed = replace(
        known,
        severity=_worse(known.severity, grading.severity(event)),
        certainty=_surer(known.certainty, grading.certainty(event.confidence)),
        confidence=confidence,
        state="open" if reopened else known.state,
        closed_at=None if reopened else known.closed_at,
        opened_at=min(known.opened_at, event.times.started_at),
        active_at=active_at,
        ended_at=active_at if over else None,
        updated_at=now,
        still=known.still or _still(event),
        # A box belongs to its picture: a later one would frame nobody.
        box=known.box if known.still or not newest else _box(event) or known.box,
        clip_start=_earliest(known.clip_start, event),
        clip_end=_latest(known.clip_end, event),
        detail=known.detail or event.detail,
        waits=known.waits and not sure,
        findings=findings,
    )
    gained = part is None or (event.shows is not None and known.state in _GOING_ON)
    revised = _revised(known, changed, event.times.observed_at, gained=gained)
    return Outcome(revised, reopened=reopened)


def retimed(known: Incident, events: Iterable[Event], *, now: datetime) -> Incident:
    """The incident with the times of `events`, all that it has, corrected; agencies must know."""
    moments = [(one.times.started_at, _last_moment(one), one.times.observed_at) for one in events]
    active_at = max(last for _, last, _ in moments)
    return replace(
        known,
        opened_at=min(began for began, _, _ in moments),
        active_at=active_at,
        observed_at=max(observed for _, _, observed in moments),
        ended_at=None if known.ended_at is None else active_at,
        updated_at=now,
        revision=known.revision + 1,
    )


def end_abandoned(known: Incident, boot_id: str, *, now: datetime) -> Incident | None:
    """End the findings of an earlier boot: their close will not come. None when there are none."""
    left = {
        id: replace(part, ended=True)
        for id, part in known.findings.items()
        if not part.ended and part.boot_id != boot_id
    }
    if not left:
        return None
    findings = {**known.findings, **left}
    over = all(one.ended for one in findings.values())
    changed = replace(
        known,
        findings=findings,
        ended_at=known.active_at if over else None,
        updated_at=now,
    )
    return _revised(known, changed, known.observed_at)


Decision = Literal["acknowledged", "confirmed", "rejected", "closed"]

_FROM: dict[Decision, frozenset[IncidentState]] = {
    "acknowledged": frozenset({"open", "notified"}),
    "confirmed": UNHANDLED,
    "rejected": UNHANDLED | {"confirmed"},
    "closed": UNHANDLED | {"confirmed", "rejected"},
}


class DecisionError(ValueError):
    """A person's decision that the incident's state does not permit."""


def decide(known: Incident, decision: Decision, *, now: datetime) -> Incident:
    """What a person's decision makes of it; raises DecisionError naming what is possible."""
    if known.state not in _FROM[decision]:
        possible = ", ".join(one for one, states in _FROM.items() if known.state in states)
        raise DecisionError(
            f"an incident that is {known.state} cannot become {decision} "
            f"(possible: {possible or 'nothing'})"
        )
    return replace(
        known,
        state=decision,
        certainty="observed" if decision == "confirmed" else known.certainty,
        waits=known.waits and decision != "confirmed",
        closed_at=now if decision == "closed" else known.closed_at,
        updated_at=now,
        revision=known.revision + 1,
    )


def heard(known: Incident, answer: str, *, now: datetime) -> Incident | None:
    """What an agency's acknowledgement makes of the state; None when nothing."""
    wanted: IncidentState = "acknowledged" if answer == "accepted" else "notified"
    order: tuple[IncidentState, ...] = ("open", "notified", "acknowledged")
    if answer == "refused" or known.state not in order:
        return None
    if order.index(wanted) <= order.index(known.state):
        return None
    # No new revision: agencies would otherwise be told of each other's receipts without end.
    return replace(known, state=wanted, updated_at=now)


def _open(device: str, event: Event, now: datetime, new_id: str, grading: Grading) -> Incident:
    over = event.phase == "close"
    return Incident(
        incident_id=new_id,
        revision=1,
        type=event.type,
        severity=grading.severity(event),
        certainty=grading.certainty(event.confidence),
        confidence=event.confidence,
        state="open",
        drill=event.drill,
        device=device,
        camera=event.camera,
        zone=event.zone,
        rule=event.rule,
        opened_at=event.times.started_at,
        active_at=_last_moment(event),
        observed_at=event.times.observed_at,
        ended_at=_last_moment(event) if over else None,
        updated_at=now,
        closed_at=None,
        still=_still(event),
        box=_box(event),
        clip_start=_earliest(None, event),
        clip_end=_latest(None, event),
        detail=event.detail,
        list_id=None if event.plate is None else event.plate.list_id,
        findings={event.finding_id: Part(event.times.boot_id, over)},
    )


def _revised(
    before: Incident, after: Incident, observed_at: datetime, *, gained: bool = False
) -> Incident:
    """`gained`: a finding came to it, or a picture of before."""

    def told(one: Incident) -> tuple[object, ...]:
        return (
            one.severity,
            one.certainty,
            one.state,
            one.still,
            one.waits,
            one.ended_at is None,
        )

    if not gained and told(before) == told(after):
        return after
    return replace(after, revision=before.revision + 1, observed_at=observed_at)


def _last_moment(event: Event) -> datetime:
    times = event.times
    return max(times.alarm_at, times.observed_at, times.ended_at or times.alarm_at)


def _worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=SEVERITY_ORDER.index)


def _surer(one: Certainty, other: Certainty) -> Certainty:
    return max(one, other, key=_CERTAINTY_ORDER.index)


def _still(event: Event) -> str | None:
    """Its picture, unless that is one of before the alarm."""
    return None if event.still is None or event.shows else event.still.sha256


def _box(event: Event) -> Box | None:
    box = event.box
    return None if box is None else (box.x, box.y, box.w, box.h)


def _earliest(known: datetime | None, event: Event) -> datetime | None:
    if event.clip is None:
        return known
    return event.clip.start_at if known is None else min(known, event.clip.start_at)


def _latest(known: datetime | None, event: Event) -> datetime | None:
    if event.clip is None:
        return known
    return event.clip.end_at if known is None else max(known, event.clip.end_at)
