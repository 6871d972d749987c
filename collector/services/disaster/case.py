"""An alert's case and incident: opened, changed and ended together, within one transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from collector import ledger
from collector.incident_desk import IncidentDesk
from collector.incidents import DecisionError, Graded
from collector.services.case import Case, Offered, camera_names, plainly
from collector.services.disaster.following import State
from collector.services.disaster.record import Disaster
from collector.services.place import Point, distance_m
from collector.store import cases, disasters
from wire.clock import Clock
from wire.event import SEVERITY_ORDER
from wire.grant import PersonToken
from wire.names import new_id

DRILL = "[훈련] "
"""Before number and purpose, so that grants, the ledger and the pole's own log say it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """For what and how long a case is opened."""

    source: str
    """The room, or the person who typed it in."""
    case: str
    purpose: str
    basis: str
    minutes_back: float
    hours: float


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an alert is: a point to show, the camera that stands for it, and all cameras."""

    middle: Point
    spot: tuple[str, str]
    cameras: tuple[Offered, ...]
    in_all: int
    """More than `cameras` when one permit cannot name them all."""


class Alerts:
    """Everything here happens within the caller's transaction."""

    def __init__(self, incidents: IncidentDesk, clock: Clock) -> None:
        self._incidents = incidents
        self._clock = clock

    def opened(
        self, run: sqlite3.Connection, one: Disaster, terms: Terms, scene: Scene
    ) -> Disaster:
        """A new case and incident for it."""
        assert one.told is not None, "what was never told is not opened"
        now = self._clock.now()
        mark = DRILL if one.drill else ""
        case = Case(
            case_id=new_id(),
            service="disaster",
            agency=one.agency,
            case=f"{mark}{terms.case}",
            basis=terms.basis,
            purpose=f"{mark}{terms.purpose}",
            person=terms.source,
            asked_at=now,
            state="asked",
            waiting=_waiting("an officer or an operator must take it up", scene),
            lat=scene.middle.lat,
            lon=scene.middle.lon,
            accuracy_m=_extent_m(scene),
            cameras=scene.cameras,
            minutes_back=terms.minutes_back,
            hours=terms.hours,
            incident_id=new_id(),
            happened_at=min(one.sent, now),
            drill=one.drill,
        )
        known = one.model_copy(update={"case_id": case.case_id, "incident_id": case.incident_id})
        cases.save(run, case)
        disasters.save(run, known)
        assert case.incident_id is not None, "it was made above"
        self._incidents.alerted(
            run, case.incident_id, scene.spot, _graded(known, terms.source), now
        )
        ledger.append(run, now, "service.asked", _entry(case, one))
        return known

    def moved(self, run: sqlite3.Connection, one: Disaster, scene: Scene) -> Disaster:
        """A newer word: other text, severity or area. New cameras want a permit of their own."""
        now = self._clock.now()
        before = disasters.find(run, one.disaster_id)
        disasters.save(run, one)
        case = None if one.case_id is None else cases.find(run, one.case_id)
        assert case is not None, "an alert that goes on has a case"
        assert before is not None, "it was looked up before"
        had = {(each.device, each.camera) for each in case.cameras}
        has = {(each.device, each.camera) for each in scene.cameras}
        gone = [each for each in case.cameras if (each.device, each.camera) not in has]
        update: dict[str, object] = {
            "lat": scene.middle.lat,
            "lon": scene.middle.lon,
            "accuracy_m": _extent_m(scene),
            "cameras": scene.cameras,
        }
        news = len(has - had)
        if case.state == "approved" and news:
            update |= {"state": "asked", "waiting": f"the area changed: {news} more cameras"}
        elif case.state == "refused" and (news or _worse(before, one)):
            update |= {"state": "asked", "waiting": "the alert changed since it was refused"}
            update |= {"closed_at": None, "decided_at": None, "decided_by": None}
        if case.permit_id is not None and gone:
            why = "no longer in the area of the alert"
            disasters.end_permit(run, case.permit_id, gone, case=case.case, why=why, now=now)
        changed = case.model_copy(update=update)
        cases.save(run, changed)
        assert one.incident_id is not None, "an alert that goes on has an incident"
        self._incidents.alert_changed(run, one.incident_id, _graded(one, case.person), now)
        fields = {
            **_entry(changed, one),
            "cameras": [f"{device}/{camera}" for device, camera in sorted(has - had)],
            "cameras_left": [f"{each.device}/{each.camera}" for each in gone],
        }
        ledger.append(run, now, "service.moved", fields)
        return one

    def permits_ran_out(self, run: sqlite3.Connection) -> list[str]:
        """Cases of alerts that go on longer than their permit want another; returns their ids."""
        now = self._clock.now()
        found = disasters.cases_ran_out(run, now)
        for case_id in found:
            case = cases.find(run, case_id)
            assert case is not None, "it was found just now"
            asked = case.model_copy(update={"state": "asked", "waiting": "its permit ran out"})
            cases.save(run, asked)
        return found

    def over(
        self, run: sqlite3.Connection, one: Disaster, state: State, why: str, by: str
    ) -> Disaster:
        """It is over: the case is closed, its permit ends, the incident is closed."""
        now = self._clock.now()
        goes_on = one.state == "active"
        known = one.model_copy(update={"state": state, "why": why, "updated_at": now})
        disasters.save(run, known)
        case = None if one.case_id is None else cases.find(run, one.case_id)
        if case is not None and goes_on and case.state in ("asked", "approved"):
            if case.permit_id is not None:
                disasters.end_permit(run, case.permit_id, (), case=case.case, why=why, now=now)
            closed = case.model_copy(
                update={
                    "state": "closed",
                    "waiting": None,
                    "closed_at": now,
                    "closed_by": by,
                    "note": why,
                }
            )
            cases.save(run, closed)
            ledger.append(run, now, "service.closed", {**_entry(closed, one), "why": why})
        if one.incident_id is not None and goes_on:
            self._incidents.alert_over(run, one.incident_id, why, now)
        return known

    def closing(self, run: sqlite3.Connection, case: Case, person: PersonToken) -> None:
        """A person closed its case: with it alert and incident are over."""
        one = disasters.of_case(run, case.case_id) if case.service == "disaster" else None
        if one is None or one.state != "active":
            return
        now = self._clock.now()
        why = f"closed by {person.person}"
        disasters.save(
            run, one.model_copy(update={"state": "closed", "why": why, "updated_at": now})
        )
        if one.incident_id is None:
            return
        try:
            self._incidents.decide(
                run, one.incident_id, "closed", person=person.person, agency=person.agency,
                note=None, now=now,
            )  # fmt: skip
        except DecisionError:
            # A person closed it before.
            return


def _graded(one: Disaster, source: str) -> Graded:
    assert one.told is not None, "what was never told has no incident"
    return Graded(one.told.severity, one.told.certainty, one.drill, source, one.sent)


def _worse(before: Disaster, after: Disaster) -> bool:
    assert before.told is not None
    assert after.told is not None
    order = SEVERITY_ORDER.index
    return order(after.told.severity) > order(before.told.severity)


def _extent_m(scene: Scene) -> float:
    """How far its farthest camera is from the middle."""
    away = [distance_m(scene.middle, Point(one.lat, one.lon)) for one in scene.cameras]
    return round(max(away, default=0.0), 1)


def _waiting(said: str, scene: Scene) -> str:
    if scene.in_all == len(scene.cameras):
        return said
    return f"{said}; {len(scene.cameras)} of {scene.in_all} cameras, the nearest to its middle"


def _entry(case: Case, one: Disaster) -> dict[str, object]:
    return {
        **plainly(case),
        "disaster_id": one.disaster_id,
        "person": case.person,
        "cameras": camera_names(case),
    }
