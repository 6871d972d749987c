"""False alarms: every rule over all footage that holds no such event, each clip once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from pydantic import ValidationError

from edge_agent.recording import Recording
from polewatch.accuracy.measurement import Figure, rate
from polewatch.accuracy.shipped import PER_SECOND, shipped_findings
from tests.accuracy.labelled import STREET, data, street, zones
from tests.accuracy.reporting import leave
from tests.accuracy.test_zones import counts
from wire.camera_rules import RULE_TYPES, CameraRules, RuleSpec

pytestmark = pytest.mark.timeout(1200)

FOOTAGE: Final = Path(__file__).with_name("footage.yaml")
WHOLE: Final = {
    "id": "all",
    "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "direction": [[0.5, 0.0], [0.5, 1.0]],
}
ACROSS: Final = {"id": "across", "points": [[0.5, 0.0], [0.5, 1.0]]}
ZONED: Final = ("intrusion", "loitering")
"""Rules whose false alarms on footage with people were counted zone by zone."""

COMPOSED: Final = frozenset(
    {
        "intrusion",
        "loitering",
        "fall",
        "abandonment",
        "dumping",
        "fire",
        "smoke",
        "line_crossing",
        "crowd",
        "stopped_vehicle",
        "wrong_way",
        "tamper",
        "fight",
    }
)
"""Rule types for which `shipped_findings` is known to put together all that they need. A rule left
without its helper keeps quiet, and would be counted here as one that raises no false alarm."""

ELSEWHERE: Final = frozenset({"plate"})
"""Counted as reads where there is no plate, by test_plates.py: without a list a plate rule tells of
nothing, and would pass for a quiet one here."""

WATCHED: Final = tuple(kind for kind in RULE_TYPES if kind not in ELSEWHERE)

LITTLE: Final = (
    "The value is the rate as counted, the bound what these hours can exclude: so little footage "
    "shows no rule to be quiet."
)


def test_false_alarms_per_camera_hour() -> None:
    strange = set(WATCHED) - COMPOSED
    assert not strange, (
        f"{', '.join(sorted(strange))}: let polewatch/accuracy/shipped.py put together what such "
        "rules need and footage.yaml say which clips hold such events, then name them in COMPOSED"
    )
    clips = _clips()
    alarms = {path: _alarms(path) for path, _ in clips}
    figures: list[Figure] = []
    heard: list[str] = []
    for kind in WATCHED:
        without = [path for path, holds in clips if kind not in holds]
        times = [(path, at) for path in without for name, at in alarms[path] if name == kind]
        hours = sum(_hours(path) for path in without)
        false = len(times)
        if kind in ZONED:
            false += counts(kind, "zones").false_positives
            hours += sum(_hours(path) for path in _zoned_clips() if path not in without)
        figures.append(rate(f"false.{kind}", kind, false, hours))
        heard += [f"{kind}: {path.parent.name}/{path.name} at {at:.1f} s." for path, at in times]
    leave(
        "false-alarms",
        "False alarms",
        figures,
        footage=(
            f"{len(clips)} clips, {sum(_hours(path) for path, _ in clips):.2f} h in all, each "
            "counted once, for each rule those that hold no such event "
            "(tests/accuracy/footage.yaml)"
        ),
        condition=(
            f"every rule with its defaults, the zone being the whole picture, {PER_SECOND:g} "
            f"pictures a second; for {' and '.join(ZONED)} also what was false in the zones above"
        ),
        tuned="the fall rule on the development half of the falls; nothing on this count",
        test="test_false_alarms.py",
        notes=[LITTLE, *(["\n".join(f"* {line}" for line in heard)] if heard else [])],
    )


@cache
def _clips() -> tuple[tuple[Path, frozenset[str]], ...]:
    listed: list[dict[str, Any]] = yaml.safe_load(FOOTAGE.read_text())
    return tuple((_path(entry["path"]), frozenset(entry["holds"])) for entry in listed)


def _path(name: str) -> Path:
    return street() if name == STREET.name else data(name)


@cache
def _alarms(path: Path) -> tuple[tuple[str, float], ...]:
    """Type and time of every alarm when all rules watch the whole picture."""
    asked = CameraRules.model_validate(
        {"zones": [WHOLE], "lines": [ACROSS], "rules": [_rule(kind) for kind in WATCHED]}
    )
    found = shipped_findings(path, asked).findings
    return tuple((finding.type, finding.alarm_s) for finding in found)


def _rule(kind: str) -> dict[str, Any]:
    """The rule of this type with its defaults, with a zone or a line only where it needs one."""
    named = {"id": kind.replace("_", "-"), "type": kind}
    tries: Iterable[dict[str, Any]] = (named, named | {"zone": "all"}, named | {"line": "across"})
    for rule in tries:
        try:
            RuleSpec.model_validate(rule)
        except ValidationError:
            continue
        return rule
    pytest.fail(f"a rule of the type {kind!r} takes neither nothing nor a zone nor a line")


@cache
def _hours(path: Path) -> float:
    """The clip's length."""
    with Recording(path) as recording:
        length = recording.shape.duration_s
    assert length, f"{path} does not tell its length"
    return length / 3600


def _zoned_clips() -> set[Path]:
    return {
        path for path, _ in _clips() if path.name in {zone["file"] for zone in zones()["zones"]}
    }
