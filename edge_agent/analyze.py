"""The camera's pipeline over a recording: the same stages, the same rules, deterministic."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from edge_agent.annotate import AnnotatedVideo, draw
from edge_agent.pipeline import Analysis, LooksCloser
from edge_agent.plates.stage import RecordedPlates
from edge_agent.recording import Recording
from edge_agent.rules.base import build_rules
from edge_agent.scene import Box, Finding, Passage
from edge_agent.sight.camera_sight import camera_sight
from edge_agent.sight.fire import FireNetwork, FireWatch
from edge_agent.sight.two_scales import SeesAtSize, TwoScales
from wire.camera_rules import CameraRules, RuleSpec

Progress = Callable[[float, float | None], None]
"""Called with the media time reached and the recording's length, in seconds."""


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """One finding over its whole life, in media time."""

    rule: str
    type: str
    start_s: float
    alarm_s: float
    end_s: float
    confidence: float
    zone: str | None
    tracks: tuple[int, ...]
    """Every track that took part, in the order in which they did."""
    box: Box | None
    """Where it was when the alarm was raised."""
    detail: str | None = None
    """What kind of it, where the type has several."""
    plate: Passage | None = None
    """Whose plate it is about."""

    def as_json(self) -> dict[str, Any]:
        """The finding as one line of the output, numbers rounded to what they are worth."""
        box = self.box
        return {
            "rule": self.rule,
            "type": self.type,
            "start_s": round(self.start_s, 3),
            "alarm_s": round(self.alarm_s, 3),
            "end_s": round(self.end_s, 3),
            "confidence": round(self.confidence, 3),
            "zone": self.zone,
            "tracks": list(self.tracks),
            "box": None if box is None else [round(n, 4) for n in (box.x, box.y, box.w, box.h)],
            "plate": None if self.plate is None else _plate_json(self.plate),
        } | ({} if self.detail is None else {"detail": self.detail})


def _plate_json(passage: Passage) -> dict[str, Any]:
    """The read in the words of `plates read`, with the list that it met, if any."""
    hit = passage.hits[0] if passage.hits else None
    box = passage.box
    return {
        "text": passage.read.text,
        "type": passage.read.type,
        "color": passage.read.colour,
        "confidence": round(passage.read.confidence, 3),
        "box": [round(n, 4) for n in (box.x, box.y, box.w, box.h)],
        "looks": passage.looks,
        "direction": passage.direction,
        "speed": passage.speed,
        "list": None if hit is None else hit.list_id,
        "listed": None if hit is None else hit.listed,
        "near": None if hit is None else hit.near,
    }


@dataclass(frozen=True, slots=True)
class Analyzed:
    """What a recording held."""

    findings: tuple[RecordedFinding, ...]
    """By alarm time."""
    pictures: int
    """Pictures that were analysed."""
    media_s: float
    """Media time of the last picture."""
    damaged: int
    """Packets that could not be decoded."""
    schedules_ignored: bool
    """True when the recording's time is unknown and rules with a schedule ran as always armed."""


def analyze(
    video: Path,
    asked: CameraRules,
    detector: SeesAtSize | TwoScales,
    *,
    closer: LooksCloser | None = None,
    fire: FireNetwork | None = None,
    plates: RecordedPlates | None = None,
    site_zone: tzinfo,
    per_second: float,
    started_at: datetime | None = None,
    annotate: Path | None = None,
    progress: Progress | None = None,
) -> Analyzed:
    """Run detector, tracker and rules over `video`, `per_second` pictures of media time a second.

    `closer` answers rules that ask for a person's posture; without it they decide by boxes alone.
    `fire` verifies what may burn or smoke; without it rules for fire and smoke find nothing.
    `plates` reads those of tracked vehicles; it remembers, so that each recording needs its own.
    Schedules are judged by `started_at`, the wall time of the first picture, or the file's own
    creation time. `annotate` names an MP4 to draw into. Nothing depends on the machine's clock or
    speed: the same input gives the same output.
    Raises RecordingError when the video cannot be read.
    """
    with contextlib.ExitStack() as stack:
        recording = stack.enter_context(Recording(video, started_at))
        untimed = recording.started_at is None and any(rule.schedule for rule in asked.rules)
        rules = build_rules(_always_armed(asked) if untimed else asked, site_zone)
        watch = None if fire is None else FireWatch(fire)
        analysis = Analysis(*camera_sight(detector), rules, closer, watch, plates)
        shape = recording.shape
        drawn = None
        if annotate is not None:
            drawn = stack.enter_context(
                AnnotatedVideo(annotate, shape.width, shape.height, per_second)
            )
        diary = _Diary()
        pictures, media_s = 0, 0.0
        last = None
        for frame in recording.frames(per_second):
            seen = analysis.step(frame)
            diary.take(seen.findings)
            pictures, media_s, last = pictures + 1, frame.media_s, frame
            if drawn is not None:
                now = draw(frame.image, media_s, asked, seen.tracks, diary.open)
                drawn.add(now, media_s)
            if progress is not None:
                progress(media_s, shape.duration_s)
        if last is not None:
            diary.take(analysis.finish(last).findings)
        diary.finish(media_s)
        return Analyzed(diary.findings(), pictures, media_s, recording.damaged, untimed)


def write_lines(findings: Iterable[RecordedFinding]) -> str:
    """The findings as JSON lines."""
    return "".join(json.dumps(finding.as_json(), ensure_ascii=False) + "\n" for finding in findings)


def _always_armed(asked: CameraRules) -> CameraRules:
    def armed(rule: RuleSpec) -> RuleSpec:
        return rule.model_copy(update={"schedule": ()})

    return asked.model_copy(update={"rules": tuple(armed(rule) for rule in asked.rules)})


class _Diary:
    """Puts the phases of each finding together."""

    def __init__(self) -> None:
        self.open: dict[str, Finding] = {}
        self._tracks: dict[str, list[int]] = {}
        self._first: dict[str, Finding] = {}
        self._done: list[RecordedFinding] = []

    def take(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            name = f"{finding.rule}/{finding.key}"
            self._first.setdefault(name, finding)
            known = self._tracks.setdefault(name, [])
            known += [track.id for track in finding.tracks if track.id not in known]
            self.open[name] = finding
            if finding.phase == "close":
                self._end(name)

    def finish(self, media_s: float) -> None:
        """The recording ended: what is still open ends with it."""
        for name, finding in list(self.open.items()):
            self.open[name] = replace(finding, end_s=media_s)
            self._end(name)

    def findings(self) -> tuple[RecordedFinding, ...]:
        return tuple(sorted(self._done, key=lambda f: (f.alarm_s, f.rule)))

    def _end(self, name: str) -> None:
        last, first = self.open.pop(name), self._first.pop(name)
        end_s = first.alarm_s if last.end_s is None else last.end_s
        self._done.append(
            RecordedFinding(
                rule=last.rule,
                type=last.type,
                start_s=last.start_s,
                alarm_s=last.alarm_s,
                end_s=end_s,
                confidence=last.confidence,
                zone=last.zone,
                tracks=tuple(self._tracks.pop(name)),
                box=first.box,
                plate=None if first.plate is None else first.plate.lighter(),
                detail=last.detail,
            )
        )
