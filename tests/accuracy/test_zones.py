"""Intrusion and loitering on zones whose stays were read by eye: the last eight held back."""

from __future__ import annotations

from functools import cache
from statistics import median
from typing import Any, Final

import pytest

from edge_agent.score import AFTER_S, BEFORE_S, Alarm, score_clips
from edge_agent.truth import Clip, TrueEvent
from polewatch.accuracy.matching import Counts
from polewatch.accuracy.measurement import Figure, event_figures
from polewatch.accuracy.shipped import PER_SECOND, shipped_findings
from tests.accuracy.labelled import video, zones
from tests.accuracy.reporting import leave
from wire.camera_rules import CameraRules

pytestmark = pytest.mark.timeout(900)

SEEN: Final = (
    "seen while tuning: how stays are handed from track to track was mended in the knowledge of "
    "what the rules said here; detector and tracker as in the sets of people"
)
SEEN_LATER: Final = (
    "seen while tuning: held back when first measured (F1 .71, largest time error 0.2 s), which "
    "showed what was wrong with handing stays on; mended in the knowledge of these zones, as was "
    "how people are told apart by their looks"
)
LOOKS: Final = (
    "; how people are told apart by their looks was mended in the knowledge of what was said here"
)
SEEN_THIRD: Final = (
    "seen while tuning: its figures were known, its alarms not looked into, until people were told "
    "apart by their looks (first measured: F1 1.0, largest time error 1.5 s, then 1.9 s, with "
    "looks 2.7 s)" + LOOKS
)
SEEN_FOURTH: Final = (
    "seen while tuning: held back when first measured (F1 .957, largest time error 2.0 s, with "
    "looks 2.6 s)" + LOOKS
)
HELD_BACK: Final = (
    "held back: picked and committed after looks were done, measured once before this page (F1 "
    "1.0, largest time error 1.0 s; without looks 0.4 s); it is the same street and people as in "
    "the sets before"
)
CONDITION: Final = (
    f"`polewatch agent analyze` with the zones of tests/accuracy/labels, {PER_SECOND:g} pictures a "
    f"second, alarm from {BEFORE_S:g} s before to {AFTER_S:g} s after the start; second alarms are "
    "false"
)


def test_intrusion_is_told_once_and_in_time() -> None:
    _leave("zones-1-intrusion", "Intrusion, seen while tuning", "intrusion", "zones", SEEN)


def test_loitering_is_told_once_and_in_time() -> None:
    _leave("zones-2-loitering", "Loitering, seen while tuning", "loitering", "zones", SEEN)


def test_loitering_is_told_in_the_second_set_of_zones() -> None:
    title = "Loitering, second set, seen while tuning"
    _leave("zones-3-loitering", title, "loitering", "zones-2", SEEN_LATER)


def test_loitering_is_told_in_the_third_set_of_zones() -> None:
    title = "Loitering, third set, seen while tuning"
    _leave("zones-4-loitering", title, "loitering", "zones-3", SEEN_THIRD)


def test_loitering_is_told_in_the_fourth_set_of_zones() -> None:
    title = "Loitering, fourth set, seen while tuning"
    _leave("zones-5-loitering", title, "loitering", "zones-4", SEEN_FOURTH)


def test_loitering_is_told_in_zones_held_back() -> None:
    _leave("zones-6-loitering", "Loitering, held back", "loitering", "zones-5", HELD_BACK)


def _leave(name: str, title: str, kind: str, stem: str, tuned: str) -> None:
    leave(
        name,
        title,
        _figures(kind, stem),
        footage=_footage(kind, stem),
        condition=CONDITION,
        tuned=tuned,
        test="test_zones.py",
        notes=_notes(kind, stem),
    )


@cache
def alarms_by_rule(stem: str) -> dict[str, tuple[float, ...]]:
    """Alarm times in media seconds of every rule of `stem`.json; also of those that kept quiet."""
    document = zones(stem)
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


def starts_by_rule(kind: str, stem: str) -> dict[str, tuple[float, ...]]:
    """When the events of every rule of the type `kind` start, in media seconds."""
    document = zones(stem)
    rules = [r["id"] for zone in document["zones"] for r in zone["rules"] if r["type"] == kind]
    return {
        rule: tuple(item["start_s"] for item in document["items"] if item["rule"] == rule)
        for rule in rules
    }


def counts(kind: str, stem: str) -> Counts:
    """Right, false and missed alarms of the rules of the type `kind`."""
    clips = [
        Clip(rule, tuple(TrueEvent((kind,), start) for start in starts))
        for rule, starts in starts_by_rule(kind, stem).items()
    ]
    said = {
        rule: tuple(Alarm(kind, time) for time in times)
        for rule, times in alarms_by_rule(stem).items()
    }
    (scored,) = score_clips(clips, said)
    return Counts(scored.true_positives, scored.false_positives, scored.false_negatives)


def _errors(kind: str, stem: str) -> list[float]:
    """By how much each event's alarm is late; events without an alarm in their window left out."""
    errors = []
    for rule, starts in starts_by_rule(kind, stem).items():
        for start in starts:
            late = [time - start for time in alarms_by_rule(stem)[rule]]
            inside = [error for error in late if -BEFORE_S <= error <= AFTER_S]
            errors += [min(inside, key=abs)] if inside else []
    return errors


def _figures(kind: str, stem: str) -> list[Figure]:
    errors = [abs(error) for error in _errors(kind, stem)]
    assert errors, f"not one {kind} alarm within any event's window"
    basis = f"{len(errors)} alarms"
    prefix = kind + stem.removeprefix("zones")
    return [
        *event_figures(prefix, counts(kind, stem)),
        Figure(
            id=f"{prefix}.error",
            label="largest time error",
            # Labels are to a tenth of a second: less would be the arithmetic's own noise.
            value=round(max(errors), 2),
            basis=basis,
            unit="s",
        ),
        Figure(
            id=f"{prefix}.error-median",
            label="median time error",
            value=median(errors),
            basis=basis,
            unit="s",
        ),
    ]


def _footage(kind: str, stem: str) -> str:
    starts = starts_by_rule(kind, stem)
    events = sum(map(len, starts.values()))
    where: list[dict[str, Any]] = zones(stem)["zones"]
    places = {z["id"] for z in where if any(r["id"] in starts for r in z["rules"])}
    named = ", ".join(sorted(places))
    clips = ", ".join(sorted({z["file"] for z in where if z["id"] in places}))
    return f"{events} events in {len(places)} zones ({named}) of {clips}, stays read by eye"


def _notes(kind: str, stem: str) -> list[str]:
    """What was said where, rule by rule."""
    lines = []
    for rule, starts in starts_by_rule(kind, stem).items():
        truth = ", ".join(f"{start:.1f}" for start in starts) or "none"
        said = ", ".join(f"{time:.1f}" for time in alarms_by_rule(stem)[rule]) or "none"
        lines.append(f"`{rule}`: events at {truth} s; alarms at {said} s.")
    return ["\n".join(f"* {line}" for line in lines)]
