"""What is worth every picture, and what has been part of the scene for long enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge_agent.scene import Box, Detection, Finding, FireRegion, Phase, Sighting, Track
from edge_agent.sight.attention import STANDS_S, Attention, gate_settings
from wire.camera_rules import CameraRules

START = datetime(2026, 1, 1, tzinfo=UTC)
ALL = {"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
HERE = Box(0.4, 0.4, 0.2, 0.2)


def _rules(*rules: dict[str, object]) -> CameraRules:
    return CameraRules.model_validate({"zones": [ALL], "rules": list(rules)})


def _track(label: str, box: Box = HERE) -> Track:
    return Track(1, label, box, 0.8, 0.0, 0.0, True)


def _play(
    attention: Attention, seconds: float, seen: Callable[[float], Sighting], step_s: float = 0.2
) -> list[tuple[float, bool]]:
    times = [n * step_s for n in range(round(seconds / step_s))]
    return [(s, attention.update(replace(seen(s), media_s=s), ())) for s in times]


def _scene(*tracks: Track, detections: tuple[Detection, ...] = ()) -> Sighting:
    seen = detections or tuple(Detection(t.label, 0.8, t.box) for t in tracks)
    return Sighting(0.0, START, tracks, seen)


def test_nothing_is_nothing_to_watch() -> None:
    assert not Attention(_rules()).update(_scene(), ())


def test_somebody_who_sits_still_is_watched_for_ever() -> None:
    told = _play(Attention(_rules()), 900, lambda _: _scene(_track("person")), 2.0)
    assert all(busy for _, busy in told)


@pytest.mark.parametrize("label", ["car", "bag"])
def test_what_has_stood_for_a_minute_is_part_of_the_scene(label: str) -> None:
    told = _play(Attention(_rules()), 120, lambda _: _scene(_track(label)))
    assert [busy for _, busy in told] == [s < STANDS_S for s, _ in told]


def test_a_rule_for_stopped_vehicles_has_them_watched_for_its_time_too() -> None:
    rule = {"id": "stops", "type": "stopped_vehicle", "zone": "all", "seconds": 100}
    told = _play(Attention(_rules(rule)), 200, lambda _: _scene(_track("car")), 1.0)
    assert [busy for _, busy in told] == [s < STANDS_S + 100 for s, _ in told]


def test_a_parked_car_that_drives_off_is_watched_again() -> None:
    def leaving(s: float) -> Sighting:
        return _scene(_track("car", Box(0.4 + max(0.0, s - 100) * 0.05, 0.4, 0.2, 0.2)))

    told = _play(Attention(_rules()), 110, leaving)
    assert not any(busy for s, busy in told if 90 < s < 100)
    assert told[-1][1]


def test_a_detection_that_nobody_follows_is_new_once() -> None:
    cone = Detection("person", 0.5, HERE)
    told = _play(Attention(_rules()), 30, lambda _: _scene(detections=(cone,)))
    assert told[0][1]
    assert not any(busy for s, busy in told if s > 6)
    other = Detection("person", 0.5, Box(0.1, 0.4, 0.1, 0.2))
    attention = Attention(_rules())
    _play(attention, 30, lambda _: _scene(detections=(cone,)))
    assert attention.update(replace(_scene(detections=(cone, other)), media_s=32.0), ())


def test_an_open_finding_is_watched_until_it_closes() -> None:
    def finding(phase: Phase) -> Finding:
        return Finding(
            "1",
            "r",
            "crowd",
            phase,
            0.0,
            0.0,
            None,
            0.9,
            "minor",
            None,
            (),
            None,
        )

    attention = Attention(_rules())
    assert attention.update(_scene(), (finding("open"),))
    assert attention.update(replace(_scene(), media_s=500.0), ())
    assert not attention.update(replace(_scene(), media_s=501.0), (finding("close"),))


def test_what_may_burn_is_watched() -> None:
    burning = replace(_scene(), burning=(FireRegion("smoke", HERE, 0.3, 0.1),))
    assert Attention(_rules()).update(burning, ())


def test_rules_ask_for_the_time_in_which_they_still_judge() -> None:
    plain = gate_settings(_rules({"id": "a", "type": "intrusion", "zone": "all"}))
    left = gate_settings(_rules({"id": "a", "type": "abandonment", "zone": "all", "seconds": 10}))
    smoke = gate_settings(_rules({"id": "a", "type": "smoke"}))
    assert plain.linger_s < left.linger_s
    assert left.linger_s >= 10 + 30
    assert math.isinf(plain.patrol_every_s)
    assert smoke.patrol_every_s < 60
