"""Vehicle search: a question for a case, asked of the poles' own diaries, and merged into routes.

What comes back lives in this process's memory until the search is ended, its case is closed, or for
an hour: the centre keeps no plates. The ledger keeps who asked, for what case, and on what basis.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import structlog
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from collector import ledger
from collector.access import about, declares
from collector.commander import Commander, CommandError
from collector.config import CameraPlace
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body
from collector.services.plate_area import Key, LatePole, Line, PlateArea, SearchArea
from collector.services.plate_route import Route, Sighting, routes, sighting_of
from collector.store import traces
from collector.store.database import Database
from wire.clock import Clock
from wire.command import PlateCropCommand, PlateSearchCommand
from wire.grant import PersonToken
from wire.names import Id, Moment, Name, WireModel, new_id
from wire.plates import Paint, PlateAnswer, PlateCropQuestion, PlateRead, PlateSearch, VehicleKind

log = structlog.get_logger()

SEARCHERS: Final = frozenset({"operator", "supervisor"})
ANSWER_WITHIN_S: Final = 1.5
"""The first answer to the person; poles that take longer are added as they come."""
POLE_WITHIN_S: Final = 10.0
AT_ONCE: Final = 600
"""Poles that are asked at the same time; of `commander.MAX_PENDING` others need some."""
KEPT: Final = timedelta(hours=1)
MOST_KEPT: Final = 50
LOOK_EVERY_S: Final = 30.0
"""For searches whose hour or whose case is over."""
LONGEST: Final = timedelta(days=31)
WITHOUT_DIARY: Final = frozenset({"command.unsupported"})

PLATE_COLORS: Final = (
    "white", "yellow", "blue", "lightgreen", "green", "navy", "orange", "black", "unknown",
)  # fmt: skip
"""As the poles name them (DOMAIN §3): blue is electric, lightgreen corporate, green old private."""


class PlateSearchBody(Body):
    """What is searched for, and for what."""

    pattern: str = Field(
        min_length=2, max_length=24, description="A plate; `?` is one unknown character."
    )
    start_at: Moment
    end_at: Moment
    confusable: bool = Field(True, description="Look-alikes too: 가/거, 3/8, 1/7 …")
    types: tuple[str, ...] = Field((), max_length=20)
    colors: tuple[str, ...] = Field((), max_length=20)
    vehicles: tuple[VehicleKind, ...] = Field((), max_length=5)
    paints: tuple[Paint, ...] = Field((), max_length=8, description="The vehicle's own colours.")
    area: SearchArea | None = Field(None, description="The whole city when left out.")
    case: Line = Field(description="The agency's case number.")
    purpose: Line = Field(description="What it is for.")
    basis: Line = Field("", description="Legal basis, e.g. 개인정보 보호법 제18조제2항제7호.")
    agency: Name | None = Field(None, description="On whose behalf; the person's own if left out.")


class PlateSearchResult(WireModel):
    """How far a search is, and what was found."""

    search_id: Id
    state: Literal["asking", "done"]
    pattern: str
    case: str
    agency: Name
    person: str
    asked_at: Moment
    ends_at: Moment
    """Then nothing of it is left here."""
    asked: int
    answered: int
    without_diary: int
    """Poles that read no plates."""
    late: tuple[LatePole, ...]
    more: tuple[Name, ...]
    """Poles that have more reads than fit an answer: narrow the question."""
    routes: tuple[Route, ...]


@dataclass
class _Search:
    result: PlateSearchResult
    question: PlateSearch
    devices: tuple[str, ...]
    cameras: frozenset[Key] | None
    """Those of the area; None: all."""
    incident_id: str | None
    """Whose evidence it may become; None of a search across poles."""
    answers: dict[str, PlateAnswer] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    late: dict[str, str | None] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    forgetting: asyncio.Task[None] | None = None


class PlateSearchDesk:
    """Lives on the web application's event loop."""

    def __init__(
        self,
        database: Database,
        commander: Commander,
        area: PlateArea,
        places: Mapping[Key, CameraPlace],
        devices: Callable[[], Collection[str]],
        clock: Clock,
    ) -> None:
        """`devices`: all poles that are enrolled."""
        self._database = database
        self._commander = commander
        self._area = area
        self._places = places
        self._devices = devices
        self._clock = clock
        self._searches: dict[str, _Search] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def ask(self, person: PersonToken, body: PlateSearchBody) -> PlateSearchResult:
        """Ask the poles; what came within ANSWER_WITHIN_S. Raises ProblemError."""
        require(person, SEARCHERS, "searching for vehicles")
        self._check(body)
        cameras = self._area.cameras(body.area)
        devices = tuple(sorted(self._area.poles(body.area, self._devices())))
        if not devices:
            raise ProblemError("case.no-camera", "no camera stands in the area")
        question = PlateSearch(
            search_id=new_id(), pattern=body.pattern, start_at=body.start_at, end_at=body.end_at,
            confusable=body.confusable, types=body.types, colors=body.colors,
            vehicles=body.vehicles, paints=body.paints,
            case=body.case, basis=body.basis, purpose=body.purpose,
        )  # fmt: skip
        return await self.begin(person, question, body.agency or person.agency, devices, cameras)

    async def begin(
        self,
        person: PersonToken,
        question: PlateSearch,
        agency: str,
        devices: tuple[str, ...],
        cameras: frozenset[Key] | None,
        incident_id: str | None = None,
    ) -> PlateSearchResult:
        """Ask those poles what was allowed before; `incident_id`: of it alone. As `ask`."""
        if self._is_closed(question.case, agency):
            raise ProblemError("case.state", f"the case {question.case} is closed")
        now, search_id = self._clock.now(), question.search_id
        self._drop_old(now)
        result = PlateSearchResult(
            search_id=search_id, state="asking", pattern=question.pattern, case=question.case,
            agency=agency, person=person.person,
            asked_at=now, ends_at=now + KEPT, asked=len(devices), answered=0, without_diary=0,
            late=(), more=(), routes=(),
        )  # fmt: skip
        search = _Search(result, question, devices, cameras, incident_id)
        # Nobody is asked before it is written that he was.
        await self._enter("plates.searched", search, person)
        self._searches[search_id] = search
        search.forgetting = asyncio.create_task(self._forget_in_time(search_id))
        self._send(search, devices)
        await self._wait(search)
        return self._told(search)

    async def again(self, person: PersonToken, search_id: str) -> PlateSearchResult:
        """Ask those poles once more that have not answered."""
        search = self._known(person, search_id)
        waiting = [device for device, code in search.late.items() if code is not None]
        await self._enter("plates.searched", search, person)
        self._send(search, waiting)
        await self._wait(search)
        return self._told(search)

    def show(self, person: PersonToken, search_id: str) -> PlateSearchResult:
        """What there is by now."""
        return self._told(self._known(person, search_id))

    def list(self, person: PersonToken) -> list[PlateSearchResult]:
        """The agency's own searches that are kept, newest first, without what they found."""
        require(person, SEARCHERS, "searching for vehicles")
        self._drop_old(self._clock.now())
        mine = [one for one in self._searches.values() if _may(person, one)]
        return [
            self._told(one).model_copy(update={"routes": ()})
            for one in sorted(mine, key=lambda one: one.result.asked_at, reverse=True)
        ]

    async def end(self, person: PersonToken, search_id: str) -> None:
        """Forget what was found."""
        search = self._known(person, search_id)
        self._forget(search_id)
        await self._enter("plates.forgotten", search, person)

    def read_of(
        self, person: PersonToken, search_id: str, incident_id: str, row: int
    ) -> tuple[PlateSearch, str, PlateRead]:
        """Question, agency and the read that was found for that incident. Raises ProblemError."""
        search = self._known(person, search_id)
        read = next(
            (one for a in search.answers.values() for one in a.reads if one.row == row), None
        )
        if search.incident_id != incident_id or read is None:
            raise ProblemError("case.unknown", "nothing of it was found for this incident")
        return search.question, search.result.agency, read

    def _check(self, body: PlateSearchBody) -> None:
        check_reasons(body.case, body.purpose, body.basis)
        if not timedelta(0) < body.end_at - body.start_at <= LONGEST:
            raise ProblemError(
                "request.invalid",
                f"end_at: must follow start_at within {LONGEST.days} days",
            )
        if sum(one.isalnum() for one in body.pattern) < 2:
            raise ProblemError("request.invalid", "pattern: at least 2 characters must be known")

    def _send(self, search: _Search, devices: Collection[str]) -> None:
        for device in devices:
            search.late[device] = None
            task = asyncio.create_task(self._one(search, device))
            search.tasks.add(task)
            task.add_done_callback(search.tasks.discard)

    async def _one(self, search: _Search, device: str) -> None:
        action = PlateSearchCommand(search=search.question)
        try:
            async with self._gate:
                reply = await self._commander.ask(device, action, POLE_WITHIN_S)
        except CommandError as error:
            if error.code in WITHOUT_DIARY:
                search.without.add(device)
                search.late.pop(device, None)
            else:
                search.late[device] = error.code
            return
        if reply.plates is None or reply.plates.search_id != search.question.search_id:
            search.late[device] = "internal"
            return
        search.answers[device] = reply.plates
        search.late.pop(device, None)

    async def _wait(self, search: _Search) -> None:
        if search.tasks:
            await asyncio.wait(search.tasks, timeout=ANSWER_WITHIN_S)

    def _told(self, search: _Search) -> PlateSearchResult:
        seen = [
            self._sighting(search, device, read)
            for device, answer in search.answers.items()
            for read in answer.reads
            if search.cameras is None or (device, read.camera) in search.cameras
        ]
        return search.result.model_copy(
            update={
                "state": "asking" if search.tasks else "done",
                "answered": len(search.answers),
                "without_diary": len(search.without),
                "late": tuple(
                    LatePole(device=device, code=code)
                    for device, code in sorted(search.late.items())
                ),
                "more": tuple(sorted(d for d, answer in search.answers.items() if answer.more)),
                "routes": routes(seen),
            }
        )

    def _sighting(self, search: _Search, device: str, read: PlateRead) -> Sighting:
        seen = sighting_of(self._places.get((device, read.camera)), device, read)
        if read.row is None:
            return seen
        crop = f"/api/plates/searches/{search.result.search_id}/crops/{device}/{read.row}"
        return seen.model_copy(update={"crop": crop})

    async def crop(self, person: PersonToken, search_id: str, device: str, row: int) -> bytes:
        """The picture of a read that the search found, asked of its pole now. Raises ProblemError.

        It is kept nowhere here; the pole's audit names the question and the case.
        """
        search = self._known(person, search_id)
        answer = search.answers.get(device)
        reads = () if answer is None else answer.reads
        read = next((one for one in reads if one.row == row), None)
        if read is None or read.crop_sha256 is None:
            raise ProblemError("still.unknown", "the search found no such read", status=404)
        asked = search.question
        question = PlateCropQuestion(
            search_id=search_id, row=row, sha256=read.crop_sha256,
            case=asked.case, basis=asked.basis, purpose=asked.purpose,
        )  # fmt: skip
        try:
            async with self._gate:
                reply = await self._commander.ask(
                    device, PlateCropCommand(question=question), POLE_WITHIN_S
                )
        except CommandError as error:
            raise ProblemError(error.code, error.detail) from error
        jpeg = b64decode(reply.crop or "")
        if hashlib.sha256(jpeg).hexdigest() != read.crop_sha256:
            raise ProblemError("internal", f"{device} sent another picture than it had named")
        return jpeg

    def _known(self, person: PersonToken, search_id: str) -> _Search:
        self._drop_old(self._clock.now())
        search = self._searches.get(search_id)
        if search is None or not _may(person, search):
            require(person, SEARCHERS, "searching for vehicles")
            raise ProblemError("case.unknown", "there is no such search, or its hour is over")
        return search

    def _is_closed(self, case: str, agency: str) -> bool:
        with self._database.reading() as run:
            return traces.is_closed_case(run, case, agency)

    async def _forget_in_time(self, search_id: str) -> None:
        """Also when nobody asks for it any more."""
        while search_id in self._searches:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                self._drop_old(self._clock.now())
            except sqlite3.Error as error:
                log.error("plates.storage", error=str(error))

    def _drop_old(self, now: datetime) -> None:
        kept = sorted(self._searches.items(), key=lambda item: item[1].result.asked_at)
        most = len(kept) - MOST_KEPT + 1
        for at, (search_id, one) in enumerate(kept):
            told = one.result
            if told.ends_at <= now or at < most or self._is_closed(told.case, told.agency):
                self._forget(search_id)

    def _forget(self, search_id: str) -> None:
        gone = self._searches.pop(search_id)
        for task in (*gone.tasks, gone.forgetting):
            if task is not None:
                task.cancel()

    async def _enter(self, kind: ledger.Kind, search: _Search, person: PersonToken) -> None:
        asked = search.question
        fields = {
            "search_id": asked.search_id,
            "person": person.person,
            "agency": search.result.agency,
            "case": asked.case,
            "basis": asked.basis,
            "purpose": asked.purpose,
            "pattern": asked.pattern,
            "narrowed_to": ", ".join((*asked.types, *asked.colors, *asked.vehicles, *asked.paints))
            or None,
            "camera": asked.camera,
            "incident_id": search.incident_id,
            "start_at": asked.start_at.isoformat(),
            "end_at": asked.end_at.isoformat(),
            "poles": len(search.devices),
            "answered": len(search.answers),
        }

        def write() -> None:
            with self._database.transaction() as run:
                ledger.append(run, self._clock.now(), kind, fields)

        await asyncio.to_thread(write)


def build_router(desk: PlateSearchDesk, persons: Persons) -> APIRouter:
    """`/api/plates/searches`."""
    router = APIRouter(prefix="/api/plates/searches", tags=["plates"])
    changing = [Depends(same_origin)]
    one = declares("plates", record="search_id")

    @router.post("", status_code=201, dependencies=[declares("plates"), *changing])
    async def ask(
        body: PlateSearchBody, request: Request, person: PersonToken = Depends(persons.required)
    ) -> PlateSearchResult:
        """Ask the poles' diaries for a case; answers within 1.5 s with what has come by then."""
        about(request, case=body.case)
        return await desk.ask(person, body)

    @router.get("", dependencies=[declares("plates")])
    async def list_searches(
        person: PersonToken = Depends(persons.required),
    ) -> list[PlateSearchResult]:
        """Searches of the person's agency that are not over yet, without what they found."""
        return desk.list(person)

    @router.get("/{search_id}", dependencies=[one])
    async def show(
        search_id: Id, request: Request, person: PersonToken = Depends(persons.required)
    ) -> PlateSearchResult:
        """What has come by now."""
        found = desk.show(person, search_id)
        about(request, case=found.case)
        return found

    @router.post("/{search_id}/again", dependencies=[one, *changing])
    async def again(
        search_id: Id, request: Request, person: PersonToken = Depends(persons.required)
    ) -> PlateSearchResult:
        """Ask the poles once more that have not answered."""
        found = await desk.again(person, search_id)
        about(request, case=found.case)
        return found

    @router.get("/{search_id}/crops/{device}/{row}", dependencies=[one])
    async def crop(
        search_id: Id,
        device: Name,
        row: Annotated[int, Path(ge=1)],
        request: Request,
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """The plate's picture of one read, asked of its pole when somebody looks."""
        about(request, case=desk.show(person, search_id).case)
        jpeg = await desk.crop(person, search_id, device, row)
        headers = {"Cache-Control": "no-store"}
        return Response(jpeg, media_type="image/jpeg", headers=headers)

    @router.delete("/{search_id}", status_code=204, dependencies=[declares(), *changing])
    async def end(search_id: Id, person: PersonToken = Depends(persons.required)) -> Response:
        """Forget what was found."""
        await desk.end(person, search_id)
        return Response(status_code=204)

    return router


def check_reasons(case: str, purpose: str, basis: str) -> None:
    """Raises ProblemError unless a question has a case, a purpose and a legal basis."""
    if not basis:
        raise ProblemError("case.no-basis")
    for name, value in (("case", case), ("purpose", purpose)):
        if not value:
            raise ProblemError("request.invalid", f"{name}: must not be empty")


def _may(person: PersonToken, search: _Search) -> bool:
    return search.result.person == person.person or "supervisor" in person.roles
