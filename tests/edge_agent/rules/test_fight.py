"""Fight (experimental): arms that hit, of people within reach; not walking, waving, embracing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from edge_agent.scene import BodyPoint, Box, Finding, Pose, Sighting, Track
from tests.edge_agent.rules.driving import NOON, rule
from tests.edge_agent.scenes import track


class Arms:
    """A closer look at bodies whose wrists are `reach` body heights before the trunk."""

    def __init__(self, reach: Callable[[Box], float]) -> None:
        self._reach = reach

    def pose(self, box: Box) -> Pose | None:
        x, y, h = box.x + box.w / 2, box.y + 0.4 * box.h, box.h
        points = [BodyPoint(x, y, 0.9)] * 17
        for wrist in (9, 10):
            points[wrist] = BodyPoint(x + self._reach(box) * h, y, 0.9)
        return Pose(tuple(points))


def told(
    people: Callable[[float], list[Track]], reach: Callable[[float], float], **settings: object
) -> list[tuple[float, Finding]]:
    driven = rule(type="fight", **settings)
    said = []
    for frame in range(100):
        now_s = frame / 5
        arms = Arms(partial(reaching, reach(now_s)))
        sighting = Sighting(now_s, NOON, tuple(people(now_s)), look=arms)
        said += [(now_s, finding) for finding in driven.update(sighting)]
    return said


def reaching(far: float, _: Box) -> float:
    return far


def close(_: float) -> list[Track]:
    return [track(1, (0.45, 0.7)), track(2, (0.55, 0.7))]


def apart(_: float) -> list[Track]:
    return [track(1, (0.25, 0.7)), track(2, (0.75, 0.7))]


def hitting(now_s: float) -> float:
    return 0.45 if round(now_s * 5) % 2 else 0.05


def walking(now_s: float) -> float:
    return 0.1 if round(now_s * 5) % 4 < 2 else -0.05


def test_people_within_reach_who_hit_are_told_once() -> None:
    said = told(close, lambda t: hitting(t) if t < 12 else 0.05)
    assert [f.phase for _, f in said] == ["open", "close"]
    assert 3.0 <= said[0][0] <= 4.0
    assert sorted(t.id for t in said[0][1].tracks) == [1, 2]


def test_walking_side_by_side_is_no_fight() -> None:
    assert told(close, walking) == []


def test_waving_at_somebody_far_away_is_no_fight() -> None:
    assert told(apart, hitting) == []


def test_one_blow_or_an_embrace_is_no_fight() -> None:
    assert told(close, lambda t: 0.45 if 5 <= t < 5.4 else 0.05) == []


def test_one_alone_does_not_fight() -> None:
    assert told(lambda _: [track(1, (0.5, 0.7))], hitting) == []
