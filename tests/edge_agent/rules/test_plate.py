"""The rule for plates: lists, zones, and what is told once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.scene import Box, Finding, Passage, Sighting, Track
from tests.edge_agent.plates.passing import hit, passage
from tests.edge_agent.rules.driving import NOON, STEP_S, rule
from wire.camera_rules import RuleSpec

IN_ZONE = Box(0.4, 0.5, 0.2, 0.2)
OUTSIDE = Box(0.0, 0.1, 0.1, 0.1)


def car(box: Box, now: float, track: int = 7) -> Track:
    return Track(track, "car", box, 0.9, 0.0, now, True)


def drive(settings: dict[str, Any], *passages: Passage, gone_s: float = 2.0) -> list[Finding]:
    """Passages told after one second, their vehicle in sight for `gone_s`."""
    driven = rule(type="plate", **settings)
    said: list[Finding] = []
    for frame in range(40):
        now = round(frame * STEP_S, 3)
        tracks = (car(IN_ZONE, now),) if now <= gone_s else ()
        told = passages if now == 1.0 else ()
        said += driven.update(Sighting(now, NOON, tracks, passages=told))
    return said


def at(box: Box, **changed: Any) -> Passage:
    return passage(track=car(box, 1.0), **changed)


def test_a_listed_plate_opens_once_and_closes_when_the_car_is_gone() -> None:
    opened, closed = drive({}, at(IN_ZONE, hits=(hit(),)))
    assert (opened.phase, closed.phase) == ("open", "close")
    assert opened.start_s == pytest.approx(0.4)
    assert opened.alarm_s == 1.0
    assert closed.end_s == 2.0
    assert opened.confidence == 0.97
    assert opened.plate is not None
    assert opened.plate.hits[0].list_id == "wanted"
    assert opened.key == closed.key
    assert closed.plate is not None
    assert (opened.plate.picture.size > 0, closed.plate.picture.size) == (True, 0)


def test_what_is_on_no_list_is_not_told() -> None:
    assert drive({}, at(IN_ZONE)) == []


def test_a_local_profile_tells_of_any_in_its_zone_and_of_no_list() -> None:
    opened, _ = drive({"plates": "any"}, at(IN_ZONE, hits=(hit(),)))
    assert opened.plate is not None
    assert opened.plate.hits == ()
    assert drive({"plates": "any"}, at(OUTSIDE)) == []


def test_a_zone_holds_for_listed_plates_too_and_is_not_needed() -> None:
    assert drive({}, at(OUTSIDE, hits=(hit(),))) == []
    assert drive({"zone": None}, at(OUTSIDE, hits=(hit(),)))


def test_a_car_at_the_pictures_lower_edge_is_in_a_zone_that_ends_there() -> None:
    lowest = Box(0.4, 0.6, 0.2, 0.4)
    assert drive({}, at(lowest, hits=(hit(),)))


def test_every_list_has_its_own_finding_and_a_rule_may_choose() -> None:
    both = at(IN_ZONE, hits=(hit(), hit(list_id="overdue", owner="tax-office")))
    told = [one for one in drive({}, both) if one.phase == "open"]
    assert [one.plate.hits[0].list_id for one in told if one.plate] == ["wanted", "overdue"]
    assert len({one.key for one in told}) == 2
    chosen = [one for one in drive({"lists": ["overdue"]}, both) if one.phase == "open"]
    assert [one.plate.hits[0].owner for one in chosen if one.plate] == ["tax-office"]


def test_near_matches_may_be_left_out() -> None:
    near = at(IN_ZONE, hits=(hit(near=True, certainty=0.2),))
    assert len(drive({}, near)) == 2
    assert drive({"near_matches": False}, near) == []
    assert drive({"min_certainty": 0.3}, near) == []
    assert len(drive({"min_certainty": 0.1}, near)) == 2


def test_it_rests_after_it_told_of_a_plate() -> None:
    again = passage(id=2, track=car(IN_ZONE, 1.0), hits=(hit(),))
    told = [one for one in drive({}, at(IN_ZONE, hits=(hit(),)), again) if one.phase == "open"]
    assert len(told) == 1


def test_outside_its_schedule_nothing_is_told() -> None:
    night = {"schedule": [{"from": "22:00", "to": "05:00"}]}
    assert drive(night, at(IN_ZONE, hits=(hit(),))) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "plate", "plates": "any"}, "needs a zone"),
        ({"type": "intrusion", "zone": "yard", "lists": ["wanted"]}, "takes no lists"),
        ({"type": "plate", "seconds": 3}, "takes no seconds"),
        ({"type": "plate", "lists": ["No Name"]}, "String should match"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RuleSpec.model_validate({"id": "r", **settings})
