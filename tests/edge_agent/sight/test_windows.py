"""Windows over places: nobody is cut, few windows do, the picture's edge is respected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.scene import Box
from edge_agent.sight.windows import cover, grid, holds, window_size

SIZE = (0.5, 0.4)
WHOLE = Box(0, 0, 1, 1)


def test_a_window_fills_the_models_input_when_shrunk() -> None:
    width, height = window_size(1080, 1920, 256, 416, 0.5)
    assert (width * 1920, height * 1080) == (832, 512)


def test_a_window_is_never_larger_than_the_picture() -> None:
    assert window_size(480, 640, 256, 416, 0.45) == (1.0, 1.0)


def test_a_place_stands_in_the_middle_of_its_window() -> None:
    (window,) = cover([Box(0.45, 0.45, 0.1, 0.1)], SIZE, 4)
    assert (window.x, window.y, window.w, window.h) == pytest.approx((0.25, 0.3, 0.5, 0.4))


def test_at_the_pictures_edge_the_window_stays_within() -> None:
    for place in (Box(0, 0, 0.05, 0.05), Box(0.95, 0.95, 0.05, 0.05)):
        (window,) = cover([place], SIZE, 4)
        assert holds(WHOLE, window)
        assert holds(window, place)


def test_neighbours_share_a_window() -> None:
    places = [Box(0.3, 0.4, 0.05, 0.1), Box(0.5, 0.45, 0.05, 0.1)]
    (window,) = cover(places, SIZE, 4)
    assert all(holds(window, place) for place in places)


def test_far_places_get_windows_of_their_own_the_first_first() -> None:
    places = [Box(0.9, 0.9, 0.05, 0.05), Box(0.1, 0.1, 0.05, 0.05)]
    first, second = cover(places, SIZE, 4)
    assert holds(first, places[0])
    assert holds(second, places[1])
    assert cover(places, SIZE, 1) == [first]


def test_a_place_larger_than_a_window_is_seen_in_its_middle() -> None:
    (window,) = cover([Box(0.1, 0.1, 0.8, 0.8)], SIZE, 4)
    assert (window.x + window.w / 2, window.y + window.h / 2) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize(
    ("size", "count"), [((1.0, 1.0), 1), ((0.6, 1.0), 2), ((0.5, 0.5), 9), ((0.487, 0.527), 9)]
)
def test_a_grid_covers_the_picture_with_some_overlap(size: tuple[float, float], count: int) -> None:
    windows = grid(size)
    assert len(windows) == count
    for step in range(100):
        point = Box((step % 10) / 10 + 0.05, (step // 10) / 10 + 0.05, 0, 0)
        assert any(holds(window, point) for window in windows)
    assert all(holds(WHOLE, window) for window in windows)


def test_nobody_smaller_than_a_fifth_of_a_window_is_cut_by_the_whole_grid() -> None:
    windows = grid(SIZE)
    for step in range(400):
        body = Box((step % 20) / 21, (step // 20) / 21, 0.05, 0.08)
        if holds(WHOLE, body):
            assert any(holds(window, body) for window in windows)


PLACES = st.lists(
    st.builds(Box, st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0, 0.2), st.floats(0, 0.15)),
    max_size=30,
)


@given(PLACES, st.integers(0, 6))
def test_windows_are_as_many_as_allowed_within_the_picture_and_never_idle(
    places: list[Box], most: int
) -> None:
    windows = cover(places, SIZE, most)
    assert len(windows) <= min(most, len(places))
    assert all(holds(WHOLE, window) for window in windows)
    assert len(set(windows)) == len(windows)
    if places and most:
        first = places[0]
        middle = Box(min(first.x + first.w / 2, 1), min(first.y + first.h / 2, 1), 0, 0)
        assert holds(windows[0], middle)
