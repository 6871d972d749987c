"""Changing the rules of a camera, and trying them: who may, on what, and what is written of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from collector import ledger
from collector.commander import Commander, CommandError
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body
from collector.store import camera_rules, devices
from collector.store.camera_rules import Revision
from collector.store.database import Database
from wire.clock import Clock
from wire.command import Action, Reply, RulesShow, RulesTrialEnd, RulesTrialShow, RulesTry
from wire.grant import PersonToken
from wire.names import Name, Sha256, new_id, utc_text
from wire.rules import (
    LONGEST_TRIAL_MINUTES,
    RulesInForce,
    RulesQuestion,
    RulesTrial,
    TrialEnd,
    TrialQuestion,
    TrialShown,
    canonical,
    rules_sha256,
)
from wire.rules_check import RulesFaultsError, checked

CHANGERS: Final = frozenset({"operator", "supervisor", "administrator"})
TRIERS: Final = CHANGERS | {"technician"}

Reason = Annotated[str, StringConstraints(min_length=2, max_length=200, strip_whitespace=True)]


class DraftBody(Body):
    """Zones, lines and rules of one camera, as in its box's file."""

    configuration: dict[str, Any]


class TrialBody(DraftBody):
    """... to be tried on what is recorded."""

    minutes: int = Field(LONGEST_TRIAL_MINUTES, ge=1, le=LONGEST_TRIAL_MINUTES)
    reason: Reason = Field(description="What for; it stands in the ledger.")


class ChangeBody(DraftBody):
    """... to count from now on."""

    replaces_sha256: Sha256 = Field(description="Of the rules that the draft was made of.")
    reason: Reason = Field(description="Why; it stands in the ledger and in the history.")


@dataclass(frozen=True, slots=True)
class Base:
    """What a draft is made of."""

    configuration: dict[str, Any]
    sha256: str
    revision: int
    """0: the box's own."""
    stored: bool
    """Whether it stands among the centre's revisions."""
    reads_plates: bool | None
    """None when the box could not be asked."""


class RulesDesk:
    """Lives on the web application's event loop."""

    def __init__(
        self,
        database: Database,
        commander: Commander,
        clock: Clock,
        devices_of: Callable[[], Collection[str]],
        wake: Callable[[], None],
    ) -> None:
        """`devices_of`: all boxes that are enrolled; `wake`: they are to be led on."""
        self._database = database
        self._commander = commander
        self._clock = clock
        self._devices_of = devices_of
        self._wake = wake

    async def base(self, device: Name, camera: Name) -> Base:
        """What to draw on: what waits for the box or was applied last, else what it goes by.

        Raises ProblemError, as when the box is away and nothing of it is known here.
        """
        self._known(device, camera)
        history = await asyncio.to_thread(self._history, device, camera)
        try:
            there = await self._in_force(device, camera)
        except ProblemError:
            one = next((one for one in history if one.state != "refused"), None)
            if one is None:
                raise
            return Base(one.configuration, one.sha256, one.revision, True, None)
        if history and history[0].state in ("waiting", "applied"):
            one = history[0]
            return Base(one.configuration, one.sha256, one.revision, True, there.reads_plates)
        stored = next((one for one in history if one.sha256 == there.told.sha256), None)
        return Base(
            there.configuration,
            there.told.sha256,
            there.told.revision if stored is None else stored.revision,
            stored is not None,
            there.reads_plates,
        )

    async def change(
        self, person: PersonToken, device: Name, camera: Name, body: ChangeBody
    ) -> Revision:
        """A new revision, on its way to the box. Raises ProblemError."""
        require(person, CHANGERS, "changing rules of a camera")
        rules = _checked(body.configuration)
        base = await self.base(device, camera)
        now = self._clock.now()

        def write() -> Revision:
            with self._database.transaction() as run:
                history = camera_rules.all_of(run, device, camera)
                newest = history[0] if history else None
                counts = newest is not None and newest.state in ("waiting", "applied")
                stands = newest.sha256 if newest is not None and counts else base.sha256
                if body.replaces_sha256 != stands:
                    raise ProblemError("rules.stale", _who(newest))
                number = -1 if newest is None else newest.revision
                if not base.stored and not counts:
                    number += 1
                    camera_rules.add(
                        run,
                        Revision(
                            device, camera, number, base.sha256, None, base.configuration,
                            now, None, "", "applied", now,
                        ),
                    )  # fmt: skip
                told = devices.rules(run, [device]).get((device, camera))
                number = max(number, 0 if told is None else told[0].revision) + 1
                made = Revision(
                    device, camera, number, rules_sha256(rules), stands, canonical(rules),
                    now, person.person, body.reason, "waiting", now,
                )  # fmt: skip
                camera_rules.add(run, made)
                self._enter(run, "rules.changed", person, made.device, made.camera, {
                    "revision": number, "sha256": made.sha256, "replaces": stands,
                    "reason": body.reason, "zones": len(rules.zones), "lines": len(rules.lines),
                    "rules": [f"{one.id}: {one.type}" for one in rules.rules],
                })  # fmt: skip
                return made

        made = await asyncio.to_thread(write)
        self._wake()
        return made

    async def try_(
        self, person: PersonToken, device: Name, camera: Name, body: TrialBody
    ) -> TrialShown:
        """Have the box try a draft on what it recorded. Raises ProblemError."""
        require(person, TRIERS, "trying rules of a camera")
        self._known(device, camera)
        rules = _checked(body.configuration)
        trial = RulesTrial(
            trial_id=new_id(), camera=camera, minutes=body.minutes, configuration=canonical(rules)
        )

        def write() -> None:
            with self._database.transaction() as run:
                fields = {"trial_id": trial.trial_id, "minutes": body.minutes}
                self._enter(
                    run, "rules.tried", person, device, camera, {**fields, "reason": body.reason}
                )

        # No box is asked before it is written that it was.
        await asyncio.to_thread(write)
        return _trial(await self._ask(device, RulesTry(trial=trial)))

    async def trial(
        self, person: PersonToken, device: Name, camera: Name, first: int
    ) -> TrialShown:
        """How far the camera's newest trial is. Raises ProblemError."""
        require(person, TRIERS, "trying rules of a camera")
        self._known(device, camera)
        question = TrialQuestion(camera=camera, first=first)
        return _trial(await self._ask(device, RulesTrialShow(question=question)))

    async def end_trial(
        self, person: PersonToken, device: Name, camera: Name, trial_id: str
    ) -> TrialShown:
        """Stop it; what was found stands. Raises ProblemError."""
        require(person, TRIERS, "trying rules of a camera")
        self._known(device, camera)
        end = TrialEnd(camera=camera, trial_id=trial_id)
        return _trial(await self._ask(device, RulesTrialEnd(end=end)))

    def _history(self, device: str, camera: str) -> list[Revision]:
        with self._database.reading() as run:
            return camera_rules.all_of(run, device, camera)

    async def _in_force(self, device: str, camera: str) -> RulesInForce:
        reply = await self._ask(device, RulesShow(question=RulesQuestion(camera=camera)))
        if reply.rules is None:
            raise ProblemError("internal", "the box answered without its rules")
        return reply.rules

    async def _ask(self, device: str, action: Action) -> Reply:
        try:
            return await self._commander.ask(device, action)
        except CommandError as error:
            raise ProblemError(error.code, error.detail) from error

    def _known(self, device: str, camera: str) -> None:
        if device not in self._devices_of():
            raise ProblemError("rules.no-camera", f"there is no camera {device}/{camera}")

    def _enter(
        self,
        run: sqlite3.Connection,
        kind: ledger.Kind,
        person: PersonToken,
        device: str,
        camera: str,
        fields: dict[str, object],
    ) -> None:
        who = {"person": person.person, "agency": person.agency}
        about = {"device": device, "camera": camera}
        ledger.append(run, self._clock.now(), kind, {**who, **about, **fields})


def _checked(configuration: dict[str, Any]) -> Any:
    try:
        return checked(configuration)
    except RulesFaultsError as error:
        told = "; ".join(f"{one.where}: {one.message}" for one in error.faults[:5])
        raise ProblemError("rules.invalid", told) from error


def _trial(reply: Reply) -> TrialShown:
    if reply.trial is None:
        raise ProblemError("internal", "the box answered without its trial")
    return reply.trial


def _who(newest: Revision | None) -> str:
    if newest is None or newest.made_by is None:
        return "the box's own file was changed since these rules were loaded"
    return (
        f"{newest.made_by} made revision {newest.revision} at {utc_text(newest.made_at)}: "
        f"{newest.reason}"
    )
