"""Whose turn it is."""

from __future__ import annotations

from collections import Counter

import pytest

from edge_agent.sight.fairness import Fairness


def serve(
    fairness: Fairness, costs: dict[str, float], seconds: float, start_s: float = 0.0
) -> Counter[str]:
    """One worker, every camera always with a new picture: how often each is served."""
    served: Counter[str] = Counter()
    now_s = start_s
    while now_s < start_s + seconds:
        for name in costs:
            fairness.wants(name, now_s)
        camera = fairness.next(now_s)
        if camera is None:
            wait_s = fairness.wakes_in(now_s)
            assert wait_s is not None
            now_s += max(wait_s, 1e-6)
            continue
        now_s += costs[camera]
        fairness.done(camera, costs[camera], now_s)
        served[camera] += 1
    return served


def fairness_for(cameras: dict[str, float]) -> Fairness:
    fairness = Fairness()
    for camera, per_second in cameras.items():
        fairness.add(camera, per_second)
    return fairness


def test_nobody_waits_nobody_is_served() -> None:
    fairness = fairness_for({"a": 5})
    assert fairness.next(0.0) is None
    assert fairness.wakes_in(0.0) is None


def test_a_camera_alone_gets_its_budget_and_no_more() -> None:
    served = serve(fairness_for({"a": 5}), {"a": 0.01}, 20)
    assert served["a"] == pytest.approx(100, abs=2)


def test_with_time_enough_everybody_gets_the_budget() -> None:
    served = serve(fairness_for({"a": 5, "b": 2}), {"a": 0.02, "b": 0.02}, 20)
    assert served["a"] == pytest.approx(100, abs=2)
    assert served["b"] == pytest.approx(40, abs=2)


def test_without_time_enough_equal_cameras_get_equal_parts() -> None:
    cameras = dict.fromkeys("abcdefgh", 5.0)
    served = serve(fairness_for(cameras), dict.fromkeys(cameras, 0.1), 40)
    assert sum(served.values()) == pytest.approx(400, abs=8)
    assert max(served.values()) - min(served.values()) <= 1


def test_time_is_shared_not_turns() -> None:
    served = serve(fairness_for({"tiled": 20, "plain": 20}), {"tiled": 0.2, "plain": 0.05}, 40)
    assert served["plain"] / served["tiled"] == pytest.approx(4, rel=0.1)


def test_who_slept_does_not_make_up_for_it_at_the_others_cost() -> None:
    fairness = fairness_for({"busy": 100, "sleepy": 100})
    serve(fairness, {"busy": 0.1}, 30)
    served = serve(fairness, {"busy": 0.1, "sleepy": 0.1}, 10, start_s=30)
    assert abs(served["busy"] - served["sleepy"]) <= 2


def test_a_camera_is_never_analysed_twice_at_the_same_time() -> None:
    fairness = fairness_for({"a": 100})
    fairness.wants("a", 0.0)
    assert fairness.next(0.0) == "a"
    fairness.wants("a", 9.0)
    assert fairness.next(10.0) is None
    fairness.done("a", 0.1, 10.0)
    assert fairness.next(10.0) == "a"


def test_it_says_when_to_look_again() -> None:
    fairness = fairness_for({"a": 2})
    fairness.wants("a", 0.0)
    assert fairness.next(0.0) == "a"
    fairness.done("a", 0.01, 0.01)
    fairness.wants("a", 0.2)
    assert fairness.next(0.2) is None
    assert fairness.wakes_in(0.2) == pytest.approx(0.3)
    assert fairness.next(0.5) == "a"
