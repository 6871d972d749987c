"""Traces at the centre: begun and ended by people, what poles tell kept in memory until the end.

The store keeps who traces what for which case until the trace ends; where the vehicle was seen is
in this process's memory alone. After a restart the poles' diaries are asked for it again.
"""

from __future__ import annotations

import sqlite3
import threading
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from collector import ledger
from collector.config import CameraPlace
from collector.problems import ProblemError
from collector.services.case import Body
from collector.services.plate_area import LatePole, Line, SearchArea
from collector.services.plate_route import Route, routes, sighting_of
from collector.store import traces
from collector.store.database import Database
from collector.store.traces import Pole, Trace
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id, Moment, Name, WireModel, new_id
from wire.plates import PlateRead
from wire.tracing import TraceSighting

MOST_SEEN: Final = 2_000
"""Sightings of one trace; the oldest make room."""
MOST_TRACES: Final = 100
CASE_CLOSED: Final = "closed"
EXPIRED: Final = "expired"

SeenKey = tuple[str, str, datetime, str]
"""Device, camera, when, and the text read: what is told twice is one sighting."""


class TraceBody(Body):
    """What is traced, and for what."""

    pattern: str = Field(
        min_length=2, max_length=24, description="A plate; `?` is one unknown character."
    )
    confusable: bool = Field(True, description="Look-alikes too: 가/거, 3/8, 1/7 …")
    area: SearchArea | None = Field(None, description="The whole city when left out.")
    hours: float = Field(gt=0, le=168, description="Then it ends, on the poles too.")
    case: Line = Field(description="The agency's case number.")
    purpose: Line = Field(description="What it is for.")
    basis: Line = Field("", description="Legal basis, e.g. 개인정보 보호법 제18조제2항제7호.")
    agency: Name | None = Field(None, description="On whose behalf; the person's own if left out.")


class TraceShown(WireModel):
    """How far a trace is, and where the vehicle was seen."""

    trace_id: Id
    pattern: str | None
    """None once it is over."""
    case: str
    agency: Name
    person: str
    purpose: str
    basis: str
    began_at: Moment
    expires_at: Moment
    ended_at: Moment | None
    why: str | None
    """Of an ended one: `expired`, `closed` (the case), or who ended it."""
    revision: int
    """Grows with each change; `after` waits for the next."""
    asked: int
    """Poles that are meant, or, of an ended one, that have yet to give it up."""
    following: int
    without_diary: int
    late: tuple[LatePole, ...]
    """Poles that do not follow it yet, or have yet to give it up, and why if it is known."""
    routes: tuple[Route, ...]


@dataclass
class _Seen:
    reads: dict[SeenKey, tuple[PlateRead, bytes | None]] = field(default_factory=dict)
    revision: int = 1


class TraceDesk:
    """Safe from any thread."""

    def __init__(
        self,
        database: Database,
        places: Mapping[tuple[str, str], CameraPlace],
        clock: Clock,
        most_hours: float,
    ) -> None:
        self._database = database
        self._places = places
        self._clock = clock
        self._most_hours = most_hours
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self.wake: Callable[[], None] = lambda: None
        """The poles are to be led on; set by who leads them."""

    def begin(
        self,
        person: PersonToken,
        body: TraceBody,
        poles: Mapping[str, Collection[str]],
    ) -> TraceShown:
        """Trace from now on; `poles`: cameras that are meant by device. Raises ProblemError."""
        self._check(body)
        if not poles:
            raise ProblemError("case.no-camera", "no camera stands in the area")
        now = self._clock.now()
        one = Trace(
            trace_id=new_id(), case=body.case, agency=body.agency or person.agency,
            person=person.person, purpose=body.purpose, basis=body.basis, pattern=body.pattern,
            confusable=body.confusable, began_at=now,
            expires_at=now + timedelta(hours=body.hours),
        )  # fmt: skip
        with self._database.transaction() as run:
            if traces.is_closed_case(run, one.case, one.agency):
                raise ProblemError("case.state", f"the case {one.case} is closed")
            if sum(known.ended_at is None for known in traces.all_of(run)) >= MOST_TRACES:
                raise ProblemError("request.invalid", f"{MOST_TRACES} traces are under way")
            traces.add(run, one, poles)
            fields = {**_fields(one), "pattern": one.pattern, "poles": len(poles)}
            ledger.append(run, now, "trace.begun", {**fields, "until": one.expires_at.isoformat()})
        self._change(one.trace_id)
        self.wake()
        return self._shown(one)

    def list(self, person: PersonToken) -> list[TraceShown]:
        """A person's own, and all for a supervisor; without what was seen."""
        with self._database.reading() as run:
            known = traces.all_of(run)
        mine = [one for one in known if _may(person, one)]
        return [self._shown(one).model_copy(update={"routes": ()}) for one in mine]

    def show(self, person: PersonToken, trace_id: str) -> TraceShown:
        """Raises ProblemError."""
        return self._shown(self._known(person, trace_id))

    def revision(self, trace_id: str) -> int:
        """Of a trace; 0 when there is nothing of it."""
        with self._lock:
            seen = self._seen.get(trace_id)
            return 0 if seen is None else seen.revision

    def crop(self, person: PersonToken, trace_id: str, key: SeenKey) -> bytes:
        """A sighting's picture as JPEG. Raises ProblemError."""
        self._known(person, trace_id)
        with self._lock:
            seen = self._seen.get(trace_id)
            found = None if seen is None else seen.reads.get(key)
        if found is None or found[1] is None:
            raise ProblemError("still.unknown", "the picture is not here", status=404)
        return found[1]

    def end(self, person: PersonToken, trace_id: str) -> None:
        """Over now, on the poles as they are there. Raises ProblemError."""
        one = self._known(person, trace_id)
        if one.ended_at is not None:
            raise ProblemError("trace.over", f"it ended {one.ended_at.isoformat()}")
        with self._database.transaction() as run:
            self.finish(run, one, person.person)
        self.forget(trace_id)
        self.wake()

    def finish(self, run: sqlite3.Connection, one: Trace, why: str) -> None:
        """End a trace within the caller's transaction; `forget` is to follow its commit."""
        now = self._clock.now()
        traces.end(run, one.trace_id, why, now)
        with self._lock:
            seen = self._seen.get(one.trace_id)
            count = 0 if seen is None else len(seen.reads)
        ledger.append(run, now, "trace.ended", {**_fields(one), "why": why, "sightings": count})
        if traces.drop_if_gone(run, one.trace_id):
            ledger.append(run, now, "trace.removed", _fields(one))

    def forget(self, trace_id: str) -> None:
        """What was seen is gone; who looks hears of the end."""
        with self._lock:
            kept = self._seen.get(trace_id)
            self._seen[trace_id] = _Seen(revision=1 if kept is None else kept.revision + 1)

    def heard(self, device: str, told: TraceSighting) -> None:
        """A pole saw it just now."""
        crop = None if told.crop is None else _jpeg(told.crop)
        self.found(device, told.trace_id, [(told.read, crop)])

    def found(
        self, device: str, trace_id: str, reads: Collection[tuple[PlateRead, bytes | None]]
    ) -> None:
        """What a pole saw, now or while it was away; of an ended trace nothing is kept."""
        if not reads:
            return
        with self._database.reading() as run:
            one = traces.find(run, trace_id)
            meant = {pole.device: pole.cameras for pole in traces.poles(run, trace_id)}
        if one is None or one.ended_at is not None or device not in meant:
            return
        cameras = meant[device]
        with self._lock:
            seen = self._seen.setdefault(trace_id, _Seen())
            for read, crop in reads:
                if cameras and read.camera not in cameras:
                    continue
                key = (device, read.camera, read.at, read.text)
                known = seen.reads.get(key)
                seen.reads[key] = (read, crop or (known[1] if known else None))
            while len(seen.reads) > MOST_SEEN:
                seen.reads.pop(min(seen.reads, key=lambda key: key[2]))
            seen.revision += 1

    def changed(self, trace_id: str) -> None:
        """A pole is further with it."""
        self._change(trace_id)

    def gone(self, trace_id: str) -> None:
        """Nothing of it is left anywhere."""
        with self._lock:
            self._seen.pop(trace_id, None)

    def _change(self, trace_id: str) -> None:
        with self._lock:
            self._seen.setdefault(trace_id, _Seen()).revision += 1

    def _check(self, body: TraceBody) -> None:
        if not body.basis:
            raise ProblemError("case.no-basis")
        for name in ("case", "purpose"):
            if not getattr(body, name):
                raise ProblemError("request.invalid", f"{name}: must not be empty")
        if sum(one.isalnum() for one in body.pattern) < 2:
            raise ProblemError("request.invalid", "pattern: at least 2 characters must be known")
        if body.hours > self._most_hours:
            raise ProblemError(
                "request.invalid", f"hours: a trace lasts {self._most_hours:g} hours at most"
            )

    def _known(self, person: PersonToken, trace_id: str) -> Trace:
        with self._database.reading() as run:
            one = traces.find(run, trace_id)
        if one is None or not _may(person, one):
            raise ProblemError("case.unknown", "there is no such trace, or it is over and gone")
        return one

    def _shown(self, one: Trace) -> TraceShown:
        with self._database.reading() as run:
            poles = traces.poles(run, one.trace_id)
        with self._lock:
            seen = self._seen.setdefault(one.trace_id, _Seen())
            reads, revision = dict(seen.reads), seen.revision
        over = one.ended_at is not None
        late = [pole for pole in poles if _is_late(pole, over=over)]
        told = [
            sighting_of(self._places.get(key[:2]), key[0], read).model_copy(
                update={"crop": None if crop is None else _crop_url(one.trace_id, key)}
            )
            for key, (read, crop) in reads.items()
        ]
        return TraceShown(
            trace_id=one.trace_id, pattern=one.pattern, case=one.case, agency=one.agency,
            person=one.person, purpose=one.purpose, basis=one.basis, began_at=one.began_at,
            expires_at=one.expires_at, ended_at=one.ended_at, why=one.why, revision=revision,
            asked=len(poles), following=sum(pole.state == "holds" for pole in poles),
            without_diary=sum(pole.state == "without" for pole in poles),
            late=tuple(LatePole(device=pole.device, code=pole.code) for pole in late),
            routes=routes(told),
        )  # fmt: skip


def _is_late(pole: Pole, *, over: bool) -> bool:
    """It does not follow yet; once the trace is over, it may still."""
    return over or pole.state in ("wanted", "sent")


def _fields(one: Trace) -> dict[str, object]:
    return {
        "trace_id": one.trace_id,
        "person": one.person,
        "agency": one.agency,
        "case": one.case,
        "basis": one.basis,
        "purpose": one.purpose,
    }


def _jpeg(text: str) -> bytes | None:
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        return None
    return found if found.startswith(b"\xff\xd8\xff") else None


def _crop_url(trace_id: str, key: SeenKey) -> str:
    device, camera, at, text = key
    when = at.isoformat().replace("+00:00", "Z")
    return f"/api/plates/traces/{trace_id}/crops/{device}/{camera}/{when}/{text}"


def _may(person: PersonToken, one: Trace) -> bool:
    return one.person == person.person or "supervisor" in person.roles
