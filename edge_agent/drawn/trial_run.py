"""Rules tried on what a ring holds: a process of its own that gives way to everything else.

`python -m edge_agent.drawn.trial_run` reads one TrialOrder from standard input and writes one
TrialNews a line. It ends with the agent that started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from edge_agent.clips.index import Segment
from edge_agent.drawn.ring_frames import RingFrames
from edge_agent.eyes import Eyes
from edge_agent.scene import Box, Finding, Frame
from wire.camera_rules import CameraRules
from wire.event import BoxParts
from wire.names import Moment, WireModel
from wire.rules import TrialFinding

KEPT = 500
"""Findings that a trial tells; whoever draws needs no more to see that it is too many."""
NEWS_EVERY_S = 1.0
NICENESS = 19
PR_SET_PDEATHSIG = 1

Which = Literal["draft", "in-force"]


class TrialOrder(WireModel):
    """What is to be tried on what."""

    camera: str
    folder: Path
    segments: tuple[Segment, ...]
    draft: CameraRules
    in_force: CameraRules
    model: str
    fine_model: str | None
    time_zone: str
    per_second: float = Field(gt=0)
    limit_s: float = Field(gt=0)


class TrialNews(WireModel):
    """How far it is; a finding opens under its number, and is told once more when it has ended."""

    reached_at: Moment | None = None
    number: int | None = None
    finding: TrialFinding | None = None
    left_out: int = 0
    state: Literal["running", "done", "timed-out"] = "running"


def run(
    order: TrialOrder,
    tell: Callable[[TrialNews], None],
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Tell what the rules would have told. Raises ModelError."""
    eyes = Eyes(order.model, order.fine_model, order.time_zone)
    both = (_named(order.draft, "draft"), _named(order.in_force, "in-force"))
    analysis = eyes.watch(*both)
    book = _Book(tell)
    ends_s = monotonic() + order.limit_s
    told_s = -NEWS_EVERY_S
    frames = RingFrames(order.camera, order.folder, order.segments, order.per_second)
    frame: Frame | None = None
    for frame in frames:
        for finding in analysis.step(frame).findings:
            book.take(finding, frame)
        now_s = monotonic()
        if now_s >= ends_s:
            book.end(frame)
            tell(TrialNews(reached_at=frame.received_at, left_out=book.left_out, state="timed-out"))
            return
        if now_s - told_s >= NEWS_EVERY_S:
            told_s = now_s
            tell(TrialNews(reached_at=frame.received_at, left_out=book.left_out))
    if frame is not None:
        book.end(frame)
    reached = None if frame is None else frame.received_at
    tell(TrialNews(reached_at=reached, left_out=book.left_out, state="done"))


class _Book:
    """Numbers findings, and puts their phases together."""

    def __init__(self, tell: Callable[[TrialNews], None]) -> None:
        self._tell = tell
        self._open: dict[tuple[str, str], tuple[int, TrialFinding]] = {}
        self._count = 0
        self.left_out = 0

    def take(self, finding: Finding, frame: Frame) -> None:
        key = (finding.rule, finding.key)
        if finding.phase == "close":
            ended = _wall(frame, finding.alarm_s if finding.end_s is None else finding.end_s)
            self._close(key, ended)
        elif key not in self._open and finding.phase == "open":
            if self._count >= KEPT:
                self.left_out += 1
                return
            self._open[key] = (self._count, _told(finding, frame))
            self._count += 1
            self._say(*self._open[key])

    def end(self, frame: Frame) -> None:
        """Nothing more comes: what is open is so until here."""
        for key in list(self._open):
            self._close(key, frame.received_at)

    def _close(self, key: tuple[str, str], ended: datetime) -> None:
        if key in self._open:
            number, told = self._open.pop(key)
            self._say(number, told.model_copy(update={"ended_at": max(ended, told.alarm_at)}))

    def _say(self, number: int, finding: TrialFinding) -> None:
        self._tell(TrialNews(number=number, finding=finding, left_out=self.left_out))


def _told(finding: Finding, frame: Frame) -> TrialFinding:
    which, _, rule = finding.rule.partition("/")
    alarm_at = _wall(frame, finding.alarm_s)
    return TrialFinding(
        rules="draft" if which == "draft" else "in-force",
        rule=rule,
        type=finding.type,
        zone=finding.zone,
        detail=finding.detail,
        severity=finding.severity,
        started_at=_wall(frame, finding.start_s),
        alarm_at=alarm_at,
        ended_at=alarm_at,
        confidence=min(1.0, max(0.0, finding.confidence)),
        label=finding.tracks[0].label if finding.tracks else None,
        box=None if finding.box is None else _parts(finding.box),
    )


def _named(rules: CameraRules, which: Which) -> CameraRules:
    """Whose rule it is stands before its id: both may have one of the same name."""
    named = tuple(
        rule.model_copy(update={"id": f"{which}/{rule.id}"})
        for rule in rules.rules
        if rule.type != "plate"
    )
    return rules.model_copy(update={"rules": named})


def _wall(frame: Frame, media_s: float) -> datetime:
    return frame.received_at - timedelta(seconds=frame.media_s - media_s)


def _parts(box: Box) -> BoxParts:
    x, y, right, bottom = (min(1.0, max(0.0, n)) for n in (box.x, box.y, box.right, box.bottom))
    return BoxParts(x=x, y=y, w=right - x, h=bottom - y)


def give_way() -> None:
    """Live analysis, recording and viewers go first, on the processor, the disk and in memory."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        # What is short of memory gives up a trial before anything else.
        Path("/proc/self/oom_score_adj").write_text("1000")


def _say(news: TrialNews) -> None:
    print(news.model_dump_json(exclude_none=True), flush=True)


if __name__ == "__main__":
    give_way()
    run(TrialOrder.model_validate_json(sys.stdin.buffer.read()), _say)
