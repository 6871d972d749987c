"""Line crossing, crowd and wrong way against moments and counts that were read by eye."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any, Final

import pytest

from edge_agent.score import AFTER_S, BEFORE_S, Alarm, score_clips
from edge_agent.truth import Clip, TrueEvent
from polewatch.accuracy.matching import Counts
from polewatch.accuracy.measurement import Figure, event_figures
from polewatch.accuracy.shipped import PER_SECOND, shipped_findings
from tests.accuracy.labelled import LABELS, video
from tests.accuracy.reporting import leave
from wire.camera_rules import CameraRules

pytestmark = pytest.mark.timeout(900)

EARLY_S: Final = 1.0
LATE_S: Final = 2.0
"""Around a crossing: many come close to each other, and ten seconds would let one stand for
another."""

WAYS: Final = ("left_to_right", "right_to_left")
TUNED: Final = "nothing on these labels; detector and tracker as in the sets of people above"


def test_crossings_are_told_once_and_in_their_direction() -> None:
    figures: list[Figure] = []
    for stem, name in (("vtest", "street"), ("car-detection", "road")):
        truth = {key: at for key, at in _crossings().items() if key.startswith(stem)}
        figures += event_figures(f"line_crossing.{name}", _counts(truth, EARLY_S, LATE_S))
    leave(
        "moving-1-line-crossing",
        "Line crossing (first three figures: people in the street clip; then cars on the road)",
        figures,
        footage=(
            f"{_number('vtest', _crossings())} crossings of two lines by people in vtest.avi, "
            f"{_number('car-detection', _crossings())} by cars in car-detection.mp4, read by eye"
        ),
        condition=(
            f"`polewatch agent analyze`, {PER_SECOND:g} pictures a second, one rule for each line "
            f"and direction; the alarm from {EARLY_S:g} s before to {LATE_S:g} s after the crossing"
        ),
        tuned=TUNED,
        test="test_moving.py",
        notes=_notes(_crossings()),
    )


def test_crowds_are_told_once_and_in_time() -> None:
    _leave("moving-2-crowd", "Crowd", "crowd", _crowds(), "rules that count people in vtest.avi")


def test_the_wrong_way_is_told_and_the_right_one_is_not() -> None:
    _leave(
        "moving-3-wrong-way",
        "Wrong way",
        "wrong_way",
        _ways(),
        "rules: cars in car-detection.mp4 with either direction declared wrong, one walker in "
        "vtest.avi with either",
    )


def _leave(
    name: str, title: str, prefix: str, truth: dict[str, tuple[float, ...]], what: str
) -> None:
    leave(
        name,
        title,
        event_figures(prefix, _counts(truth, BEFORE_S, AFTER_S)),
        footage=f"{sum(map(len, truth.values()))} events in {len(truth)} {what}",
        condition=(
            f"`polewatch agent analyze`, {PER_SECOND:g} pictures a second, alarm from "
            f"{BEFORE_S:g} s before to {AFTER_S:g} s after the start; second alarms are false"
        ),
        tuned=TUNED,
        test="test_moving.py",
        notes=_notes(truth),
    )


@cache
def _labels() -> dict[str, Any]:
    """The document moving.json; fails when a clip here is another one than was labelled."""
    document: dict[str, Any] = json.loads((LABELS / "moving.json").read_text(encoding="utf-8"))
    for name, sha256 in document["clips"].items():
        found = hashlib.sha256(video(name).read_bytes()).hexdigest()
        assert found == sha256, f"{name} is another clip than the one that was labelled"
    return document


def _key(file: str, kind: str, name: str) -> str:
    return f"{file.partition('.')[0]}/{kind}-{name}".replace("_", "-")


def _crossings() -> dict[str, tuple[float, ...]]:
    """The moments of the crossings by clip, line and direction."""
    return {
        _key(line["file"], line["id"], way): tuple(
            one["at_s"] for one in line["crossings"] if one["direction"] == way
        )
        for line in _labels()["lines"]
        for way in WAYS
    }


def _crowds() -> dict[str, tuple[float, ...]]:
    return {_key(c["file"], "crowd", c["id"]): tuple(c["starts_s"]) for c in _labels()["crowds"]}


def _ways() -> dict[str, tuple[float, ...]]:
    return {_key(w["file"], "way", w["id"]): tuple(w["starts_s"]) for w in _labels()["ways"]}


def _asked(file: str) -> CameraRules:
    """Every rule on the clip `file` in one configuration, each called as in the truth's keys."""
    labels = _labels()
    crowds = [one for one in labels["crowds"] if one["file"] == file]
    ways = [one for one in labels["ways"] if one["file"] == file]
    lines = [one for one in labels["lines"] if one["file"] == file]
    rules: list[dict[str, Any]] = [
        {
            "id": _key("", line["id"], way)[1:],
            "type": "line_crossing",
            "line": line["id"],
            "labels": line["labels"],
            "direction": way,
        }
        for line in lines
        for way in WAYS
    ]
    rules += [
        {"id": f"crowd-{c['id']}", "type": "crowd", "zone": f"crowd-{c['id']}"}
        | {"count": c["count"], "seconds": c["seconds"]}
        for c in crowds
    ]
    rules += [
        {"id": f"way-{w['id']}", "type": "wrong_way", "zone": f"way-{w['id']}"}
        | {"labels": w["labels"]}
        for w in ways
    ]
    zones = [{"id": f"crowd-{c['id']}", "polygon": c["polygon"]} for c in crowds]
    zones += [
        {"id": f"way-{w['id']}", "polygon": w["polygon"], "direction": w["direction"]} for w in ways
    ]
    drawn = [{"id": line["id"], "points": line["points"]} for line in lines]
    return CameraRules.model_validate({"zones": zones, "lines": drawn, "rules": rules})


@cache
def _alarms() -> dict[str, tuple[float, ...]]:
    """Alarm times of every rule, in media seconds; also of those that kept quiet."""
    heard: dict[str, list[float]] = {}
    for file in _labels()["clips"]:
        asked = _asked(file)
        stem = file.partition(".")[0]
        heard |= {f"{stem}/{rule.id}": [] for rule in asked.rules}
        for finding in shipped_findings(video(file), asked).findings:
            heard[f"{stem}/{finding.rule}"].append(finding.alarm_s)
    return {key: tuple(times) for key, times in heard.items()}


def _counts(truth: dict[str, tuple[float, ...]], before_s: float, after_s: float) -> Counts:
    clips = [
        Clip(key, tuple(TrueEvent(("it",), at) for at in times)) for key, times in truth.items()
    ]
    said = {key: tuple(Alarm("it", at) for at in _alarms()[key]) for key in truth}
    (scored,) = score_clips(clips, said, before_s=before_s, after_s=after_s)
    return Counts(scored.true_positives, scored.false_positives, scored.false_negatives)


def _number(stem: str, truth: dict[str, tuple[float, ...]]) -> int:
    return sum(len(times) for key, times in truth.items() if key.startswith(stem))


def _notes(truth: dict[str, tuple[float, ...]]) -> list[str]:
    lines = []
    for key, times in truth.items():
        there = ", ".join(f"{at:.1f}" for at in times) or "none"
        said = ", ".join(f"{at:.1f}" for at in _alarms()[key]) or "none"
        lines.append(f"* `{key}`: events at {there} s; alarms at {said} s.")
    return ["\n".join(lines)]
