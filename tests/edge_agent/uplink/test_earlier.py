"""How a place was before it was dumped on: which pictures are kept, and which go with a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from edge_agent.scene import Box, Finding, Frame, Track
from edge_agent.uplink.earlier import EVERY_S, LINGER_S, EarlierPictures
from wire.camera_rules import CameraRules

AT = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
CARRIER = Track(1, "person", Box(0.4, 0.3, 0.1, 0.4), 0.9, 30.0, 42.0, True)


def rules(*types: str, seconds: float = 10.0) -> CameraRules:
    zone = {"id": "corner", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    asked = [{"id": one, "type": one, "zone": "corner", "seconds": seconds} for one in types]
    return CameraRules.model_validate({"zones": [zone], "rules": asked})


def pictures(asked: CameraRules, until_s: float, begin_s: float = 0.0) -> EarlierPictures:
    """What is kept after a second-by-second stream whose grey level is its time."""
    kept = EarlierPictures(asked, 20_000, 64)
    for second in np.arange(begin_s, until_s + 0.5):
        level = np.full((72, 128, 3), int(second) % 250, np.uint8)
        kept.note(Frame("cam-1", level, float(second), second, AT + timedelta(seconds=second)))
    return kept


def dumped(at_s: float, *tracks: Track) -> Finding:
    return Finding(
        *("1", "dumping", "dumping", "open"),
        start_s=at_s,
        alarm_s=at_s + 20,
        end_s=None,
        confidence=0.8,
        severity="minor",
        zone="corner",
        tracks=tracks,
        box=Box(0.4, 0.6, 0.1, 0.1),
    )


def test_the_place_before_and_the_moment_of_leaving() -> None:
    before, left = pictures(rules("dumping"), 60).of(dumped(41.0, CARRIER))
    assert (before.shows, left.shows) == ("before", "left")
    assert 41 - 5 - EVERY_S < before.media_s <= 41 - 5
    assert abs(left.media_s - 41) <= EVERY_S
    shown = cv2.imdecode(np.frombuffer(before.still.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (36, 64, 3)
    assert abs(float(shown.mean()) - before.media_s) < 2


def test_who_was_not_seen_leaves_no_moment() -> None:
    assert [one.shows for one in pictures(rules("dumping"), 60).of(dumped(41.0))] == ["before"]


def test_what_lies_there_from_the_beginning_has_no_before() -> None:
    assert pictures(rules("dumping"), 40, begin_s=20).of(dumped(23.0)) == ()


@pytest.mark.parametrize(("seconds", "there"), [(10.0, False), (60.0, True)])
def test_pictures_are_kept_as_long_as_the_rule_may_take(seconds: float, there: bool) -> None:
    kept = pictures(rules("dumping", seconds=seconds), 200)
    assert bool(kept.of(dumped(200 - LINGER_S - seconds / 2 - 10))) is there


def test_nothing_is_kept_for_other_rules_or_once_they_count() -> None:
    left = replace(dumped(41.0, CARRIER), type="abandonment")
    assert pictures(rules("dumping", "abandonment"), 60).of(left) == ()
    assert pictures(rules("abandonment"), 60).of(dumped(41.0, CARRIER)) == ()
    kept = pictures(rules("dumping"), 60)
    kept.watch_for(rules("abandonment"))
    kept.note(Frame("cam-1", np.zeros((72, 128, 3), np.uint8), 61.0, 61.0, AT))
    assert kept.of(dumped(41.0, CARRIER)) == ()


def test_a_stream_that_starts_anew_starts_anew() -> None:
    kept = pictures(rules("dumping"), 60)
    kept.note(Frame("cam-1", np.zeros((72, 128, 3), np.uint8), 1.0, 61.0, AT))
    (before,) = kept.of(dumped(20.0, CARRIER))
    assert before.media_s == 1.0
