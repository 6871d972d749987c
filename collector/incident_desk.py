"""Where incidents meet the database: load, decide purely, save, route, and ask for delivery."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from collector import incidents, step_notes
from collector.clocks import ClockState, boot_began, corrected, doubtful
from collector.config import CollectorSettings
from collector.confirming import AT_ONCE_FROM, entry, is_sure
from collector.escalation import CENTRE, Over, Tell, Wait, Waiting, next_move
from collector.incident_texts import texts_of
from collector.incidents import Graded, Incident
from collector.routing import Listed, Routed, Routing, Subject, route_area
from collector.store import (
    cases,
    clocks,
    deliveries,
    escalations,
    orders,
    plates,
    vehicle_lists,
)
from collector.store import incidents as rows
from collector.targets import Target
from wire.command import HoldEnd
from wire.event import Event, PlatePart
from wire.health import Health
from wire.hold import MOST_RELEASED, EventRelease
from wire.incident import IncidentAck
from wire.names import new_id

MOST_ENDED = 5_000
"""Findings of one incident whose holds are ended; what is older has ended by its time."""


class IncidentDesk:
    """Every change of an incident goes through here, within the caller's transaction."""

    def __init__(self, settings: CollectorSettings, routing: Callable[[], Routing]) -> None:
        self._places = settings.places()
        self._zone = settings.zone
        self._join_within = timedelta(seconds=settings.incidents.join_within_s)
        self._grading = incidents.Grading(
            settings.incidents.likely_from, settings.incidents.severities
        )
        self._routing = routing

    def take(
        self, run: sqlite3.Connection, device: str, event: Event, event_id: str, now: datetime
    ) -> str:
        """A verified event of a finding; returns the incident's id."""
        event, clock = self._set_right(run, device, event, now)
        sure = self._is_sure(run, event)
        known = rows.of_finding(run, event.finding_id)
        if known is None:
            near = rows.candidates(run, device, event, self._join_within)
            if event.plate is not None:
                near = [one for one in near if _same_vehicle(run, one, event.plate, sure=sure)]
            known = incidents.choose(near, device, event, self._join_within)
        outcome = incidents.apply(
            known, device, event, now=now, new_id=new_id(), grading=self._grading, sure=sure
        )
        one = outcome.incident
        self._save(run, known, one, now, event)
        rows.attach(run, one.incident_id, event_id)
        if outcome.opened or outcome.reopened:
            note = "opened again by a new finding" if outcome.reopened else None
            rows.step(run, one.incident_id, now, "open", note=note)
        if clock != "synchronised":
            news = clocks.mark(run, one.incident_id, device, event.times.boot_id, clock)
            if news and clock == "doubtful":
                rows.step(run, one.incident_id, now, one.state, note=step_notes.DOUBTFUL)
        return one.incident_id

    def clock_known(
        self, run: sqlite3.Connection, device: str, health: Health, now: datetime
    ) -> list[str]:
        """A device's clock is kept: times of its boot are set right. Returns changed incidents."""
        booted_at = boot_began(health)
        if booted_at is None or not clocks.learn(run, device, health.boot_id, booted_at):
            return []
        changed = []
        for incident_id in clocks.doubtful_of(run, device, health.boot_id):
            known = rows.load(run, incident_id)
            events = [
                self._set_right(run, device, one, now)[0]
                for one in clocks.events_of(run, incident_id)
            ]
            if known is None or not events:
                continue
            after = incidents.retimed(known, events, now=now)
            self._save(run, known, after, now)
            rows.step(run, incident_id, now, after.state, note=step_notes.SET_RIGHT)
            clocks.settled(run, incident_id)
            changed.append(incident_id)
        return changed

    def _is_sure(self, run: sqlite3.Connection, event: Event) -> bool:
        """Whether nobody need confirm what it says; its list's owner decides for a plate."""
        if event.plate is None:
            return event.type != "plate"
        listed = vehicle_lists.find(run, event.plate.list_id or "")
        return is_sure(event.plate, listed.at_once_from if listed else AT_ONCE_FROM)

    def _set_right(
        self, run: sqlite3.Connection, device: str, event: Event, now: datetime
    ) -> tuple[Event, ClockState]:
        """The event by the clock that is known of its boot, and how its times stand."""
        if not doubtful(event.times, now):
            return event, "synchronised"
        booted_at = clocks.booted_at(run, device, event.times.boot_id)
        return (
            (event, "doubtful") if booted_at is None else (corrected(event, booted_at), "corrected")
        )

    def end_abandoned(
        self, run: sqlite3.Connection, device: str, boot_id: str, now: datetime
    ) -> list[str]:
        """A device booted: its earlier findings cannot end any more. Returns changed incidents."""
        changed = []
        for known in rows.abandoned(run, device, boot_id):
            ended = incidents.end_abandoned(known, boot_id, now=now)
            if ended is not None:
                self._save(run, known, ended, now)
                note = "the device started anew; its findings are taken as ended"
                rows.step(run, ended.incident_id, now, ended.state, note=note)
                changed.append(ended.incident_id)
        return changed

    def route_again(self, run: sqlite3.Connection, incident_id: str, now: datetime) -> None:
        """Deliveries that the incident should have and has not, as after a damaged database.

        Where it goes to one receiver only, and somebody has acknowledged it, that was he.
        """
        known = rows.load(run, incident_id)
        if known is None:
            return
        if known.waits:
            return
        told = plates.of_incident(run, incident_id) if known.type == "plate" else ()
        targets = self._route(run, known, told).targets
        if known.state == "open" or len(targets) > 1:
            deliveries.want(run, incident_id, known.revision, targets, now)

    def acknowledge(
        self, run: sqlite3.Connection, agency: str, ack: IncidentAck, now: datetime
    ) -> str | None:
        """An agency's word; returns the incident's id, None when the delivery is not its own."""
        acked = deliveries.acked(
            run,
            ack.delivery_id,
            agency,
            ack.revision,
            ack.state,
            ack.officer,
            ack.note,
            now,
        )
        if acked is None:
            return None
        known = rows.load(run, acked.incident_id)
        if known is None:
            return None
        escalations.hurry(run, acked.incident_id, now)
        changed = incidents.heard(known, ack.state, now=now)
        if changed is not None:
            self._save(run, known, changed, now)
            rows.step(
                run,
                known.incident_id,
                now,
                changed.state,
                person=ack.officer,
                agency=agency,
                note=ack.note,
            )
        return known.incident_id

    def decide(
        self,
        run: sqlite3.Connection,
        incident_id: str,
        decision: incidents.Decision,
        *,
        person: str,
        agency: str,
        note: str | None,
        now: datetime,
    ) -> Incident | None:
        """A person's decision; None when there is no such incident. Raises DecisionError."""
        known = rows.load(run, incident_id)
        if known is None:
            return None
        changed = incidents.decide(known, decision, now=now)
        self._save(run, known, changed, now)
        rows.step(run, incident_id, now, changed.state, person=person, agency=agency, note=note)
        if known.waits:
            escalations.hurry(run, incident_id, now)
        if changed.state in ("closed", "rejected"):
            self._end_holds(run, changed, now)
        return changed

    def called_for_help(
        self, run: sqlite3.Connection, device: str, camera: str, at: datetime, now: datetime
    ) -> str:
        """Somebody calls for help near a camera; returns the incident's id."""
        one = _told_by_people(
            new_id(), "sos", (device, camera), Graded("severe", "likely", False, "sos", at), now
        )
        self._save(run, None, one, now)
        rows.step(run, one.incident_id, now, "open")
        return one.incident_id

    def alerted(
        self,
        run: sqlite3.Connection,
        incident_id: str,
        spot: tuple[str, str],
        told: Graded,
        now: datetime,
    ) -> None:
        """An alert of an area opens an incident; `spot`: device and camera to show it by.

        Alert and case are stored before, for they say whom it is routed to.
        """
        one = _told_by_people(incident_id, "disaster", spot, told, now)
        self._save(run, None, one, now)
        rows.step(run, incident_id, now, "open")

    def alert_changed(
        self, run: sqlite3.Connection, incident_id: str, told: Graded, now: datetime
    ) -> None:
        """A newer word of the same alert; what people closed or rejected is open again."""
        known = rows.load(run, incident_id)
        if known is None:
            return
        over = known.state in ("closed", "rejected")
        after = replace(
            known,
            revision=known.revision + 1,
            severity=told.severity,
            certainty=told.certainty,
            state="open" if over else known.state,
            active_at=max(known.active_at, told.at),
            ended_at=None,
            closed_at=None,
            updated_at=now,
        )
        self._save(run, known, after, now)
        note = step_notes.ALERT_REOPENED if over else step_notes.ALERT_UPDATED
        rows.step(run, incident_id, now, after.state, note=note)

    def alert_over(
        self, run: sqlite3.Connection, incident_id: str, why: str, now: datetime
    ) -> None:
        """The alert is cancelled or has run out."""
        known = rows.load(run, incident_id)
        if known is None or known.state in ("closed", "rejected"):
            return
        after = replace(
            known,
            revision=known.revision + 1,
            state="closed",
            active_at=max(known.active_at, now),
            ended_at=now,
            closed_at=now,
            updated_at=now,
        )
        self._save(run, known, after, now)
        rows.step(run, incident_id, now, after.state, note=why)

    def goes_on(self, run: sqlite3.Connection, incident_id: str, at: datetime) -> None:
        """Who calls for help is somewhere else by now: agencies must know."""
        known = rows.load(run, incident_id)
        if known is not None and known.state not in ("closed", "rejected"):
            after = replace(
                known,
                revision=known.revision + 1,
                active_at=max(known.active_at, at),
                updated_at=at,
            )
            self._save(run, known, after, at)

    def retell(self, run: sqlite3.Connection, incident_id: str) -> None:
        """Its sentence anew, of what is still here: a plate goes with the event that named it."""
        known = rows.load(run, incident_id)
        if known is not None:
            told = plates.of_incident(run, incident_id)
            rows.save(run, known, known, texts_of(run, known, told, self._places, self._zone))

    def escalate(self, run: sqlite3.Connection, one: Waiting, now: datetime) -> bool:
        """Look at an agency that is waited for; whether somebody else must be told now."""
        known = rows.load(run, one.incident_id)
        assert known is not None, "an escalation has an incident: the schema says so"
        rule = self._routing().escalation(one.agency, known.severity)
        told = escalations.deliveries_of(run, one.incident_id)
        move = next_move(rule, one, known.state, told, now)
        if one.agency == CENTRE and not known.waits:
            move = Over("handled")
        match move:
            case Wait(until):
                escalations.wait(run, one, until)
            case Over(result):
                escalations.over(run, one, result)
                if result == "exhausted":
                    note = (
                        "nobody has confirmed it; look at it now"
                        if one.agency == CENTRE
                        else f"nobody has acknowledged for {one.agency}; call {one.agency}"
                    )
                    rows.step(run, one.incident_id, now, known.state, agency=one.agency, note=note)
            case Tell(target, reason):
                assert rule is not None, "who is told stands in a rule"
                within = timedelta(seconds=rule.within_s)
                escalations.told(run, one, now, now + within)
                deliveries.want(run, one.incident_id, known.revision, (target,), now, one.agency)
                why = (
                    f"nobody has confirmed it within {rule.within_s:g} s"
                    if one.agency == CENTRE
                    else f"{one.agency} cannot be reached"
                    if reason == "failed"
                    else f"{one.agency} has not acknowledged within {rule.within_s:g} s"
                )
                note = f"{why}: {target} is told"
                rows.step(run, one.incident_id, now, known.state, agency=one.agency, note=note)
        return isinstance(move, Tell)

    def note(
        self,
        run: sqlite3.Connection,
        incident_id: str,
        text: str,
        *,
        person: str,
        agency: str,
        now: datetime,
    ) -> bool:
        """A person writes something down; false when there is no such incident."""
        known = rows.load(run, incident_id)
        if known is None:
            return False
        rows.step(run, incident_id, now, known.state, person=person, agency=agency, note=text)
        return True

    def forward(
        self,
        run: sqlite3.Connection,
        incident_id: str,
        to: Target,
        *,
        person: str,
        agency: str,
        note: str | None,
        now: datetime,
    ) -> bool:
        """A person has somebody told too; false when there is no such incident.

        One whose delivery was given up is told anew. Raises DecisionError.
        """
        known = rows.load(run, incident_id)
        if known is None:
            return False
        if known.state in ("rejected", "closed"):
            raise incidents.DecisionError(f"it is {known.state}: nobody is told of it any more")
        if known.waits:
            raise incidents.DecisionError("nobody is told of it before it is confirmed")
        if not deliveries.forward(run, incident_id, known.revision, to, now):
            raise incidents.DecisionError(f"{to} was told already")
        text = f"→ {to.agency}/{to.channel}" if to.channel != "mqtt" else f"→ {to.agency}"
        said = f"{text} · {note}" if note else text
        rows.step(run, incident_id, now, known.state, person=person, agency=agency, note=said)
        return True

    def _end_holds(self, run: sqlite3.Connection, one: Incident, now: datetime) -> None:
        """The pole need not keep what was around its findings any longer."""
        found = rows.finding_ids(run, one.incident_id, MOST_ENDED)
        for first in range(0, len(found), MOST_RELEASED):
            ended = EventRelease(
                camera=one.camera, finding_ids=found[first : first + MOST_RELEASED]
            )
            orders.add(run, one.device, HoldEnd(events=ended), now)

    def _save(
        self,
        run: sqlite3.Connection,
        before: Incident | None,
        after: Incident,
        now: datetime,
        event: Event | None = None,
    ) -> None:
        """`event` is at hand and not attached yet."""
        told = plates.of_incident(run, after.incident_id) if after.type == "plate" else ()
        if event is not None and event.plate is not None:
            again = before is not None and event.finding_id in before.findings
            told = told if again else (*told, event.plate)
        rows.save(run, before, after, texts_of(run, after, told, self._places, self._zone))
        if before is None or after.revision > before.revision:
            self._want(run, after, told, now)

    def _want(
        self, run: sqlite3.Connection, one: Incident, told: tuple[PlatePart, ...], now: datetime
    ) -> None:
        targets = () if one.waits else self._route(run, one, told).targets
        deliveries.want(run, one.incident_id, one.revision, targets, now)
        awaited = {CENTRE} if one.waits else {target.agency for target in targets}
        for agency in awaited:
            rule = self._routing().escalation(agency, one.severity)
            if rule is not None:
                until = now + timedelta(seconds=rule.within_s)
                escalations.begin(run, one.incident_id, agency, now, until)

    def boards_of(self, run: sqlite3.Connection, one: Incident) -> tuple[str, ...]:
        """Boards, and groups of them, that are to say it; what waits for a person is not said."""
        if one.waits:
            return ()
        told = plates.of_incident(run, one.incident_id) if one.type == "plate" else ()
        return self._route(run, one, told).boards

    def _route(self, run: sqlite3.Connection, one: Incident, told: tuple[PlatePart, ...]) -> Routed:
        spots = [(one.device, one.camera)]
        if one.type == "disaster":
            spots = cases.cameras_of_incident(run, one.incident_id) or spots
        subjects = [self._subject(one, *spot, told) for spot in spots]
        return route_area(self._routing(), subjects, self._zone)

    def _subject(
        self, one: Incident, device: str, camera: str, told: tuple[PlatePart, ...]
    ) -> Subject:
        place = self._places.get((device, camera))
        return Subject(
            type=one.type,
            severity=one.severity,
            device=device,
            camera=camera,
            group=place.group if place else None,
            began_at=one.opened_at,
            drill=one.drill,
            position=(place.lat, place.lon) if place else None,
            listed=Listed.of(told[-1]) if told else None,
        )


def _same_vehicle(run: sqlite3.Connection, one: Incident, plate: PlatePart, *, sure: bool) -> bool:
    """Whether an incident is about that entry; a closed one is not opened by a doubtful read."""
    told = plates.of_incident(run, one.incident_id)
    again = one.state == "closed" and not sure
    return bool(told) and entry(told[-1]) == entry(plate) and not again


def _told_by_people(
    incident_id: str, type_: str, spot: tuple[str, str], told: Graded, now: datetime
) -> Incident:
    """An incident that no camera saw; `spot`: device and camera to show it by."""
    return Incident(
        incident_id=incident_id,
        revision=1,
        type=type_,
        severity=told.severity,
        certainty=told.certainty,
        confidence=1.0,
        state="open",
        drill=told.drill,
        device=spot[0],
        camera=spot[1],
        zone=None,
        rule=told.source,
        opened_at=told.at,
        active_at=told.at,
        observed_at=now,
        ended_at=None,
        updated_at=now,
        closed_at=None,
        still=None,
        box=None,
        clip_start=None,
        clip_end=None,
    )
