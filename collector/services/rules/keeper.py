"""Leads each box to the newest rules of its cameras; one that is away is led when it comes back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from collector.commander import Commander, CommandError
from collector.keeper import Keeper
from collector.orders import RETRYABLE
from collector.store import camera_rules, devices
from collector.store.camera_rules import Revision
from collector.store.database import Database
from wire.clock import Clock
from wire.command import ConfigApply
from wire.rules import RulesChange, RulesHealth

AT_ONCE = 16
LOOK_EVERY_S = 5.0
AGAIN_S = 60.0
SETTLES = timedelta(seconds=2)
"""A health message may have been on its way while the box answered."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about a camera: told by its box that all is well, or to be sent."""

    what: Literal["confirm", "send"]
    replaces_sha256: str = ""


def next_step(
    newest: Revision,
    known: Collection[str],
    told: RulesHealth | None,
    told_at: datetime | None,
) -> Step | None:
    """None when the box is where it should be, or has refused. Pure.

    `known` are the hashes of all earlier writings, `told` what the box's health named at
    `told_at`. A box that stands where none of us has seen it is not led past what somebody may
    have written there: it refuses what replaces something else, and people are told.
    """
    if newest.state == "refused":
        return None
    believed = told is not None and told_at is not None and told_at > newest.state_at + SETTLES
    if newest.state == "applied":
        if not believed or told is None or told.sha256 == newest.sha256:
            return None
        # It had them once: its card was changed, or a copy of it put back.
        return Step("send", told.sha256)
    if believed and told is not None and told.sha256 == newest.sha256:
        return Step("confirm")
    seen = told is not None and told.sha256 in known
    base = told.sha256 if told is not None and seen else newest.replaces_sha256
    return Step("send", base or "")


class RulesKeeper(Keeper[tuple[Revision, Step]]):
    """`wake` when rules changed."""

    def __init__(self, database: Database, commander: Commander, clock: Clock) -> None:
        super().__init__("rules", clock, every_s=LOOK_EVERY_S, again_s=AGAIN_S, at_once=AT_ONCE)
        self._database = database
        self._commander = commander

    def _due(self) -> Collection[tuple[Revision, Step]]:
        """One step of each box."""
        with self._database.reading() as run:
            newest = camera_rules.newest(run)
            told = devices.rules(run, {one.device for one in newest})
            known = {
                (one.device, one.camera): camera_rules.hashes(run, one.device, one.camera)
                for one in newest
                if one.state not in ("applied", "refused")
            }
        steps: dict[str, tuple[Revision, Step]] = {}
        for one in newest:
            key = (one.device, one.camera)
            step = next_step(one, known.get(key, ()), *told.get(key, (None, None)))
            if step is not None and not self._pauses(one.device):
                steps.setdefault(one.device, (one, step))
        return steps.values()

    async def _take(self, step: tuple[Revision, Step]) -> None:
        one, next_one = step
        if next_one.what == "send":
            change = RulesChange(
                camera=one.camera,
                revision=one.revision,
                replaces_sha256=next_one.replaces_sha256,
                configuration=one.configuration,
            )
            await self._commander.ask(one.device, ConfigApply(change=change))
        with self._database.transaction() as run:
            camera_rules.settle(run, one, "applied", self._clock.now())

    def _failed(self, step: tuple[Revision, Step], error: CommandError) -> None:
        one, _ = step
        log.warning("rules.unsent", device=one.device, camera=one.camera, code=error.code)
        if error.code in RETRYABLE:
            self._pause(one.device)
            return
        with self._database.transaction() as run:
            camera_rules.settle(
                run, one, "refused", self._clock.now(), error.code, (error.detail or "")[:500]
            )
