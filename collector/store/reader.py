"""Reading for pages, API and tests: typed rows, from any thread, never in a writer's way."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from collector.config import CameraPlace
from collector.store import confirmed_plates, delivery_health, earlier, plates
from collector.store.confirmed_plates import ConfirmedPlate
from collector.store.database import connect
from collector.store.delivery_health import DeliveryHealth
from collector.store.earlier import Earlier
from collector.store.filtering import conditions
from collector.store.moments import moment, moment_or_none, stamp
from collector.store.rows import (
    Box,
    CameraRow,
    DeliveryCount,
    DeliveryRow,
    DeviceRow,
    EscalationRow,
    EventRow,
    IncidentDetail,
    IncidentFilter,
    IncidentPage,
    IncidentRow,
    ListedPlate,
    StepRow,
    Summary,
)
from collector.suggestions import RuleCount
from wire.health import CameraHealth, Health, RunningModel

Places = Mapping[tuple[str, str], CameraPlace]
MAX_PAGE = 500

T = TypeVar("T")

_INCIDENTS = """
SELECT i.*,
       EXISTS (SELECT 1 FROM still s WHERE s.sha256 = i.still AND s.named = 1) AS still_here,
       (SELECT count(*) FROM incident_finding f WHERE f.incident_id = i.incident_id) AS findings
FROM incident i
"""


class Reader:
    """One connection a thread; every query is one consistent look."""

    def __init__(self, path: Path, places: Places) -> None:
        """`path`: the database file, which must exist; `places`: the configured cameras."""
        self._path = path
        self._places = places
        self._local = threading.local()

    def incidents(
        self,
        limit: int = 50,
        before: str | None = None,
        filters: IncidentFilter | None = None,
    ) -> IncidentPage:
        """Newest first; `before` is an earlier page's. Raises ValueError on a foreign `before`."""
        where, values = conditions(filters or IncidentFilter(), self._places)
        if before is not None:
            opened, bar, incident = before.partition("|")
            if not bar:
                raise ValueError("'before' is not one that an earlier page gave")
            where.append("(i.opened_at, i.incident_id) < (?, ?)")
            values += [opened, incident]
        limit = max(1, min(limit, MAX_PAGE))
        sql = _INCIDENTS + (f"WHERE {' AND '.join(where)} " if where else "")
        sql += "ORDER BY i.opened_at DESC, i.incident_id DESC LIMIT ?"
        rows = self._all(sql, (*values, limit + 1))
        more = len(rows) > limit
        rows = rows[:limit]
        deliveries = self._deliveries([row["incident_id"] for row in rows])
        last = rows[-1] if rows else None
        return IncidentPage(
            tuple(self._incident(row, deliveries) for row in rows),
            f"{last['opened_at']}|{last['incident_id']}" if more and last is not None else None,
        )

    def incident(self, incident_id: str, newest_events: int = -1) -> IncidentDetail | None:
        """One incident with events, steps, findings and deliveries; None when there is none.

        `newest_events`: no more than so many, the newest; -1: all.
        """
        rows = self._all(_INCIDENTS + "WHERE i.incident_id = ?", (incident_id,))
        if not rows:
            return None
        events = self._all(
            "SELECT e.* FROM event e JOIN incident_event x ON x.event_id = e.id "
            "WHERE x.incident_id = ? ORDER BY e.received_at DESC, e.rowid DESC LIMIT ?",
            (incident_id, newest_events),
        )
        steps = self._all(
            "SELECT * FROM incident_step WHERE incident_id = ? ORDER BY number", (incident_id,)
        )
        escalations = self._all(
            "SELECT * FROM escalation WHERE incident_id = ? ORDER BY agency", (incident_id,)
        )
        findings = self._all(
            "SELECT finding_id FROM incident_finding WHERE incident_id = ? ORDER BY rowid",
            (incident_id,),
        )
        return IncidentDetail(
            self._incident(rows[0], self._deliveries([incident_id])),
            tuple(_event(row) for row in reversed(events)),
            tuple(
                StepRow(moment(row["at"]), row["state"], row["person"], row["agency"], row["note"])
                for row in steps
            ),
            tuple(
                EscalationRow(row["agency"], row["step"], moment(row["check_at"]), row["result"])
                for row in escalations
            ),
            tuple(row["finding_id"] for row in findings),
            self.plates(incident_id) if rows[0]["type"] == "plate" else (),
            *self._left(incident_id, rows[0]["type"]),
        )

    def _left(
        self, incident_id: str, type: str
    ) -> tuple[tuple[Earlier, ...], tuple[ConfirmedPlate, ...]]:
        """How the place was before, and who left what was dumped."""
        if type != "dumping":
            return (), ()
        run = self._connection()
        return earlier.of_incident(run, incident_id), confirmed_plates.of_incident(run, incident_id)

    def plates(self, incident_id: str) -> tuple[ListedPlate, ...]:
        """The listed plates behind an incident."""
        run = self._connection()
        return tuple(plates.with_entry(run, one) for one in plates.of_incident(run, incident_id))

    def rule_counts(
        self, since: datetime, rule: tuple[str, str, str] | None = None
    ) -> tuple[RuleCount, ...]:
        """How people decided on what each rule of each camera has found since then.

        `rule`: device, camera and name of the one that is asked for; None: all.
        """
        one = "" if rule is None else "AND i.device = ? AND i.camera = ? AND i.rule = ?"
        rows = self._all(
            f"""
            SELECT i.device, i.camera, i.rule, count(DISTINCT i.incident_id),
                   count(DISTINCT CASE WHEN s.state = 'rejected' THEN i.incident_id END)
            FROM incident_step s JOIN incident i USING (incident_id)
            WHERE s.state IN ('confirmed', 'rejected') AND s.person IS NOT NULL
              AND i.drill = 0 AND i.opened_at >= ? {one}
            GROUP BY i.device, i.camera, i.rule
            """,
            (stamp(since), *(rule or ())),
        )
        return tuple(RuleCount(*row) for row in rows)

    def still(self, sha256: str) -> bytes | None:
        """The JPEG of that hash, when a verified event names it and it has arrived."""
        rows = self._all("SELECT jpeg FROM still WHERE sha256 = ? AND named = 1", (sha256,))
        return bytes(rows[0]["jpeg"]) if rows else None

    def stills_of(
        self, cameras: set[tuple[str, str]], since: datetime, at_most: int
    ) -> tuple[str, ...]:
        """Hashes of the newest pictures of those cameras that came since then, newest first."""
        rows = self._all(
            "SELECT DISTINCT e.still, e.device, e.camera FROM event e JOIN still s"
            " ON s.sha256 = e.still AND s.named = 1 WHERE e.received_at >= ?"
            " ORDER BY e.received_at DESC",
            (stamp(since),),
        )
        found = [row["still"] for row in rows if (row["device"], row["camera"]) in cameras]
        return tuple(dict.fromkeys(found))[:at_most]

    def incidents_of_still(self, sha256: str, at_most: int) -> tuple[IncidentRow, ...]:
        """Incidents of which some event names that picture, newest first."""
        rows = self._all(
            _INCIDENTS + "WHERE i.incident_id IN (SELECT x.incident_id FROM event e"
            " JOIN incident_event x ON x.event_id = e.id WHERE e.still = ?) OR i.incident_id IN"
            " (SELECT incident_id FROM incident WHERE still = ?)"
            " ORDER BY i.opened_at DESC LIMIT ?",
            (sha256, sha256, at_most),
        )
        deliveries = self._deliveries([row["incident_id"] for row in rows])
        return tuple(self._incident(row, deliveries) for row in rows)

    def cameras(self) -> tuple[CameraRow, ...]:
        """All configured cameras and all that were ever heard of, by device and name."""
        states = {
            (row["device"], row["camera"]): row
            for row in self._all("SELECT * FROM camera_state", ())
        }
        devices = {one.device: one for one in self.devices()}
        keys = sorted({*self._places, *states})
        return tuple(self._camera(key, states.get(key), devices.get(key[0])) for key in keys)

    def devices(self) -> tuple[DeviceRow, ...]:
        """All devices that were ever heard of or stand in the camera table."""
        missing = {
            row["device"]: int(row["missing"])
            for row in self._all(
                "SELECT device, sum(missing) AS missing FROM progress GROUP BY device", ()
            )
        }
        rows = {row["device"]: row for row in self._all("SELECT * FROM device", ())}
        names = sorted({*rows, *(device for device, _ in self._places)})
        return tuple(_device(name, rows.get(name), missing.get(name, 0)) for name in names)

    def summary(self) -> Summary:
        """Counts over everything."""
        row = self._all(
            """
            SELECT *, (SELECT count(*) FROM event) AS events,
                   (SELECT count(*) FROM quarantine) AS quarantined,
                   (SELECT count(*) FROM security_log) AS security,
                   (SELECT count(*) FROM ledger) AS ledger
            FROM (SELECT count(*) AS incidents,
                         coalesce(sum(ended_at IS NULL), 0) AS ongoing,
                         coalesce(sum(state IN ('open', 'notified', 'acknowledged')), 0)
                           AS unhandled
                  FROM incident),
                 (SELECT coalesce(sum(state = 'done'), 0) AS done,
                         coalesce(sum(state IN ('waiting', 'sent')), 0) AS waiting,
                         coalesce(sum(state = 'failed'), 0) AS failed
                  FROM delivery)
            """,
            (),
        )[0]
        states = {row[0]: row[1] for row in self._all("SELECT device, state FROM device", ())}
        cameras = {
            (device, camera): state
            for device, camera, state in self._all(
                "SELECT device, camera, state FROM camera_state", ()
            )
        }
        up = sum(
            state == "up" and states.get(device) == "online"
            for (device, _), state in cameras.items()
        )
        return Summary(
            incidents=row["incidents"],
            incidents_ongoing=row["ongoing"],
            incidents_unhandled=row["unhandled"],
            events=row["events"],
            deliveries_done=row["done"],
            deliveries_waiting=row["waiting"],
            deliveries_failed=row["failed"],
            devices=len({*states, *(device for device, _ in self._places)}),
            devices_online=sum(state == "online" for state in states.values()),
            cameras=len({*cameras, *self._places}),
            cameras_up=up,
            quarantined=row["quarantined"],
            security_entries=row["security"],
            ledger_entries=row["ledger"],
        )

    def delivery_counts(self) -> tuple[DeliveryCount, ...]:
        """How many deliveries stand how, by agency and channel."""
        rows = self._all(
            "SELECT agency, channel, state, count(*) AS count,"
            " min(coalesce(wanted_at, next_at)) AS oldest"
            " FROM delivery GROUP BY agency, channel, state",
            (),
        )
        return tuple(
            DeliveryCount(
                row["agency"], row["channel"], row["state"], row["count"], moment(row["oldest"])
            )
            for row in rows
        )

    def look(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """What `act` reads in one consistent look."""
        run = self._connection()
        run.execute("BEGIN")
        try:
            return act(run)
        finally:
            run.execute("ROLLBACK")

    def delivery_health(self) -> tuple[DeliveryHealth, ...]:
        """How deliveries stand, an agency and channel a row."""
        return tuple(DeliveryHealth(*row) for row in self._all(delivery_health.SQL, ()))

    def close(self) -> None:
        """Close this thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is not None:
            found.close()
            self._local.connection = None

    def _all(self, sql: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        return self._connection().execute(sql, values).fetchall()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = connect(self._path, read_only=True)
        return found

    def _deliveries(self, incident_ids: list[str]) -> dict[str, list[DeliveryRow]]:
        found: dict[str, list[DeliveryRow]] = {}
        marks = ",".join("?" * len(incident_ids))
        for row in self._all(
            f"SELECT * FROM delivery WHERE incident_id IN ({marks}) ORDER BY agency, channel",
            tuple(incident_ids),
        ):
            found.setdefault(row["incident_id"], []).append(_delivery(row))
        return found

    def _incident(self, row: sqlite3.Row, deliveries: dict[str, list[DeliveryRow]]) -> IncidentRow:
        place = self._places.get((row["device"], row["camera"]))
        return IncidentRow(
            incident_id=row["incident_id"],
            revision=row["revision"],
            type=row["type"],
            severity=row["severity"],
            certainty=row["certainty"],
            confidence=row["confidence"],
            state=row["state"],
            drill=bool(row["drill"]),
            device=row["device"],
            camera=row["camera"],
            camera_title=place.title if place else row["camera"],
            address=place.address if place else None,
            lat=place.lat if place else None,
            lon=place.lon if place else None,
            zone=row["zone"],
            rule=row["rule"],
            opened_at=moment(row["opened_at"]),
            active_at=moment(row["active_at"]),
            observed_at=moment(row["observed_at"]),
            ended_at=moment_or_none(row["ended_at"]),
            updated_at=moment(row["updated_at"]),
            closed_at=moment_or_none(row["closed_at"]),
            still=row["still"],
            still_here=bool(row["still_here"]),
            box=_box(row["box"]),
            clip_start=moment_or_none(row["clip_start"]),
            clip_end=moment_or_none(row["clip_end"]),
            text_ko=row["text_ko"],
            text_en=row["text_en"],
            findings=row["findings"],
            deliveries=tuple(deliveries.get(row["incident_id"], ())),
            waits=bool(row["waits"]),
        )

    def _camera(
        self, key: tuple[str, str], state: sqlite3.Row | None, device: DeviceRow | None
    ) -> CameraRow:
        place = self._places.get(key)
        health = _camera_health(device, key[1])
        return CameraRow(
            device=key[0],
            camera=key[1],
            title=place.title if place else key[1],
            title_en=place.title_en if place else None,
            address=place.address if place else None,
            lat=place.lat if place else None,
            lon=place.lon if place else None,
            state=state["state"] if state else "unknown",
            code=state["code"] if state else None,
            message=state["message"] if state else None,
            state_at=moment(state["at"]) if state else None,
            online=device is not None and device.online,
            fps=health.fps if health else None,
            ring_start=health.ring_start if health else None,
            ring_end=health.ring_end if health else None,
        )


def _event(row: sqlite3.Row) -> EventRow:
    return EventRow(
        id=row["id"],
        device=row["device"],
        epoch=row["epoch"],
        seq=row["seq"],
        kind=row["kind"],
        finding_id=row["finding_id"],
        phase=row["phase"],
        type=row["type"],
        severity=row["severity"],
        at=moment(row["at"]),
        received_at=moment(row["received_at"]),
        still=row["still"],
        token=bytes(row["token"]),
    )


def _delivery(row: sqlite3.Row) -> DeliveryRow:
    return DeliveryRow(
        delivery_id=row["delivery_id"],
        incident_id=row["incident_id"],
        agency=row["agency"],
        channel=row["channel"],
        state=row["state"],
        wanted=row["wanted"],
        sent=row["sent"],
        acked=row["acked"],
        attempts=row["attempts"],
        next_at=moment(row["next_at"]),
        first_at=moment_or_none(row["first_at"]),
        acked_at=moment_or_none(row["acked_at"]),
        answer=row["answer"],
        officer=row["officer"],
        error=row["error"],
        instead_of=row["instead_of"],
    )


def _device(name: str, row: sqlite3.Row | None, missing: int) -> DeviceRow:
    if row is None:
        return DeviceRow(name, False, None, None, None, None, None, None, None, 0, 0, 0)
    return DeviceRow(
        device=name,
        online=row["state"] == "online",
        boot_id=row["boot_id"],
        since=moment_or_none(row["since"]),
        version=row["version"],
        reason=row["reason"],
        heard_at=moment_or_none(row["heard_at"]),
        health=_health(row["health"]),
        health_at=moment_or_none(row["health_at"]),
        missing=missing,
        duplicates=row["duplicates"],
        gaps_asked=row["gaps_asked"],
        models=tuple(RunningModel(**one) for one in json.loads(row["models"] or "[]")),
    )


def _health(text: str | None) -> Health | None:
    # A body that an older version of this program stored may not fit any more; the next one will.
    try:
        return None if text is None else Health.model_validate_json(text)
    except ValidationError:
        return None


def _camera_health(device: DeviceRow | None, camera: str) -> CameraHealth | None:
    if device is None or device.health is None:
        return None
    return next((one for one in device.health.cameras if one.camera == camera), None)


def _box(text: str | None) -> Box | None:
    if text is None:
        return None
    x, y, w, h = json.loads(text)
    return (x, y, w, h)
