"""Abandonment and dumping: who left what, and when that is worth an alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest

from edge_agent.rules.base import Rule
from edge_agent.scene import Box, Detection, Finding, Sighting, StillObject, Track
from tests.edge_agent.rules.driving import NOON, STEP_S, phases, rule
from tests.edge_agent.scenes import along, standing, track

BAG = Box(0.48, 0.75, 0.04, 0.05)
HERE, FAR = (0.46, 0.8), (0.05, 0.8)
Seen = tuple[Iterable[Track], Iterable[StillObject], Iterable[Detection]]


def play(
    driven: Rule, seconds: float, scene: Callable[[float], Seen]
) -> list[tuple[float, Finding]]:
    """What the rule says, and when."""
    said = []
    for frame in range(round(seconds / STEP_S)):
        now_s = round(frame * STEP_S, 3)
        tracks, things, detections = scene(now_s)
        sighting = Sighting(
            now_s,
            NOON + timedelta(seconds=now_s),
            tuple(tracks),
            tuple(detections),
            still_objects=tuple(things),
        )
        said += [(now_s, finding) for finding in driven.update(sighting)]
    return said


def walks_off(now_s: float, label: str = "person") -> list[Track]:
    """Somebody who stands at the bag's place until 4 s and is far away at 6 s."""
    share = min(max((now_s - 4) / 2, 0), 1)
    foot = along(HERE, FAR, share)
    return [Track(7, label, standing(foot), 0.8, 0.0, now_s, True)]


def bag(
    now_s: float, until_s: float = 99, *, hidden: bool = False, around: float = 0.0
) -> list[StillObject]:
    """A bag that shows at 4 s and is told of at 7 s."""
    return [StillObject(1, BAG, 4.0, not hidden, around)] if 7 <= now_s < until_s else []


def test_the_alarm_comes_when_the_owner_has_been_away_for_the_seconds() -> None:
    said = play(rule(type="abandonment"), 40, lambda s: (walks_off(s), bag(s, 30), ()))
    assert [phase for _, phase in phases(said)] == ["open", "close"]
    opened_s, opened = said[0]
    assert 14.5 <= opened_s <= 16.5
    assert opened.alarm_s == opened_s
    assert opened.start_s == 4.0
    assert [owner.id for owner in opened.tracks] == [7]
    assert opened.box == BAG
    assert said[1][1].end_s == pytest.approx(29.8)


def test_an_owner_who_vanished_has_left_too() -> None:
    said = play(
        rule(type="abandonment"), 20, lambda s: (walks_off(s) if s < 4.4 else (), bag(s), ())
    )
    assert [phase for _, phase in phases(said)] == ["open"]


def test_an_owner_who_stays_raises_no_alarm() -> None:
    assert not play(rule(type="abandonment"), 40, lambda s: ([track(7, HERE)], bag(s), ()))


def test_an_owner_known_under_a_new_track_still_minds_the_bag() -> None:
    def scene(now_s: float) -> Seen:
        number, first_s = (7, 0.0) if now_s < 6 else (8, 6.2)
        there = Track(number, "person", standing(HERE), 0.8, first_s, now_s, True)
        return [there], bag(now_s), ()

    assert not play(rule(type="abandonment"), 40, scene)


def test_a_bag_picked_up_in_time_raises_no_alarm() -> None:
    assert not play(rule(type="abandonment"), 40, lambda s: (walks_off(s), bag(s, 14), ()))


def test_an_owner_who_comes_back_begins_the_wait_anew() -> None:
    def scene(now_s: float) -> Seen:
        return ([track(7, HERE)] if 9 <= now_s < 13 else walks_off(now_s)), bag(now_s), ()

    said = play(rule(type="abandonment"), 30, scene)
    assert 22.5 <= said[0][0] <= 23.5


def test_an_owner_who_passes_by_again_does_not_mind_the_bag() -> None:
    def scene(now_s: float) -> Seen:
        return ([track(7, HERE)] if 12 <= now_s < 13 else walks_off(now_s)), bag(now_s), ()

    assert 14.5 <= play(rule(type="abandonment"), 30, scene)[0][0] <= 16.5


@pytest.mark.parametrize(("confidence", "walks"), [(0.2, False), (0.5, True)])
def test_somebody_who_sits_there_is_no_bag(confidence: float, walks: bool) -> None:
    """Lost where he sat down he may be the thing, however weakly seen; clearly seen, always."""
    sitting = Detection("person", confidence, Box(0.46, 0.66, 0.08, 0.14))

    def scene(now_s: float) -> Seen:
        tracks = walks_off(now_s) if walks or now_s < 4 else ()
        return tracks, bag(now_s, around=0.3), [sitting] if round(now_s * 5) % 2 else ()

    assert not play(rule(type="abandonment"), 40, scene)


def test_a_bag_that_the_detector_takes_for_a_small_person_is_a_bag() -> None:
    doll = Detection("person", 0.3, BAG)
    said = play(rule(type="abandonment"), 20, lambda s: (walks_off(s), bag(s), [doll]))
    assert [phase for _, phase in phases(said)] == ["open"]


def test_a_bag_that_is_taken_for_somebody_large_is_a_bag_while_nothing_is_around_it() -> None:
    ghost = Detection("person", 0.5, Box(0.46, 0.69, 0.08, 0.12))
    said = play(rule(type="abandonment"), 20, lambda s: (walks_off(s), bag(s), [ghost]))
    assert [phase for _, phase in phases(said)] == ["open"]


def test_who_was_beside_the_owner_and_left_may_come_by_again() -> None:
    def scene(now_s: float) -> Seen:
        there = now_s < 5 or 12 <= now_s < 13
        friend = track(9, (0.55, 0.8) if there else (0.95, 0.8))
        return [*walks_off(now_s), friend], bag(now_s), ()

    assert 14.5 <= play(rule(type="abandonment"), 20, scene)[0][0] <= 16.5


def test_a_bag_that_shows_more_of_itself_stays_one_finding() -> None:
    whole = StillObject(2, Box(0.47, 0.74, 0.06, 0.06), 4.0, seen=True)

    def scene(now_s: float) -> Seen:
        return walks_off(now_s), [whole] if now_s >= 18 else bag(now_s), ()

    assert [p for _, p in phases(play(rule(type="abandonment"), 30, scene))] == ["open"]


def test_passers_by_in_front_do_not_begin_the_wait_anew() -> None:
    def scene(now_s: float) -> Seen:
        passing = 10 <= now_s < 12
        front = [Detection("person", 0.8, standing((0.5, 0.85)))] if passing else ()
        return walks_off(now_s), bag(now_s, hidden=passing), front

    assert 14.5 <= play(rule(type="abandonment"), 20, scene)[0][0] <= 16.5


def test_a_parked_vehicle_raises_no_alarm() -> None:
    car = Box(0.3, 0.6, 0.3, 0.2)

    def scene(now_s: float) -> Seen:
        things = [StillObject(1, car, 4.0, True)] if now_s >= 7 else ()
        return walks_off(now_s), things, [Detection("car", 0.5, car)]

    assert not play(rule(type="abandonment"), 40, scene)
    assert not play(rule(type="dumping"), 40, scene)


def test_what_nobody_brought_raises_no_alarm() -> None:
    assert not play(rule(type="abandonment"), 40, lambda s: ([track(7, FAR)], bag(s), ()))


def test_a_bag_outside_the_zone_raises_no_alarm() -> None:
    outside = StillObject(1, Box(0.05, 0.2, 0.04, 0.05), 4.0, True)

    def scene(now_s: float) -> Seen:
        owner = [track(7, (0.06, 0.26))] if now_s < 4.4 else ()
        return owner, [outside] if now_s >= 7 else (), ()

    assert not play(rule(type="abandonment"), 30, scene)


def test_two_bags_are_two_findings() -> None:
    other = StillObject(2, Box(0.38, 0.76, 0.03, 0.04), 4.2, True)

    def scene(now_s: float) -> Seen:
        return walks_off(now_s), [*bag(now_s), *([other] if now_s >= 7 else ())], ()

    said = play(rule(type="abandonment"), 20, scene)
    assert sorted(finding.key for _, finding in said) == ["1", "2"]


def test_two_parts_of_one_thing_are_one_finding() -> None:
    part = StillObject(2, Box(0.53, 0.75, 0.04, 0.05), 4.2, seen=True)

    def scene(now_s: float) -> Seen:
        return walks_off(now_s), [*bag(now_s), *([part] if now_s >= 7 else ())], ()

    assert [p for _, p in phases(play(rule(type="abandonment"), 20, scene))] == ["open"]


def test_vehicles_dump_and_do_not_abandon() -> None:
    def scene(now_s: float) -> Seen:
        return walks_off(now_s, "truck"), bag(now_s), ()

    assert not play(rule(type="abandonment"), 20, scene)
    assert [p for _, p in phases(play(rule(type="dumping"), 20, scene))] == ["open"]
    assert not play(rule(type="dumping", labels=["person"]), 20, scene)
