"""Whatever tracks and times come, rules answer in bounded time and never raise."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.rules.spec import IMPLEMENTED
from edge_agent.scene import Box, Sighting, Track
from tests.edge_agent.rules.driving import NOON, rule

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
TRACKS = st.builds(
    Track,
    id=st.integers(0, 5),
    label=st.sampled_from(["person", "car", "", "ghost"]),
    box=st.builds(Box, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    confidence=NUMBERS,
    first_s=NUMBERS,
    last_s=NUMBERS,
    seen=st.booleans(),
)
FRAMES = st.lists(st.tuples(st.lists(TRACKS, max_size=6), NUMBERS), max_size=8)


@pytest.mark.parametrize("kind", IMPLEMENTED)
@settings(deadline=None)
@given(frames=FRAMES)
def test_no_input_makes_a_rule_raise(kind: str, frames: list[tuple[list[Track], float]]) -> None:
    driven = rule(type=kind)
    opened = 0
    for tracks, now_s in frames:
        for finding in driven.update(Sighting(now_s, NOON, tuple(tracks))):
            opened += {"open": 1, "update": 0, "close": -1}[finding.phase]
            assert opened in (0, 1)
            assert not math.isnan(finding.confidence)


@pytest.mark.parametrize("kind", IMPLEMENTED)
def test_thousands_of_tracks_take_bounded_time(kind: str) -> None:
    driven = rule(type=kind)
    started = time.perf_counter()
    for frame in range(5):
        crowd = tuple(
            Track(n + 3000 * frame, "person", Box(0.4, 0.5, 0.1, 0.2), 0.8, 0.0, 0.0, True)
            for n in range(3000)
        )
        driven.update(Sighting(frame * 0.2, NOON, crowd))
    assert time.perf_counter() - started < 10
