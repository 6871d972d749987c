"""Whatever tracks and times come, rules answer in bounded time and never raise."""

from __future__ import annotations

import math
import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from edge_agent.scene import BodyPoint, Box, Pose, Sighting, TamperSign, Track
from edge_agent.sight.tamper import TamperWatch
from tests.edge_agent.rules.driving import NOON, rule
from wire.camera_rules import RULE_TYPES

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
SIGNS = st.none() | st.builds(TamperSign, st.sampled_from(["covered", "frozen"]), NUMBERS, NUMBERS)
FRAMES = st.lists(
    st.tuples(st.lists(TRACKS, max_size=6), NUMBERS, NUMBERS | st.just(4 / 3), SIGNS), max_size=8
)


class WildLook:
    """Postures that are no numbers, too short, or none."""

    def __init__(self) -> None:
        self._asked = 0

    def pose(self, box: Box) -> Pose | None:
        self._asked += 1
        points = (BodyPoint(box.x, math.nan, math.inf), BodyPoint(box.w, box.h, 0.9)) * 9
        return (None, Pose(()), Pose(points[:17]))[self._asked % 3]


@settings(deadline=None)
@given(frames=FRAMES)
def test_no_input_makes_a_rule_raise(
    frames: list[tuple[list[Track], float, float, TamperSign | None]],
) -> None:
    for kind in RULE_TYPES:
        note(kind)
        driven, opened = rule(type=kind), 0
        for tracks, now_s, aspect, sign in frames:
            look = WildLook()
            sighting = Sighting(now_s, NOON, tuple(tracks), aspect=aspect, look=look, tamper=sign)
            for finding in driven.update(sighting):
                opened += {"open": 1, "update": 0, "close": -1}[finding.phase]
                assert opened in (0, 1)
                assert not math.isnan(finding.confidence)


@cache
def _crowds() -> tuple[tuple[Track, ...], ...]:
    """Three thousand people and vehicles in one place, others in every frame."""
    box = Box(0.4, 0.5, 0.1, 0.2)
    return tuple(
        tuple(
            Track(n + 3000 * frame, ("person", "car")[n % 2], box, 0.8, 0.2 * frame, 0.0, True)
            for n in range(3000)
        )
        for frame in range(5)
    )


@pytest.mark.parametrize("kind", RULE_TYPES)
def test_thousands_of_tracks_take_bounded_time(kind: str) -> None:
    driven = rule(type=kind)
    started = time.perf_counter()
    for frame, crowd in enumerate(_crowds()):
        driven.update(Sighting(frame * 0.2, NOON, crowd))
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("kind", RULE_TYPES)
def test_time_that_goes_backwards_closes_what_is_open_and_starts_afresh(kind: str) -> None:
    driven = rule(type=kind)
    balance = 0
    for now_s in (*range(100), *range(50), math.nan, *range(100, 130)):
        tracks = tuple(
            Track(n, label, Box(0.4 + 0.05 * n, 0.5, 0.1, 0.2), 0.8, 0.0, now_s, True)
            for n in range(6)
            for label in ("person", "car")
        )
        sign = TamperSign("dark", 0.0, 0.9)
        for finding in driven.update(Sighting(now_s, NOON, tracks, tamper=sign)):
            balance += {"open": 1, "update": 0, "close": -1}[finding.phase]
            assert balance in (0, 1)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (900, 2, 3), (37, 53, 3)])
def test_tampering_is_looked_for_in_pictures_of_any_shape_and_time(
    shape: tuple[int, int, int],
) -> None:
    watch, random = TamperWatch(), np.random.default_rng(1)
    for number, now_s in enumerate((0, 0.2, 0.2, math.nan, math.inf, 1e300, -5, *range(30))):
        rows = shape[0] + (number // 9)
        picture = random.integers(0, 256, (rows, *shape[1:]), np.uint8) * (number % 3 > 0)
        sign = watch.update(np.ascontiguousarray(picture, np.uint8), now_s)
        assert sign is None or sign.since_s <= now_s


def test_a_large_picture_is_looked_at_in_bounded_time() -> None:
    watch = TamperWatch()
    picture = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    started = time.perf_counter()
    for number in range(10):
        watch.update(picture, number / 5)
    assert time.perf_counter() - started < 5
