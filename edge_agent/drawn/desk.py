"""Where rules arrive that somebody drew at the centre: checked, kept, and watched for from then on.

Only the one camera's rules are built anew. Its reading, recording, viewers, tracks and pictures go
on as they were; findings that are open under its old rules are closed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping

import structlog

from edge_agent.config import AgentSettings
from edge_agent.drawn.vault import LOST, InForce, RulesVault, effective, in_force
from edge_agent.rules.base import wants_plates
from edge_agent.uplink.commands import Answer, CommandFailedError
from models.registry import ModelError
from wire.camera_rules import CameraRules
from wire.clock import Clock
from wire.command import Command, ConfigApply, RulesShow
from wire.rules import RulesChange, RulesHealth, RulesInForce, rules_sha256
from wire.rules_check import RulesFaultsError, checked

Prepare = Callable[[str, CameraRules], Callable[[], None]]
"""Builds what watches a camera for rules; what it returns puts that in the place of the old."""

log = structlog.get_logger()


class RulesDesk:
    """Handlers of commands, on any thread. What is applied is on the disk before it counts."""

    def __init__(
        self,
        settings: AgentSettings,
        vault: RulesVault,
        counts: Mapping[str, InForce],
        clock: Clock,
        audit: Callable[..., None],
    ) -> None:
        """`settings` as the box's file has them, `counts` what counts for each camera now."""
        self._file = settings
        self._vault = vault
        self._clock = clock
        self._audit = audit
        self._lock = threading.Lock()
        self._counts = dict(counts)
        self._prepare: Prepare | None = None
        self._plates: Collection[str] = ()
        self._sha256 = self.settings.sha256()

    def watches(self, prepare: Prepare, plates: Collection[str]) -> None:
        """The cameras run: `prepare` changes one's rules; those of `plates` can read plates."""
        self._prepare = prepare
        self._plates = plates

    @property
    def settings(self) -> AgentSettings:
        """As they count now."""
        return effective(self._file, self._counts)

    def sha256(self) -> str:
        """Of the settings as they count now, for events."""
        return self._sha256

    def told(self, camera: str) -> RulesHealth:
        """As health reports it."""
        return self._counts[camera].told

    def rules(self, camera: str) -> CameraRules:
        """In force now. Raises CommandFailedError for a camera that the box does not have."""
        return self._known(camera).rules

    @property
    def faults(self) -> set[str]:
        """Codes of wire.codes."""
        return {LOST} if self._vault.unreadable else set()

    def show(self, command: Command) -> Answer:
        """`rules.show`."""
        if not isinstance(command.action, RulesShow):
            raise CommandFailedError("command.invalid", "no question about rules")
        return self._answer(command.action.question.camera)

    def apply(self, command: Command) -> Answer:
        """`config.apply`: all of it, or nothing with a reason."""
        if not isinstance(command.action, ConfigApply):
            raise CommandFailedError("command.invalid", "no rules")
        change = command.action.change
        try:
            with self._lock:
                applied = self._apply(change)
        except CommandFailedError as refusal:
            detail = f"revision {change.revision}: {refusal.message}"[:500]
            log.warning("rules.refused", camera=change.camera, code=refusal.code)
            self._audit("config.refused", camera=change.camera, code=refusal.code, detail=detail)
            raise
        if applied:
            told = self.told(change.camera)
            detail = f"revision {told.revision} of the rules, {told.sha256[:12]}"
            log.info("rules.applied", camera=change.camera, revision=told.revision)
            self._audit("config.applied", camera=change.camera, detail=detail)
        return self._answer(change.camera)

    def _apply(self, change: RulesChange) -> bool:
        """False when they are in force already: the order came twice."""
        known = self._known(change.camera)
        rules = self.checked(change.camera, change.configuration)
        if (change.revision, rules_sha256(rules)) == (known.told.revision, known.told.sha256):
            return False
        if change.replaces_sha256 != known.told.sha256 or change.revision <= known.told.revision:
            raise CommandFailedError(
                "rules.stale",
                f"revision {known.told.revision} ({known.told.sha256[:12]}) is in force, "
                f"not {change.replaces_sha256[:12]}",
            )
        if self._prepare is None:
            raise CommandFailedError("command.busy", "the box is starting")
        try:
            swap = self._prepare(change.camera, rules)
        except ModelError as error:
            raise CommandFailedError("model.missing", str(error)) from error
        since = self._clock.now()
        try:
            self._vault.save(change.camera, change.revision, since, rules)
        except OSError as error:
            raise CommandFailedError(
                "disk.full", f"the rules could not be kept: {error.strerror}"
            ) from error
        swap()
        self._counts[change.camera] = in_force(rules, revision=change.revision, since=since)
        self._sha256 = self.settings.sha256()
        return True

    def checked(self, camera: str, configuration: dict[str, object]) -> CameraRules:
        """Rules that this camera can be watched for. Raises CommandFailedError."""
        try:
            rules = checked(configuration)
        except RulesFaultsError as error:
            raise CommandFailedError("rules.invalid", str(error)) from error
        if wants_plates(rules) and camera not in self._plates:
            raise CommandFailedError("rules.no-plates", f"{camera} was not set up to read plates")
        return rules

    def _known(self, camera: str) -> InForce:
        found = self._counts.get(camera)
        if found is None:
            raise CommandFailedError("rules.no-camera", f"no camera {camera} on this box")
        return found

    def _answer(self, camera: str) -> Answer:
        known = self._known(camera)
        return Answer(
            rules=RulesInForce(
                camera=camera,
                told=known.told,
                configuration=known.rules.model_dump(
                    mode="json", by_alias=True, exclude_unset=True
                ),
                reads_plates=camera in self._plates,
            )
        )
