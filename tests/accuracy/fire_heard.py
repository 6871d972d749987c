"""What the fire and smoke rules say of a clip, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from edge_agent.recording import Recording
from edge_agent.rules.base import build_rules
from edge_agent.scene import Sighting
from edge_agent.sight.fire import FireNetwork, FireWatch
from models.registry import Registry
from polewatch.accuracy.shipped import PER_SECOND, shipped_findings
from tests.support.fire_scenes import Picture
from wire.camera_rules import CameraRules

BEFORE_S: Final = 2.0
AFTER_S: Final = 10.0
KINDS: Final = ("fire", "smoke")
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
RULES: Final = CameraRules.model_validate({"rules": [{"id": k, "type": k} for k in KINDS]})
WHOLE: Final = (
    f"the whole pipeline, both rules with their defaults, {PER_SECOND:g} pictures a second"
)
ALONE: Final = (
    f"the fire stage and its rules with their defaults, {PER_SECOND:g} pictures a second; a clip "
    "that alarmed was encoded and run through the whole pipeline, whose detector can call off "
    "alarms on people, and its alarms count"
)

Alarm = tuple[str, float]
"""Kind and media time."""


def heard(path: Path, start_s: float, kind: str) -> tuple[bool, str]:
    """Whether an alarm of `kind` came in time, and a line that tells."""
    times = [at for name, at in whole(path) if name == kind]
    good = [at for at in times if start_s - BEFORE_S <= at <= start_s + AFTER_S]
    if good:
        return True, f"{path.stem}: {good[0] - start_s:+.1f} s."
    return False, f"{path.stem}: missed{f', alarms at {times}' if times else ''}."


def whole(path: Path) -> list[Alarm]:
    """The alarms of the whole pipeline."""
    return [(found.type, found.alarm_s) for found in shipped_findings(path, RULES).findings]


def alone(pictures: Iterable[tuple[float, Picture]]) -> list[Alarm]:
    """The alarms of the fire stage without the detector; each picture with its media time."""
    watch, rules, found = FireWatch(network()), build_rules(RULES, UTC), []
    for at, picture in pictures:
        sighting = Sighting(at, EPOCH, burning=watch.update(picture, at))
        for rule in rules:
            said = rule.update(sighting)
            found += [(one.type, one.alarm_s) for one in said if one.phase == "open"]
    return found


def recorded(path: Path) -> Iterator[tuple[float, Picture]]:
    """The pictures of a clip that the product would analyse."""
    with Recording(path) as recording:
        for frame in recording.frames(PER_SECOND):
            yield frame.media_s, frame.image


def hours(path: Path) -> float:
    """How long a clip is."""
    with Recording(path) as recording:
        length = recording.shape.duration_s
    assert length, f"{path} does not tell its length"
    return length / 3600


@cache
def network() -> FireNetwork:
    """The shipped network."""
    return FireNetwork(Registry.default())


def model() -> str:
    """The fire network's name and the beginning of its hash."""
    found = network().model
    return f"{found.name} {found.sha256[:12]}"


def listed(lines: Iterable[str]) -> list[str]:
    """The lines as one note, or none."""
    text = "\n".join(f"* {line}" for line in lines)
    return [text] if text else []
