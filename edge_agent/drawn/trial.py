"""Trials of rules on what a ring holds: one at a time on a box, asked how far it is.

What works is a process of its own (`trial_run`). It may be stopped at any time, and ends with the
agent: a trial that a restart cut off is told as that when somebody asks for it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from edge_agent.clips.ring import Ring
from edge_agent.clips.segment import from_us
from edge_agent.drawn.desk import RulesDesk
from edge_agent.drawn.memory import free_bytes
from edge_agent.drawn.trial_run import TrialNews, TrialOrder
from edge_agent.ring_keeper import ring_folder
from edge_agent.uplink.commands import Answer, CommandFailedError
from wire.clock import Clock
from wire.command import Command, RulesTrialEnd, RulesTrialShow, RulesTry
from wire.rules import TOLD_AT_ONCE, RulesTrial, TrialFinding, TrialShown

LIMIT_S: Final = 3600.0
GRACE_S: Final = 60.0
"""A process that has not ended by itself so long after its time is ended."""
KEPT_S: Final = 3600.0
"""What was found is forgotten then."""
LEAST_FREE: Final = 500_000_000
MARK: Final = "trial.json"

log = structlog.get_logger()


@dataclass
class _Trial:
    shown: TrialShown
    """Without findings."""
    findings: list[TrialFinding] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    ended_s: float | None = None
    cancelled: bool = False


class TrialDesk:
    """Handlers of commands, on any thread. `start` once, `stop` once."""

    def __init__(
        self,
        folder: Path,
        rules: RulesDesk,
        rings: Mapping[str, Ring],
        clock: Clock,
        audit: Callable[..., None],
        *,
        limit_s: float = LIMIT_S,
        free: Callable[[], int] = free_bytes,
    ) -> None:
        """`folder` holds the mark of a trial that runs; `free` says how much memory is free."""
        self._mark = folder / MARK
        self._rules = rules
        self._rings = rings
        self._clock = clock
        self._audit = audit
        self._limit_s = limit_s
        self._free = free
        self._lock = threading.Lock()
        self._trial: _Trial | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Tell of a trial that a restart cut off."""
        try:
            cut = TrialShown.model_validate_json(self._mark.read_bytes())
            self._mark.unlink()
        except (OSError, ValueError):
            return
        cut = cut.model_copy(update={"state": "interrupted", "code": "trial.interrupted"})
        self._trial = _Trial(cut, ended_s=self._clock.monotonic())
        self._entry("rules.trial-ended", cut)

    def stop(self) -> None:
        """End what runs."""
        self._stopping = True
        with self._lock:
            trial, thread = self._trial, self._thread
        if trial is not None and trial.ended_s is None:
            self._kill(trial)
        if thread is not None:
            thread.join(5.0)

    def begin(self, command: Command) -> Answer:
        """`rules.try`: begun, or refused with a reason; goes on by itself."""
        if not isinstance(command.action, RulesTry):
            raise CommandFailedError("command.invalid", "no trial")
        asked = command.action.trial
        with self._lock:
            known = self._trial
            if known is not None and known.shown.trial_id == asked.trial_id:
                return Answer(trial=known.shown)
            if known is not None and known.ended_s is None:
                what = f"a trial of {known.shown.camera} runs"
                raise CommandFailedError("trial.busy", what)
            trial, order = self._prepared(asked)
            try:
                self._mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._mark.write_text(trial.shown.model_dump_json())
            except OSError as error:
                raise CommandFailedError("disk.full", f"{self._mark}: {error.strerror}") from error
            self._trial = trial
            self._thread = threading.Thread(
                target=self._run, args=(trial, order), name="trial", daemon=True
            )
            self._thread.start()
        self._entry("rules.tried", trial.shown)
        return Answer(trial=trial.shown)

    def show(self, command: Command) -> Answer:
        """`rules.trial.show`: the camera's newest trial, and what it found from a number on."""
        if not isinstance(command.action, RulesTrialShow):
            raise CommandFailedError("command.invalid", "no question about a trial")
        asked = command.action.question
        with self._lock:
            trial = self._of(asked.camera)
            part = tuple(trial.findings[asked.first : asked.first + TOLD_AT_ONCE])
            return Answer(
                trial=trial.shown.model_copy(update={"first": asked.first, "findings": part})
            )

    def end(self, command: Command) -> Answer:
        """`rules.trial.end`: stopped by whoever asked for it; what was found stands."""
        if not isinstance(command.action, RulesTrialEnd):
            raise CommandFailedError("command.invalid", "no trial to end")
        asked = command.action.end
        with self._lock:
            trial = self._of(asked.camera)
        if trial.shown.trial_id != asked.trial_id:
            raise CommandFailedError("trial.unknown", f"another trial of {asked.camera} is newer")
        if trial.ended_s is None:
            trial.cancelled = True
            self._kill(trial)
            if self._thread is not None:
                self._thread.join(5.0)
        with self._lock:
            return Answer(trial=trial.shown)

    def _of(self, camera: str) -> _Trial:
        trial = self._trial
        over = (
            trial is not None
            and trial.ended_s is not None
            and self._clock.monotonic() - trial.ended_s > KEPT_S
        )
        if trial is None or over or trial.shown.camera != camera:
            raise CommandFailedError("trial.unknown", f"no trial of {camera} is known")
        return trial

    def _prepared(self, asked: RulesTrial) -> tuple[_Trial, TrialOrder]:
        draft = self._rules.checked(asked.camera, asked.configuration)
        now = self._rules.rules(asked.camera)
        ring = self._rings.get(asked.camera)
        to_at = self._clock.now()
        from_at = to_at - timedelta(minutes=asked.minutes)
        segments = [] if ring is None else ring.segments(from_at, to_at)
        if not segments:
            what = f"nothing of {asked.camera} is recorded in the last {asked.minutes} minutes"
            raise CommandFailedError("trial.no-recording", what)
        if (free := self._free()) < LEAST_FREE:
            raise CommandFailedError("trial.no-room", f"{free // 1_000_000} MB of memory are free")
        settings = self._rules.settings
        camera = next(one for one in settings.cameras if one.id == asked.camera)
        order = TrialOrder(
            camera=asked.camera,
            folder=ring_folder(settings.data) / asked.camera,
            segments=tuple(segments),
            draft=draft,
            in_force=now,
            model=settings.model,
            fine_model=settings.fine_model,
            time_zone=settings.time_zone,
            per_second=camera.analysis_fps,
            limit_s=self._limit_s,
        )
        shown = TrialShown(
            trial_id=asked.trial_id,
            camera=asked.camera,
            state="running",
            detail=_untried(draft.rules, now.rules),
            from_at=from_us(segments[0].start_us),
            to_at=from_us(max(one.end_us for one in segments)),
            recorded_s=sum(one.end_us - one.start_us for one in segments) / 1e6,
        )
        return _Trial(shown), order

    def _run(self, trial: _Trial, order: TrialOrder) -> None:
        state, code = "failed", "trial.failed"
        try:
            state, code = self._watch(trial, order)
        except (OSError, ValueError) as error:
            log.error("trial.failed", camera=order.camera, error=str(error))
        if self._stopping:
            # Its mark stays: after the restart it is told as cut off.
            return
        if trial.cancelled:
            state, code = "cancelled", ""
        with self._lock:
            trial.shown = trial.shown.model_copy(update={"state": state, "code": code or None})
            trial.ended_s = self._clock.monotonic()
        self._mark.unlink(missing_ok=True)
        self._entry("rules.trial-ended", trial.shown)

    def _watch(self, trial: _Trial, order: TrialOrder) -> tuple[str, str]:
        """Have it run and take in what it tells; how it ended, with a code of wire.codes."""
        text = order.model_dump_json(by_alias=True, exclude_unset=True)
        # Started by this thread and no other: the process ends when the thread does.
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "edge_agent.drawn.trial_run"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            trial.process = process
            if trial.cancelled or self._stopping:
                process.kill()
            timer = threading.Timer(self._limit_s + GRACE_S, process.kill)
            timer.daemon = True
            timer.start()
            state = "failed"
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(text.encode())
                process.stdin.close()
                for line in process.stdout:
                    state = self._take(trial, TrialNews.model_validate_json(line))
            finally:
                timer.cancel()
                process.kill()
        match state:
            case "done":
                return state, ""
            case "timed-out":
                return state, "trial.timed-out"
        return "failed", "trial.failed"

    def _take(self, trial: _Trial, news: TrialNews) -> str:
        with self._lock:
            if news.finding is not None and news.number is not None:
                trial.findings[news.number : news.number + 1] = [news.finding]
            changed: dict[str, Any] = {"found": len(trial.findings), "left_out": news.left_out}
            if news.reached_at is not None:
                changed["reached_at"] = news.reached_at
            trial.shown = trial.shown.model_copy(update=changed)
        return news.state

    def _kill(self, trial: _Trial) -> None:
        if trial.process is not None:
            trial.process.kill()

    def _entry(self, action: str, shown: TrialShown) -> None:
        told = f"{shown.recorded_s / 60:.0f} minutes of recording"
        if action == "rules.trial-ended":
            told = f"{shown.state}, {shown.found} findings"
        self._audit(action, camera=shown.camera, code=shown.code, detail=told)


def _untried(*both: tuple[Any, ...]) -> str | None:
    if any(rule.type == "plate" for rules in both for rule in rules):
        return "rules for plates are not tried: what was read stays in the diary"
    return None
