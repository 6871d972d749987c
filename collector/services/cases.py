"""Cases of the safety services: asked for, approved by an operator or a rule, closed.

What an officer may see is decided by the signer's permit; the case here says who, why and where.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from collector import ledger
from collector.changes import Change, Changes
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Case, Offered, Personal, camera_names, plainly
from collector.services.place import Point
from collector.services.withdrawal import Withdrawal, of_case, order
from collector.signer.permit import (
    CameraName,
    Permit,
    PermitRequest,
    Service,
    UnitRequest,
    UnitToken,
)
from collector.store import cases
from collector.store.database import Database
from collector.store.reader import Reader
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import new_id, utc_text

ASKERS = frozenset({"officer", "operator", "supervisor"})
APPROVERS = frozenset({"operator", "supervisor"})
MOST_LISTED = 200

T = TypeVar("T")
Closing = Callable[[sqlite3.Connection, Case, PersonToken], None]


class Permitting(Protocol):
    """The signer, as the cases need it; `collector.relay.Relay` in the program."""

    async def permit(self, token: str, wanted: PermitRequest) -> Permit: ...

    async def unit(self, token: str, permit_id: str, wanted: UnitRequest) -> UnitToken: ...

    async def withdraw(self, token: str, permit_id: str) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a service wants a case for."""

    service: Service
    agency: str
    case: str
    purpose: str
    basis: str
    place: Point
    accuracy_m: float
    cameras: tuple[Offered, ...]
    minutes_back: float
    hours: float
    personal: Personal
    incident_id: str | None = None
    happened_at: datetime | None = None


class CaseDesk:
    """Every change of a case goes through here, and each is entered in the ledger with it."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        permitting: Permitting,
        changes: Changes,
        clock: Clock,
        agencies: Callable[[], Collection[str]],
        closing: Closing = lambda _run, _case, _person: None,
        closed: Callable[[], None] = lambda: None,
        withdrawn: Callable[[Withdrawal], None] = lambda _what: None,
    ) -> None:
        """`closing` happens with a case's end in one transaction, `closed` after it.

        `withdrawn` hears what is to be seen no more, once its orders to the poles are written.
        """
        self._database = database
        self._reader = reader
        self._permitting = permitting
        self._changes = changes
        self._clock = clock
        self._agencies = agencies
        self._closing = closing
        self._closed = closed
        self._withdrawn = withdrawn

    def agency_of(self, person: PersonToken, named: str | None) -> str:
        """For whom `person` asks; raises ProblemError."""
        require(person, ASKERS, "asking for video")
        if not APPROVERS & set(person.roles):
            if named not in (None, person.agency):
                raise ProblemError("auth.forbidden", "an officer asks for his own agency")
            return person.agency
        if named is None:
            raise ProblemError("request.invalid", "agency: name for whom you ask", status=422)
        known = self._agencies()
        if named not in known:
            allowed = ", ".join(sorted(known)) or "none is enrolled"
            raise ProblemError(
                "request.invalid",
                f"agency: {named} is not enrolled (allowed: {allowed})",
                status=422,
            )
        return named

    async def refuse_without_basis(
        self, person: PersonToken, service: Service, *, case: str, purpose: str, basis: str
    ) -> None:
        """Raises ProblemError unless case, purpose and legal basis are given; entered if not."""
        missing = [
            name
            for name, text in (("case", case), ("purpose", purpose), ("basis", basis))
            if not text.strip()
        ]
        if not missing:
            return
        fields = {
            "service": service,
            "person": person.person,
            "agency": person.agency,
            "case": case,
            "missing": missing,
        }
        await self._write(
            lambda run: ledger.append(run, self._clock.now(), "service.refused", fields)
        )
        if "basis" in missing:
            raise ProblemError("case.no-basis")
        raise ProblemError("request.invalid", f"{', '.join(missing)}: is empty", status=422)

    async def ask(self, person: PersonToken, token: str | None, asked: Asked) -> Case:
        """A new case; approved at once where a standing rule of the signer covers it.

        Where the signer cannot be asked the case waits, and says why.
        """
        now = self._clock.now()
        one = Case(
            case_id=new_id(),
            service=asked.service,
            agency=asked.agency,
            case=asked.case,
            basis=asked.basis,
            purpose=asked.purpose,
            person=person.person,
            asked_at=now,
            state="asked",
            waiting="an operator must approve",
            lat=asked.place.lat,
            lon=asked.place.lon,
            accuracy_m=asked.accuracy_m,
            cameras=asked.cameras,
            minutes_back=asked.minutes_back,
            hours=asked.hours,
            incident_id=asked.incident_id,
            happened_at=asked.happened_at,
            personal=asked.personal,
        )
        await self._save(one, "service.asked", person)
        if token is None or APPROVERS & set(person.roles):
            # Who asks for somebody else still decides in a second step, having seen the cameras;
            # a program decides nothing.
            return one
        try:
            permit = await self._permitting.permit(token, _request(one))
        except ProblemError as error:
            waiting = one.model_copy(update={"waiting": error.detail or error.code})
            await self._write(lambda run: cases.save(run, waiting))
            return waiting
        return await self._approved(one, permit, person, token)

    async def open_by_rule(self, person: PersonToken, token: str, case_id: str) -> Case:
        """An officer takes up a case that no person has asked for; raises ProblemError.

        permit.needed where no standing rule covers it.
        """
        require(person, ASKERS, "opening")
        return await self._take_up(person, token, case_id)

    async def approve(self, person: PersonToken, token: str, case_id: str) -> Case:
        """By an operator's word; raises ProblemError."""
        require(person, APPROVERS, "approving")
        return await self._take_up(person, token, case_id)

    async def refuse(self, person: PersonToken, token: str, case_id: str, note: str) -> Case:
        """Not to be seen, nor what was permitted before it moved on; raises ProblemError."""
        require(person, APPROVERS, "refusing")
        one = await self._undecided(person, case_id)
        until = await self._permit_ended(token, one)
        now = self._clock.now()
        changed = one.model_copy(
            update={
                "state": "refused",
                "waiting": None,
                "decided_at": now,
                "decided_by": person.person,
                "closed_at": now,
                "note": note,
            }
        )
        return await self._save(changed, "service.refused", person, until)

    async def close(self, person: PersonToken, token: str, case_id: str, note: str) -> Case:
        """Over: nothing is shown under it any more; raises ProblemError."""
        require(person, ASKERS, "closing")
        one = await self.find(person, case_id)
        if one.state not in ("asked", "approved"):
            raise ProblemError("case.state", f"the case is {one.state}")
        until = await self._permit_ended(token, one)
        now = self._clock.now()
        changed = one.model_copy(
            update={
                "state": "closed",
                "waiting": None,
                "closed_at": now,
                "closed_by": person.person,
                "note": note,
            }
        )
        if one.service == "vulnerable":
            # Who called for help, and where he was, is nobody's business any more.
            gone = {"personal": None, "lat": None, "lon": None, "cameras": (), "note": None}
            changed = changed.model_copy(update={**gone, "erased_at": now})

        def write(run: sqlite3.Connection) -> Withdrawal | None:
            cases.save(run, changed)
            ledger.append(run, now, "service.closed", _fields(changed, person))
            self._closing(run, changed, person)
            return self._ordered(run, one, until)

        withdrawal = await self._write(write)
        await self._tell_withdrawn(withdrawal)
        await asyncio.to_thread(self._database.forget)
        self._changes.publish(Change("case", one.case_id))
        self._closed()
        return changed

    async def find(self, person: PersonToken, case_id: str) -> Case:
        """A case that `person` may see; raises ProblemError."""
        require(person, ASKERS, "seeing cases")
        one = await self._look(lambda run: cases.find(run, case_id))
        if one is None or not _may_see(person, one):
            raise ProblemError("case.unknown")
        return one

    async def admit(
        self, person: PersonToken, token: str, case_id: str, wanted: UnitRequest
    ) -> UnitToken:
        """What opens an approved case on a unit's phone; raises ProblemError."""
        one = await self.find(person, case_id)
        if one.state != "approved" or one.permit_id is None:
            raise ProblemError("case.state", f"the case is {one.state}")
        made = await self._permitting.unit(token, one.permit_id, wanted)
        fields = {**_fields(one, person), "unit": wanted.unit, "until": utc_text(made.expires_at)}
        await self._write(lambda run: ledger.append(run, self._clock.now(), "service.unit", fields))
        return made

    async def of_permit(self, permit_id: str) -> Case:
        """The case of a unit's permit; raises ProblemError once it is over."""
        one = await self._look(lambda run: cases.of_permit(run, permit_id))
        if one is None or one.state not in ("asked", "approved"):
            raise ProblemError("auth.required", "the case is closed")
        return one

    async def list(self, person: PersonToken, *, all_states: bool) -> list[Case]:
        """Newest first: an officer's are his agency's open ones."""
        require(person, ASKERS, "seeing cases")
        everybody = bool(APPROVERS & set(person.roles))
        return await self._look(
            lambda run: cases.newest(
                run,
                MOST_LISTED,
                agency=None if everybody else person.agency,
                open_only=not (everybody and all_states),
            )
        )

    def permits_in_force(self) -> tuple[str, ...]:
        """Permits of approved cases that last, for all that is known here; blocks."""
        return self._reader.look(lambda run: cases.permits(run, self._clock.now()))

    def permit_withdrawn(self, permit_id: str, until: datetime) -> None:
        """The signer's own people withdrew it, or the rule behind it: ask again. Blocks."""
        now = self._clock.now()
        with self._database.transaction() as run:
            one = cases.of_permit(run, permit_id)
            if one is None or one.state != "approved":
                return
            waiting = "its permit was withdrawn: an operator must approve"
            update = {"state": "asked", "waiting": waiting, "permit_id": None, "rule": None}
            cases.save(run, one.model_copy(update=update))
            fields = {**plainly(one), "rule": one.rule, "permit_id": permit_id}
            ledger.append(run, now, "service.withdrawn", fields)
            withdrawal = self._ordered(run, one, until)
        if withdrawal is not None:
            self._withdrawn(withdrawal)
        self._changes.publish(Change("case", one.case_id))

    async def _permit_ended(self, token: str, one: Case) -> datetime | None:
        """From when on nothing is shown, by the signer's clock; None: nothing ever was."""
        if one.permit_id is None:
            return None
        return await self._permitting.withdraw(token, one.permit_id)

    def _ordered(
        self, run: sqlite3.Connection, one: Case, until: datetime | None
    ) -> Withdrawal | None:
        if until is None:
            return None
        withdrawal = of_case(run, one, until)
        order(run, withdrawal, self._clock.now())
        return withdrawal

    async def _tell_withdrawn(self, withdrawal: Withdrawal | None) -> None:
        if withdrawal is not None:
            await asyncio.to_thread(self._withdrawn, withdrawal)

    async def _undecided(self, person: PersonToken, case_id: str) -> Case:
        one = await self.find(person, case_id)
        if one.state != "asked":
            raise ProblemError("case.state", f"the case is {one.state}")
        return one

    async def _take_up(self, person: PersonToken, token: str, case_id: str) -> Case:
        one = await self._undecided(person, case_id)
        permit = await self._permitting.permit(token, _request(one))
        return await self._approved(one, permit, person, token)

    async def _approved(self, one: Case, permit: Permit, person: PersonToken, token: str) -> Case:
        if one.permit_id is not None:
            await self._permitting.withdraw(token, one.permit_id)
        changed = one.model_copy(
            update={
                "state": "approved",
                "waiting": None,
                "permit_id": permit.permit_id,
                "rule": permit.rule,
                "decided_at": self._clock.now(),
                "decided_by": permit.given_by,
                "expires_at": permit.expires_at,
            }
        )
        return await self._save(changed, "service.approved", person)

    async def _save(
        self,
        one: Case,
        kind: ledger.Kind,
        person: PersonToken,
        until: datetime | None = None,
    ) -> Case:
        def write(run: sqlite3.Connection) -> Withdrawal | None:
            cases.save(run, one)
            ledger.append(run, self._clock.now(), kind, _fields(one, person))
            return self._ordered(run, one, until)

        await self._tell_withdrawn(await self._write(write))
        self._changes.publish(Change("case", one.case_id))
        return one

    async def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._reader.look, work)

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with self._database.transaction() as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def both(first: Closing, second: Closing) -> Closing:
    """One after the other, in the same transaction."""

    def close(run: sqlite3.Connection, one: Case, person: PersonToken) -> None:
        first(run, one, person)
        second(run, one, person)

    return close


def _request(one: Case) -> PermitRequest:
    if not one.cameras:
        raise ProblemError("case.no-camera", "no camera is near the place yet")
    return PermitRequest(
        service=one.service,
        agency=one.agency,
        cameras=tuple(CameraName(device=c.device, camera=c.camera) for c in one.cameras),
        start_at=one.asked_at - timedelta(minutes=one.minutes_back),
        hours=one.hours,
        case=one.case,
        basis=one.basis,
        purpose=one.purpose,
    )


def _fields(one: Case, person: PersonToken) -> dict[str, object]:
    """What the ledger says of a case; it lies beside the chain and is erased in its time."""
    return {
        **plainly(one),
        "person": person.person,
        "rule": one.rule,
        "permit_id": one.permit_id,
        "note": one.note,
        "requester": one.personal and one.personal.requester.model_dump(),
        "cameras": camera_names(one),
    }


def _may_see(person: PersonToken, one: Case) -> bool:
    if APPROVERS & set(person.roles):
        return True
    return one.agency == person.agency and one.state in ("asked", "approved")
