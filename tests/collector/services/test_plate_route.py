"""Sightings become a way, and a way that nobody can have driven is told as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from collector.services.place import Point, moved
from collector.services.plate_route import FASTEST_KMH, Sighting, routes

HERE = Point(37.5371, 126.7377)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seen(text: str, seconds: float, east_m: float = 0.0, **changed: Any) -> Sighting:
    at = moved(HERE, east_m, 0)
    usual = {
        "device": "pole-001-1", "camera": f"c{east_m:.0f}", "title": "", "title_en": "",
        "lat": at.lat, "lon": at.lon, "at": START + timedelta(seconds=seconds), "text": text,
        "confidence": 0.99, "chance": 0.98, "near_match": False,
        "type": "p7", "color": "white", "direction": "towards",
    }  # fmt: skip
    return Sighting.model_validate({**usual, **changed})


def test_sightings_stand_in_order_with_what_the_way_between_them_takes() -> None:
    (route,) = routes([seen("12가3456", 115, 1000), seen("12가3456", 0), seen("12가3456", 55, 500)])
    assert [one.camera for one in route.sightings] == ["c0", "c500", "c1000"]
    assert [one.kmh for one in route.sightings] == [None, 30.0, 27.7]
    assert route.sightings[0].metres is None
    assert route.plausible


def test_who_would_have_to_fly_is_marked_and_the_next_leg_is_judged_anew() -> None:
    (route,) = routes([seen("12가3456", 0), seen("12가3456", 5, 3000), seen("12가3456", 600, 3500)])
    assert [one.plausible for one in route.sightings] == [True, False, True]
    assert (route.sightings[1].kmh or 0) > FASTEST_KMH
    assert not route.plausible


def test_two_cameras_of_one_crossing_may_see_it_at_once() -> None:
    (route,) = routes([seen("12가3456", 0), seen("12가3456", 0, 80)])
    assert route.plausible
    assert route.sightings[1].kmh is None


def test_a_camera_without_a_place_is_in_the_list_and_judges_nothing() -> None:
    (route,) = routes([seen("12가3456", 0), seen("12가3456", 1, 9000, lat=None, lon=None)])
    assert len(route.sightings) == 2
    assert route.plausible


def test_what_was_asked_for_stands_before_what_is_like_it() -> None:
    found = routes(
        [
            seen("12거3456", 0, near_match=True, chance=0.3),
            seen("12가3456", 10),
            seen("12가3499", 20),
            seen("12가3499", 90, 400),
        ]
    )
    assert [one.text for one in found] == ["12가3499", "12가3456", "12거3456"]
    assert [one.near_match for one in found] == [False, False, True]
