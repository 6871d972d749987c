"""Areas: what stands in them, what sees into them, and which cannot be meant."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from collector.areas import NamedArea
from collector.services.disaster.told import (
    AreaError,
    Shapes,
    Told,
    middle_of,
    part_of,
    zone_of,
)
from collector.services.disaster.zone import Ring, Zone, view, within
from collector.services.place import Point, area_of, moved
from collector.services.ranking import Camera

HOME = Point(37.5371, 126.7377)
CITY = area_of([HOME, moved(HOME, 3000, 3000)])


def corner(east: float, north: float) -> tuple[float, float]:
    at = moved(HOME, east, north)
    return at.lat, at.lon


def square(east: float, north: float, half: float) -> tuple[tuple[float, float], ...]:
    sides = ((-half, -half), (half, -half), (half, half), (-half, half))
    return tuple(corner(east + e, north + n) for e, n in sides)


def camera(east: float, north: float, **changed: Any) -> Camera:
    return Camera("pole-001-1", "cam", moved(HOME, east, north), **changed)


def zone(**shapes: Any) -> Zone:
    return zone_of(Shapes(**shapes), (), CITY, ())[0]


@pytest.mark.parametrize(
    ("east", "bearing", "reach"),
    [
        (0, 0.0, "inside"),
        (120, 270.0, "sees"),
        (120, 90.0, None),
        (120, None, "perhaps"),
        (200, 270.0, None),
    ],
)
@pytest.mark.parametrize("shape", ["polygon", "circle"])
def test_what_stands_in_it_or_sees_into_it(
    shape: str, east: float, bearing: float | None, reach: str | None
) -> None:
    """A hundred metres wide each way; cameras reach 80 metres."""
    shapes: dict[str, Any] = (
        {"polygons": (square(0, 0, 100),)}
        if shape == "polygon"
        else {"circles": ((HOME.lat, HOME.lon, 100),)}
    )
    assert zone(**shapes).reach(camera(east, 0, bearing_deg=bearing), None) == reach


def test_a_narrow_area_between_the_corners_of_a_view_is_seen() -> None:
    """Neither has a corner in the other: a street across what the camera sees."""
    street = (corner(-200, 30), corner(200, 30), corner(200, 36), corner(-200, 36))
    looks_over_it = camera(0, 0, bearing_deg=0.0, fov_deg=60)
    assert zone(polygons=(street,)).reach(looks_over_it, None) == "sees"
    point = {"circles": ((*corner(0, 40), 0),)}
    assert zone(**point).reach(looks_over_it, None) == "sees"
    assert zone(**point).reach(camera(0, 0, bearing_deg=180.0), None) is None


def test_what_a_camera_sees_is_as_wide_and_as_far_as_written_down() -> None:
    seen = Ring(view(camera(0, 0, bearing_deg=45.0, fov_deg=90, range_m=100)))
    assert seen.holds(moved(HOME, 60, 60))
    assert seen.holds(moved(HOME, 2, 90))
    assert not seen.holds(moved(HOME, -2, 90))
    assert not seen.holds(moved(HOME, 80, 80))


def test_several_areas_are_one() -> None:
    both = zone(polygons=(square(0, 0, 50), square(1000, 0, 50)), circles=((*corner(0, 900), 20),))
    for east, north in ((0, 0), (1000, 20), (5, 905)):
        assert both.holds(moved(HOME, east, north))
    assert not both.holds(moved(HOME, 500, 0))


def test_bands_change_nothing() -> None:
    """A jagged ring against the plain even-odd rule over all its sides."""
    random.seed(4)
    angles = sorted(random.uniform(0, 2 * math.pi) for _ in range(400))
    corners = tuple(
        corner(radius * math.cos(a), radius * math.sin(a))
        for a in angles
        for radius in [random.uniform(200, 900)]
    )
    ring, plain = Ring(corners), NamedArea(name="all", polygon=corners)
    points = [moved(HOME, random.uniform(-999, 999), random.uniform(-999, 999)) for _ in range(300)]
    found = [ring.holds(one) for one in points]
    assert found == [plain.holds(one.lat, one.lon) for one in points]
    assert 50 < sum(found) < 250


@pytest.mark.parametrize(
    ("district", "holds"),
    [
        ("2800000000", True),
        ("2824500000", True),
        ("2824510100", True),
        ("2824510101", False),
        ("2824600000", False),
        ("1100000000", False),
    ],
)
def test_a_district_holds_what_its_code_begins(district: str, holds: bool) -> None:
    assert within("2824510100", district) is holds
    assert not within(None, district)


def test_districts_are_cameras_codes_and_drawn_areas() -> None:
    drawn = NamedArea(name="gyesan", circle=(*corner(0, 0), 100), code="2824510100")
    found, elsewhere = zone_of(Shapes(codes=("2824500000",)), (drawn,), CITY, ())
    assert elsewhere is None
    assert found.reach(camera(50, 0), None) == "inside"
    by_code, _ = zone_of(Shapes(codes=("2824500000",)), (), CITY, ("2824510200",))
    assert by_code.reach(camera(900, 0), "2824510200") == "inside"
    assert by_code.reach(camera(900, 0), "2826010200") is None
    assert by_code.bounds is None
    named, _ = zone_of(Shapes(names=("gyesan",)), (drawn,), CITY, ())
    assert named.holds(HOME)


def test_areas_elsewhere_are_said_to_be() -> None:
    assert zone_of(Shapes(polygons=(square(0, 0, 90_000),)), (), CITY, ())[1] is None
    _, said = zone_of(Shapes(circles=((35.18, 129.07, 5000),)), (), CITY, ())
    assert said is not None
    assert "km outside the city" in said
    _, unknown = zone_of(Shapes(codes=("2611000000",)), (), CITY, ("2824510200",))
    assert unknown is not None
    assert "2611000000 is of no camera" in unknown


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({}, "neither polygon, circle nor code"),
        ({"circles": ((HOME.lon, HOME.lat, 100.0),)}, "swapped"),
        ({"polygons": (tuple((lon, lat) for lat, lon in square(0, 0, 50)),)}, "swapped"),
        ({"circles": ((95.0, 10.0, 1.0),)}, "no place on earth"),
        ({"polygons": (((1.7e308, 0.0), (-1.7e308, 1.0), (0.0, 2.0)),)}, "no place on earth"),
        ({"names": ("nowhere",)}, "there is no area nowhere"),
    ],
)
def test_what_cannot_be_meant_is_refused(shapes: dict[str, Any], said: str) -> None:
    with pytest.raises(AreaError, match=said):
        zone_of(Shapes(**shapes), (), CITY, ())


def test_the_middle_lies_in_the_city_however_large_the_area() -> None:
    assert CITY is not None
    small = zone(circles=((*corner(500, 500), 40),))
    here = middle_of(small, (), CITY)
    assert (here.lat, here.lon) == pytest.approx(corner(500, 500), abs=1e-6)
    assert CITY.holds(middle_of(zone(polygons=(square(0, 0, 90_000),)), (), CITY))
    assert middle_of(Zone(codes=("2824500000",)), [HOME], CITY) == HOME


def test_what_agencies_are_told_of_a_large_area_is_bounded() -> None:
    def told(**shapes: Any) -> Told:
        return Told(event="호우", severity="severe", shapes=Shapes(**shapes))

    small = part_of(told(polygons=(square(0, 0, 50),), codes=("2824500000",)))
    assert (small.polygons, small.codes, small.rough) == (
        (square(0, 0, 50),),
        ("2824500000",),
        False,
    )
    jagged = tuple(corner(e, 100 * (e % 2)) for e in range(1200))
    rough = part_of(told(polygons=(jagged,)))
    (ring,) = rough.polygons
    assert (len(ring), rough.rough) == (4, True)
    assert all(Ring(ring).bounds.holds(Point(*one)) for one in jagged)
    many = part_of(told(circles=tuple((*corner(e, 0), 5.0) for e in range(0, 1200, 10))))
    assert (len(many.polygons), many.circles, many.rough) == (1, (), True)
