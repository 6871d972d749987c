"""Intrusion and loitering on five zones whose stays were read by eye."""

from __future__ import annotations

from functools import cache
from statistics import median
from typing import Any, Final

import pytest

from edge_agent.rules.spec import CameraRules
from edge_agent.score import AFTER_S, BEFORE_S, Alarm, score_clips
from edge_agent.truth import Clip, TrueEvent
from polewatch.accuracy.matching import Counts
from polewatch.accuracy.measurement import Figure, event_figures
from polewatch.accuracy.shipped import PER_SECOND, shipped_findings
from tests.accuracy.labelled import video, zones
from tests.accuracy.reporting import leave

pytestmark = pytest.mark.timeout(900)

TUNED: Final = "nothing on these zones; detector and tracker as in the sets of people above"
CONDITION: Final = (
    f"`polewatch agent analyze` with the zones of zones.json, {PER_SECOND:g} pictures a second, "
    f"alarm from {BEFORE_S:g} s before to {AFTER_S:g} s after the start; second alarms are false"
)


def test_intrusion_is_told_once_and_in_time() -> None:
    leave(
        "zones-1-intrusion",
        "Intrusion",
        _figures("intrusion"),
        footage=_footage("intrusion"),
        condition=CONDITION,
        tuned=TUNED,
        test="test_zones.py",
        notes=_notes("intrusion"),
    )


def test_loitering_is_told_once_and_in_time() -> None:
    leave(
        "zones-2-loitering",
        "Loitering",
        _figures("loitering"),
        footage=_footage("loitering"),
        condition=CONDITION,
        tuned=TUNED,
        test="test_zones.py",
        notes=_notes("loitering"),
    )


@cache
def alarms_by_rule() -> dict[str, tuple[float, ...]]:
    """Alarm times in media seconds of every rule of zones.json; also of those that kept quiet."""
    document = zones()
    alarms: dict[str, list[float]] = {}
    for name in sorted({zone["file"] for zone in document["zones"]}):
        here = [zone for zone in document["zones"] if zone["file"] == name]
        rules = [rule for zone in here for rule in zone["rules"]]
        asked = CameraRules.model_validate(
            {
                "zones": [{"id": zone["id"], "polygon": zone["polygon"]} for zone in here],
                "rules": rules,
            }
        )
        alarms |= {rule["id"]: [] for rule in rules}
        for finding in shipped_findings(video(name), asked).findings:
            alarms[finding.rule].append(finding.alarm_s)
    return {rule: tuple(times) for rule, times in alarms.items()}


def starts_by_rule(kind: str) -> dict[str, tuple[float, ...]]:
    """When the events of every rule of the type `kind` start, in media seconds."""
    document = zones()
    rules = [r["id"] for zone in document["zones"] for r in zone["rules"] if r["type"] == kind]
    return {
        rule: tuple(item["start_s"] for item in document["items"] if item["rule"] == rule)
        for rule in rules
    }


def counts(kind: str) -> Counts:
    """Right, false and missed alarms of the rules of the type `kind`."""
    clips = [
        Clip(rule, tuple(TrueEvent((kind,), start) for start in starts))
        for rule, starts in starts_by_rule(kind).items()
    ]
    said = {
        rule: tuple(Alarm(kind, time) for time in times) for rule, times in alarms_by_rule().items()
    }
    (scored,) = score_clips(clips, said)
    return Counts(scored.true_positives, scored.false_positives, scored.false_negatives)


def _errors(kind: str) -> list[float]:
    """By how much each event's alarm is late; events without an alarm in their window left out."""
    errors = []
    for rule, starts in starts_by_rule(kind).items():
        for start in starts:
            late = [time - start for time in alarms_by_rule()[rule]]
            inside = [error for error in late if -BEFORE_S <= error <= AFTER_S]
            errors += [min(inside, key=abs)] if inside else []
    return errors


def _figures(kind: str) -> list[Figure]:
    errors = [abs(error) for error in _errors(kind)]
    assert errors, f"not one {kind} alarm within any event's window"
    basis = f"{len(errors)} alarms"
    return [
        *event_figures(kind, counts(kind)),
        Figure(
            id=f"{kind}.error", label="largest time error", value=max(errors), basis=basis, unit="s"
        ),
        Figure(
            id=f"{kind}.error-median",
            label="median time error",
            value=median(errors),
            basis=basis,
            unit="s",
        ),
    ]


def _footage(kind: str) -> str:
    starts = starts_by_rule(kind)
    events = sum(map(len, starts.values()))
    where: list[dict[str, Any]] = zones()["zones"]
    places = {z["id"] for z in where if any(r["id"] in starts for r in z["rules"])}
    named = ", ".join(sorted(places))
    return f"{events} events in {len(places)} zones ({named}) of two clips, stays read by eye"


def _notes(kind: str) -> list[str]:
    """What was said where, rule by rule."""
    lines = []
    for rule, starts in starts_by_rule(kind).items():
        truth = ", ".join(f"{start:.1f}" for start in starts) or "none"
        said = ", ".join(f"{time:.1f}" for time in alarms_by_rule()[rule]) or "none"
        lines.append(f"`{rule}`: events at {truth} s; alarms at {said} s.")
    return ["\n".join(f"* {line}" for line in lines)]
