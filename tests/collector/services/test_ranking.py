"""The best cameras for a place, as a specification."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.services.place import Point, moved
from collector.services.ranking import Camera, Ranking, blind_m, rank, sight

PLACE = Point(37.5371, 126.7377)


def camera(name: str, east: float, north: float, **changed: Any) -> Camera:
    """A camera so many metres from the place."""
    made = Camera("pole-1", name, moved(PLACE, east, north))
    return replace(made, **changed)


def names(ranking: Ranking) -> list[str]:
    return [one.camera.camera for one in ranking.seeing]


def test_one_that_looks_there_sees_it_and_one_that_looks_away_is_around() -> None:
    found = rank(
        PLACE, [camera("away", 0, -40, bearing_deg=180), camera("there", 0, -40, bearing_deg=0)]
    )
    assert names(found) == ["there"]
    assert [one.camera.camera for one in found.around] == ["away"]
    assert "180° off its axis, outside its view of 90°" in found.around[0].reasons


def test_north_is_inside_a_view_that_straddles_it() -> None:
    assert sight(PLACE, camera("c", 5, -40, bearing_deg=350)).sees == "yes"
    assert sight(PLACE, camera("c", -5, -40, bearing_deg=10)).sees == "yes"


def test_a_narrow_view_from_farther_shows_more_than_a_wide_one_from_near() -> None:
    wide = camera("wide", 0, -40, bearing_deg=0, fov_deg=110)
    tele = camera("tele", 0, -70, bearing_deg=0, fov_deg=30)
    found = rank(PLACE, [wide, tele])
    assert names(found) == ["tele", "wide"]
    assert found.seeing[0].px_per_m > found.seeing[1].px_per_m


def test_pixels_per_metre_are_those_of_the_picture_s_width_at_that_distance() -> None:
    # At 30 m a view of 90° is 60 m wide: 1,920 pixels over it are 32 a metre.
    found = sight(PLACE, camera("c", 0, -30, bearing_deg=0, fov_deg=90, height_m=0))
    assert found.px_per_m == pytest.approx(32, rel=1e-3)
    assert found.detail == "detect"
    near = sight(PLACE, camera("c", 0, -3, bearing_deg=0, fov_deg=90, height_m=0))
    assert near.detail == "identify"
    assert near.score == 1.0


def test_farther_than_its_range_it_does_not_see() -> None:
    found = sight(PLACE, camera("c", 0, -100, bearing_deg=0, range_m=80))
    assert found.sees == "no"
    assert "beyond its range of 80 m" in found.reasons
    assert "유효 거리 80 m를 벗어남" in found.reasons_ko


def test_at_the_foot_of_its_mast_it_does_not_see() -> None:
    high = camera("c", 0, -3, bearing_deg=0, height_m=8)
    assert blind_m(high) == pytest.approx(4.62, abs=0.01)
    assert sight(PLACE, high).sees == "no"
    assert sight(PLACE, replace(high, height_m=3)).sees == "yes"


def test_where_nobody_wrote_down_its_direction_it_sees_perhaps() -> None:
    known = camera("known", 0, -40, bearing_deg=0)
    unknown = camera("unknown", 0, -40)
    found = rank(PLACE, [unknown, known])
    assert names(found) == ["known", "unknown"]
    assert [one.sees for one in found.seeing] == ["yes", "perhaps"]
    assert "where it looks is not written down" in found.seeing[1].reasons


def test_one_that_sees_all_around_needs_no_direction() -> None:
    assert sight(PLACE, camera("dome", 0, -20, fov_deg=360)).sees == "yes"


def test_one_that_is_down_comes_last() -> None:
    good = camera("good", 0, -20, bearing_deg=0, live=False)
    poor = camera("poor", 0, -75, bearing_deg=0)
    found = rank(PLACE, [good, poor])
    assert names(found) == ["poor", "good"]
    assert "not live now" in found.seeing[1].reasons


def test_an_uncertain_place_counts_by_how_much_of_its_circle_is_in_view() -> None:
    # The place lies on the edge of the view: half of the circle is inside.
    edge = camera("edge", 0, -40, bearing_deg=45, fov_deg=90)
    middle = camera("middle", 0, -40, bearing_deg=0, fov_deg=90)
    found = rank(PLACE, [edge, middle], accuracy_m=20)
    assert names(found) == ["middle", "edge"]
    assert found.seeing[0].covers == 1.0
    assert found.seeing[1].covers == pytest.approx(0.5, abs=0.15)


def test_at_most_five_within_five_hundred_metres() -> None:
    ring = [camera(f"c{n}", 0, -20 - n, bearing_deg=0) for n in range(8)]
    far = camera("far", 0, -501, bearing_deg=0, range_m=1000)
    edge = camera("edge", 0, -499, bearing_deg=0, range_m=1000, fov_deg=5)
    assert names(rank(PLACE, [*ring, far])) == ["c0", "c1", "c2", "c3", "c4"]
    assert names(rank(PLACE, [far, edge])) == ["edge"]
    assert rank(PLACE, []) == Ranking((), ())


@given(
    st.lists(
        st.tuples(
            st.floats(-600, 600), st.floats(-600, 600), st.floats(0, 359), st.floats(10, 360)
        ),
        max_size=12,
    ),
    st.floats(0, 200),
    st.randoms(),
)
def test_the_order_of_the_table_does_not_count_and_scores_stay_in_bounds(
    put: list[tuple[float, float, float, float]], accuracy: float, chance: Random
) -> None:
    cameras = [
        camera(f"c{n}", e, s, bearing_deg=b, fov_deg=f, range_m=300)
        for n, (e, s, b, f) in enumerate(put)
    ]
    shuffled = list(cameras)
    chance.shuffle(shuffled)
    found = rank(PLACE, cameras, accuracy_m=accuracy)
    assert found == rank(PLACE, shuffled, accuracy_m=accuracy)
    assert len(found.seeing) <= 5
    for one in (*found.seeing, *found.around):
        assert 0 <= one.score <= 1
        assert one.distance_m <= 500
        assert one.reasons
        assert len(one.reasons_ko) == len(one.reasons)
