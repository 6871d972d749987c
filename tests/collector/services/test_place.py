"""Positions: near enough to be meant, and what is said of those that are not."""

from __future__ import annotations

import math

import pytest

from collector.services.place import (
    PlaceError,
    Point,
    area_of,
    bearing_deg,
    checked,
    distance_m,
    moved,
)

GATE = Point(37.5371, 126.7377)
CITY = area_of([GATE, Point(37.56, 126.78)])


def test_distances_and_bearings_of_a_city() -> None:
    # A minute of latitude is a nautical mile; 1,852 m by definition, 1,853 on this sphere.
    assert distance_m(GATE, Point(GATE.lat + 1 / 60, GATE.lon)) == pytest.approx(1853, abs=1)
    assert bearing_deg(GATE, moved(GATE, 0, 10)) == pytest.approx(0, abs=1e-6)
    assert bearing_deg(GATE, moved(GATE, 10, 0)) == pytest.approx(90, abs=1e-6)
    assert bearing_deg(GATE, moved(GATE, -10, -10)) == pytest.approx(225, abs=1e-3)


@pytest.mark.parametrize(("east", "north"), [(0, 0), (500, -120), (-3, 400)])
def test_moving_and_measuring_agree(east: float, north: float) -> None:
    assert distance_m(GATE, moved(GATE, east, north)) == pytest.approx(
        math.hypot(east, north), abs=1e-3
    )


def test_a_place_in_the_city_is_taken() -> None:
    assert checked(37.54, 126.74, CITY) == Point(37.54, 126.74)
    # Where no camera has a place yet, every place may be meant.
    assert checked(1.0, 2.0, None) == Point(1.0, 2.0)


@pytest.mark.parametrize(
    ("lat", "lon", "said"),
    [
        (126.74, 37.54, "swapped: lat 126.74, lon 37.54 lies outside the city, lat 37.54"),
        (35.18, 129.07, "km outside the city"),
        (37.54, 200.0, "no place on earth"),
        (91.0, 126.74, "no place on earth"),
        (math.nan, 126.74, "must be numbers"),
        (math.inf, 126.74, "must be numbers"),
    ],
)
def test_what_is_wrong_with_a_position_is_said(lat: float, lon: float, said: str) -> None:
    with pytest.raises(PlaceError) as caught:
        checked(lat, lon, CITY)
    assert said in str(caught.value)


def test_a_city_without_cameras_has_no_area() -> None:
    assert area_of([]) is None
