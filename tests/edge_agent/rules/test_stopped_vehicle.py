"""Stopped vehicle: one that stands, not a queue that moves up, a jam, or one that is hidden."""

from __future__ import annotations

from edge_agent.scene import Track
from tests.edge_agent.rules.driving import phases, play, rule
from tests.edge_agent.scenes import along, track

HERE = (0.5, 0.7)


def car(number: int, x: float, y: float = 0.7) -> Track:
    return track(number, (x, y), label="car")


def test_one_that_stands_for_the_seconds_is_told_and_closed_when_it_leaves() -> None:
    def parks(now_s: float) -> list[Track]:
        if now_s < 4:
            return [car(1, along((0.2, 0.7), HERE, now_s / 4)[0])]
        return [car(1, 0.5)] if now_s < 40 else []

    said = play(rule(type="stopped_vehicle", seconds=20), 70, parks)
    assert [f.phase for _, f in said] == ["open", "close"]
    assert 22 <= said[0][0] <= 25
    assert said[1][1].end_s is not None
    assert 39 <= said[1][1].end_s <= 51


def test_a_minute_is_the_default() -> None:
    said = play(rule(type="stopped_vehicle"), 62, lambda _: [car(1, 0.5)])
    assert phases(said) == [(60.0, "open")]


def test_people_who_stand_are_no_vehicle() -> None:
    assert play(rule(type="stopped_vehicle", seconds=5), 20, lambda _: [track(1, HERE)]) == []


def test_one_that_is_hidden_by_a_lorry_and_comes_back_under_a_new_id_goes_on_standing() -> None:
    def hidden(now_s: float) -> list[Track]:
        if 10 <= now_s < 16:
            return []
        return [car(1, 0.5) if now_s < 10 else car(2, 0.51)]

    ((now_s, opened),) = play(rule(type="stopped_vehicle", seconds=20), 30, hidden)
    assert (now_s, opened.start_s) == (20.0, 0.0)


def test_a_track_that_a_passer_takes_along_does_not_end_the_standing() -> None:
    def taken(now_s: float) -> list[Track]:
        if now_s < 10:
            return [car(1, 0.5)]
        gone = [car(1, 0.5 + 0.1 * (now_s - 10))] if now_s < 12.5 else []
        return [*gone, *([car(2, 0.5)] if now_s > 10.5 else [])]

    ((_, opened),) = play(rule(type="stopped_vehicle", seconds=20), 30, taken)
    assert opened.start_s == 0.0


def test_a_queue_that_moves_up_is_no_stopped_vehicle() -> None:
    def queue(now_s: float) -> list[Track]:
        turn, within = divmod(now_s, 8.0)
        cars = []
        for place in range(5):
            number = int(turn) + place
            x = 0.7 - 0.2 * place + 0.2 * max(0.0, within - 7.0)
            cars.append(car(number, x))
        return cars

    assert play(rule(type="stopped_vehicle", seconds=15), 80, queue) == []


def test_a_jam_is_told_only_when_traffic_flows_past_those_who_still_stand() -> None:
    def jam(now_s: float) -> list[Track]:
        standing = [car(n, 0.3 + 0.12 * n) for n in range(3)]
        passing = []
        if now_s >= 60:
            passing = [car(9, along((0.2, 0.9), (0.8, 0.9), (now_s - 60) / 3)[0], y=0.9)]
        return [*standing, *(passing if now_s < 63 else [])]

    said = play(rule(type="stopped_vehicle", seconds=20), 70, jam)
    assert [f.phase for _, f in said] == ["open"]
    assert 60 <= said[0][0] <= 64


def test_one_that_creeps_on_does_not_stand() -> None:
    said = play(rule(type="stopped_vehicle", seconds=20), 60, lambda t: [car(1, 0.25 + 0.008 * t)])
    assert said == []
