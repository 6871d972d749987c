"""`/api/rules`: what a camera is watched for, its history, drafts, trials."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, Depends, Query

from collector.access import declares
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.said import korean
from collector.services.rules.desk import (
    CHANGERS,
    TRIERS,
    ChangeBody,
    DraftBody,
    RulesDesk,
    TrialBody,
)
from collector.services.rules.types import TypeFacts, type_facts
from collector.store import camera_rules, devices
from collector.store.camera_rules import Revision
from collector.store.database import Database
from wire.grant import PersonToken
from wire.names import Id, Moment, Name, Sha256, WireModel
from wire.rule_profiles import PROFILES
from wire.rules import RulesHealth, TrialShown
from wire.rules_check import RulesFaultsError, checked

WHAT = "seeing rules of a camera"


class FaultShown(WireModel):
    """One thing that is wrong with a draft, in both languages where the catalogue has it."""

    where: str
    message: str
    message_ko: str | None


class RevisionShown(WireModel):
    """A revision without its zones and rules."""

    revision: int
    sha256: Sha256
    made_at: Moment
    made_by: str | None
    """None: the box's own file."""
    reason: str
    state: Literal["waiting", "applied", "refused", "passed-over"]
    state_at: Moment
    code: str | None
    detail: str | None


class RulesShown(WireModel):
    """What is known here of a camera's rules."""

    told: RulesHealth | None
    """What the box says it goes by."""
    told_at: Moment | None
    revisions: tuple[RevisionShown, ...]
    """The newest first."""
    may_try: bool
    may_change: bool


class BaseShown(WireModel):
    """What to draw on."""

    configuration: dict[str, Any]
    sha256: Sha256
    revision: int
    reads_plates: bool | None


def build_router(desk: RulesDesk, database: Database, persons: Persons) -> APIRouter:
    """`/api/rules`."""
    router = APIRouter(prefix="/api/rules", tags=["rules"], dependencies=[declares()])
    changing = [Depends(same_origin)]

    def shown(device: str, camera: str, person: PersonToken) -> RulesShown:
        with database.reading() as run:
            history = camera_rules.all_of(run, device, camera)
            told = devices.rules(run, [device]).get((device, camera))
        return RulesShown(
            told=None if told is None else told[0],
            told_at=None if told is None else told[1],
            revisions=tuple(map(_shown, history)),
            may_try=bool(TRIERS & set(person.roles)),
            may_change=bool(CHANGERS & set(person.roles)),
        )

    def revision(device: str, camera: str, number: int) -> dict[str, Any]:
        with database.reading() as run:
            history = camera_rules.all_of(run, device, camera)
        found = next((one for one in history if one.revision == number), None)
        if found is None:
            raise ProblemError("rules.no-camera", f"there is no revision {number}")
        return found.configuration

    @router.get("/types")
    async def types(person: PersonToken = Depends(persons.required)) -> tuple[TypeFacts, ...]:
        """Types of rules with what each takes, bounds, units and defaults."""
        require(person, TRIERS, WHAT)
        return type_facts()

    @router.get("/profiles")
    async def profiles(
        person: PersonToken = Depends(persons.required),
    ) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Ready zones, rules and times by name, as a draft takes them."""
        require(person, TRIERS, WHAT)
        return dict(PROFILES)

    @router.post("/check", dependencies=changing)
    async def check(
        body: DraftBody, person: PersonToken = Depends(persons.required)
    ) -> tuple[FaultShown, ...]:
        """Everything that is wrong with a draft; nothing is kept."""
        require(person, TRIERS, WHAT)
        try:
            checked(body.configuration)
        except RulesFaultsError as error:
            return tuple(
                FaultShown(where=one.where, message=one.message, message_ko=korean(one.message))
                for one in error.faults
            )
        return ()

    @router.get("/{device}/{camera}")
    async def rules(
        device: Name, camera: Name, person: PersonToken = Depends(persons.required)
    ) -> RulesShown:
        """What the box says it goes by, and who changed what, when and why."""
        require(person, TRIERS, WHAT)
        return await asyncio.to_thread(shown, device, camera, person)

    @router.get("/{device}/{camera}/base")
    async def base(
        device: Name, camera: Name, person: PersonToken = Depends(persons.required)
    ) -> BaseShown:
        """What a draft is made of, asked of the box where it is there."""
        require(person, TRIERS, WHAT)
        found = await desk.base(device, camera)
        return BaseShown(
            configuration=found.configuration,
            sha256=found.sha256,
            revision=found.revision,
            reads_plates=found.reads_plates,
        )

    @router.get("/{device}/{camera}/revisions/{number}")
    async def one_revision(
        device: Name, camera: Name, number: int, person: PersonToken = Depends(persons.required)
    ) -> dict[str, Any]:
        """Zones, lines and rules as they were then."""
        require(person, TRIERS, WHAT)
        return await asyncio.to_thread(revision, device, camera, number)

    @router.put("/{device}/{camera}", dependencies=changing)
    async def change(
        device: Name,
        camera: Name,
        body: ChangeBody,
        person: PersonToken = Depends(persons.required),
    ) -> RevisionShown:
        """Have a camera watched for exactly this; a box that is away is told when it comes."""
        return _shown(await desk.change(person, device, camera, body))

    @router.post("/{device}/{camera}/trial", status_code=202, dependencies=changing)
    async def try_(
        device: Name,
        camera: Name,
        body: TrialBody,
        person: PersonToken = Depends(persons.required),
    ) -> TrialShown:
        """Try a draft on what the box recorded; times and places are told, no pictures."""
        return await desk.try_(person, device, camera, body)

    @router.get("/{device}/{camera}/trial")
    async def trial(
        device: Name,
        camera: Name,
        first: int = Query(0, ge=0, le=10_000),
        person: PersonToken = Depends(persons.required),
    ) -> TrialShown | None:
        """How far the newest trial is, and what it found from number `first` on; null without."""
        try:
            return await desk.trial(person, device, camera, first)
        except ProblemError as error:
            if error.code != "trial.unknown":
                raise
            return None

    @router.delete("/{device}/{camera}/trial/{trial_id}", dependencies=changing)
    async def end_trial(
        device: Name, camera: Name, trial_id: Id, person: PersonToken = Depends(persons.required)
    ) -> TrialShown:
        """Stop it; what was found stands."""
        return await desk.end_trial(person, device, camera, trial_id)

    return router


def _shown(one: Revision) -> RevisionShown:
    return RevisionShown(
        revision=one.revision,
        sha256=one.sha256,
        made_at=one.made_at,
        made_by=one.made_by,
        reason=one.reason,
        state=one.state,
        state_at=one.state_at,
        code=one.code,
        detail=one.detail,
    )
