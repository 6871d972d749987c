"""Things that look like people, and people who keep still."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest

from edge_agent.scene import Box, Track
from edge_agent.sight.stillness import LEARN_S, StillnessFilter
from tests.edge_agent.scenes import along

STEP_S = 0.5
SPOT = (0.5, 0.6)


def track(
    number: int,
    foot: tuple[float, float],
    since_s: float,
    *,
    confidence: float = 0.5,
    label: str = "person",
    visible: bool = True,
) -> Track:
    box = Box(foot[0] - 0.04, foot[1] - 0.2, 0.08, 0.2)
    return Track(number, label, box, confidence, since_s, 0.0, visible)


def cone(now_s: float, number: int = 1, since_s: float = 0.0, confidence: float = 0.5) -> Track:
    """Somebody who only jitters, as boxes do."""
    jitter = 0.006 * math.sin(37 * now_s)
    return track(number, (SPOT[0] + jitter, SPOT[1] - jitter), since_s, confidence=confidence)


def play(
    judge: StillnessFilter,
    seconds: float,
    scene: Callable[[float], Iterable[Track]],
    start_s: float = 0.0,
) -> list[tuple[float, list[int]]]:
    """The ids reported at each time."""
    times = [start_s + STEP_S * n for n in range(round(seconds / STEP_S))]
    return [(now_s, [t.id for t in judge.update(scene(now_s), now_s)]) for now_s in times]


def last_reported(history: list[tuple[float, list[int]]], number: int) -> float:
    return max((now_s for now_s, ids in history if number in ids), default=-1.0)


def test_what_has_not_moved_for_a_minute_is_a_thing_from_then_on() -> None:
    history = play(StillnessFilter(), 200, lambda t: [cone(t)])
    assert last_reported(history, 1) == pytest.approx(LEARN_S, abs=1)


def test_a_new_track_at_a_learned_place_is_left_out_at_once() -> None:
    judge = StillnessFilter()
    play(judge, 70, lambda t: [cone(t)])
    history = play(judge, 30, lambda t: [cone(t, 2, 100)] if t >= 100 else [], 70)
    assert last_reported(history, 2) == -1


def test_whoever_moves_away_from_a_learned_place_is_reported() -> None:
    judge = StillnessFilter()
    play(judge, 70, lambda t: [cone(t)])
    history = play(judge, 10, lambda t: [track(2, along(SPOT, (0.9, 0.6), (t - 70) / 10), 70)], 70)
    assert history[0][1] == []
    assert all(ids == [2] for _, ids in history[6:])


def test_somebody_who_walked_in_may_stand_as_still_as_a_cone() -> None:
    def scene(now_s: float) -> list[Track]:
        walk = along((0.1, 0.6), SPOT, min(now_s / 10, 1))
        return [track(1, walk, 0.0)]

    history = play(StillnessFilter(), 400, scene)
    assert all(ids == [1] for _, ids in history)


def test_somebody_who_sat_down_is_believed_when_the_track_is_lost() -> None:
    def scene(now_s: float) -> list[Track]:
        if now_s < 60:
            return [track(1, along((0.1, 0.6), SPOT, min(now_s / 10, 1)), 0.0)]
        return [cone(now_s, 2, 65)] if now_s >= 65 else []

    history = play(StillnessFilter(), 400, scene)
    assert all(ids == [2] for now_s, ids in history if now_s >= 65)


def test_somebody_clearly_seen_is_never_taken_for_a_thing() -> None:
    history = play(StillnessFilter(), 300, lambda t: [cone(t, confidence=0.8)])
    assert all(ids == [1] for _, ids in history)


@pytest.mark.parametrize("label", ["car", "truck", "bag", "bicycle"])
def test_what_stands_still_by_nature_is_always_reported(label: str) -> None:
    history = play(StillnessFilter(), 200, lambda _: [track(1, SPOT, 0.0, label=label)])
    assert all(ids == [1] for _, ids in history)


def test_a_cone_that_takes_over_a_passers_track_is_found_out() -> None:
    judge = StillnessFilter()
    play(judge, 70, lambda t: [cone(t)])

    def scene(now_s: float) -> list[Track]:
        if now_s < 80:
            return [track(2, along((0.1, 0.6), SPOT, (now_s - 70) / 10), 70)]
        return [cone(now_s, 2, 70)]

    history = play(judge, 100, scene, 70)
    assert any(ids == [2] for _, ids in history)
    assert last_reported(history, 2) == pytest.approx(110, abs=3)


def test_a_passer_does_not_make_the_cone_believable() -> None:
    judge = StillnessFilter()

    def scene(now_s: float) -> list[Track]:
        passer = track(2, along((0.1, 0.6), (0.9, 0.6), (now_s - 100) / 10), 100)
        return [cone(now_s, 1 if now_s < 105 else 3, 0.0 if now_s < 105 else 112)] * (
            not 105 <= now_s < 112
        ) + [passer] * (100 <= now_s < 110)

    history = play(judge, 200, scene)
    assert last_reported(history, 3) == -1


def test_a_coasting_track_is_judged_as_it_was() -> None:
    judge = StillnessFilter()
    play(judge, 70, lambda t: [cone(t)])
    assert judge.update([track(1, SPOT, 0.0, visible=False)], 70.0) == ()


def test_a_place_not_seen_for_long_is_forgotten() -> None:
    judge = StillnessFilter()
    play(judge, 70, lambda t: [cone(t)])
    assert len(judge.learned) == 1
    judge.update([], 10_000.0)
    assert not judge.learned


def test_a_time_line_that_starts_anew_starts_the_learning_anew() -> None:
    judge = StillnessFilter()
    play(judge, 70, lambda t: [cone(t)])
    assert [t.id for t in judge.update([cone(0.0, 2)], 0.0)] == [2]
    assert not judge.learned
