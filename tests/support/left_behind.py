"""What the rules for things left behind say of composed clips, and how that is judged."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.analyze import Analyzed, RecordedFinding
from edge_agent.score import AFTER_S, BEFORE_S
from polewatch.accuracy.shipped import shipped_findings
from tests.accuracy.labelled import STREET, data, street
from tests.support.composition import Pixels, Staged, Staging, Thing, compose, cut_out
from wire.camera_rules import CameraRules

SECONDS: Final = 10.0
"""How long an owner must be away, by the rules' default."""

RULES: Final = ("abandonment", "dumping")

ASKED: Final = CameraRules.model_validate(
    {
        "zones": [{"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}],
        "rules": [{"id": kind, "type": kind, "zone": "all"} for kind in RULES],
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule said of one clip."""

    clip: Staged
    rule: str
    found: tuple[Thing, ...]
    missed: tuple[Thing, ...]
    false_s: tuple[float, ...]
    """When alarms were raised that belong to no drop."""
    disturbed: tuple[Thing, ...]
    """Things that were no drop at which an alarm was raised."""
    seconds: float


def footage(name: str) -> Path:
    """The clip of this name; fails with the remedy where it is missing."""
    return street() if name == STREET.name else data(name)


def outcomes(staging: Staging) -> Iterator[Outcome]:
    """Every clip of the list, judged for each of RULES."""
    pictures = data("coco/train2017/images")
    cutouts = {name: cut_out(pictures, what) for name, what in staging.objects.items()}
    with tempfile.TemporaryDirectory() as folder:
        composed = Path(folder) / "clip.mp4"
        for clip in sorted(staging.clips, key=lambda one: one.video):
            video = footage(clip.video)
            if not clip.pieces:
                said, per_second, size = shipped_findings(video, ASKED), 1.0, (1, 1)
            else:
                per_second, size = compose(clip, video, cutouts, composed)
                said = shipped_findings(composed, ASKED)
            for rule in RULES:
                yield judged(clip, rule, said, per_second, size)


def judged(
    clip: Staged, rule: str, said: Analyzed, per_second: float, size: tuple[int, int]
) -> Outcome:
    """Which drops were found: each by one alarm at the object, in time; every other is false."""
    alarms = [finding for finding in said.findings if finding.rule == rule]
    drops = [thing for thing in clip.things if is_drop(thing, rule)]
    found = []
    for drop in drops:
        right = [alarm for alarm in alarms if in_time(drop.left, alarm, per_second)]
        here = [alarm for alarm in right if at(drop.box, alarm, size)]
        if here:
            found.append(drop)
            alarms.remove(here[0])
    others = [thing for thing in clip.things if not is_drop(thing, rule)]
    return Outcome(
        clip,
        rule,
        tuple(found),
        tuple(drop for drop in drops if drop not in found),
        tuple(alarm.alarm_s for alarm in alarms),
        tuple(thing for thing in others if any(at(thing.box, alarm, size) for alarm in alarms)),
        said.media_s,
    )


def is_drop(thing: Thing, rule: str) -> bool:
    """Whether `rule` must find the thing: what vehicles leave is dumped, not abandoned."""
    return thing.kind == "drop" and (rule == "dumping" or thing.carrier == "person")


def in_time(left: int | None, alarm: RecordedFinding, per_second: float) -> bool:
    """Whether an alarm comes when the owner, gone since frame `left`, has been away long enough."""
    if left is None:
        return False
    due_s = left / per_second + SECONDS
    return due_s - BEFORE_S <= alarm.alarm_s <= due_s + AFTER_S


def at(box: Pixels, alarm: RecordedFinding, size: Sequence[int]) -> bool:
    """Whether the middle of the alarm's box is less than the object's size from the object's."""
    if alarm.box is None:
        return False
    x, y, w, h = box
    across = (alarm.box.x + alarm.box.w / 2) * size[0] - (x + w / 2)
    down = (alarm.box.y + alarm.box.h / 2) * size[1] - (y + h / 2)
    return abs(across) < w and abs(down) < h
