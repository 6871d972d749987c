"""When the next picture is read: after its burst, never so late that pictures pile up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_agent.camera.pace import BURST_S, LATEST_S, LONGEST_S, LOOK_S, Pace

STEP = 3600
"""25 a second."""


def play(
    seconds: float,
    *,
    step: int = STEP,
    reading_s: float = 0.0003,
    sent_s: Callable[[int], float] = lambda _: 0.0,
    size: int = 20_000,
    pace: Pace | None = None,
    patient: bool = False,
    arrived: list[float] | None = None,
) -> list[tuple[float, bool]]:
    """A reader of a camera whose picture n is sent `sent_s(n)` after its time.

    For each picture: seconds from its sending to its reading, and whether it was waited for; in
    `arrived` seconds from its sending to when it is said to have come.
    """
    pace = pace or Pace()
    now, seen = 1000.0, []
    for number in range(int(seconds * 90_000 / step)):
        sent = 1000.0 + number * step / 90_000 + sent_s(number)
        asked = now
        now = max(now, sent) + reading_s
        seen.append((now - sent, sent > asked))
        if arrived is not None:
            arrived.append(pace.arrived_s(number * step, asked, now) - sent)
        now += pace.rest_s(number * step, size, asked, now, patient=patient)
    return seen


def test_pictures_are_read_when_their_burst_is_over() -> None:
    seen = play(30)
    waited = [one for _, one in seen]
    looked = 3 * LOOK_S * 25 + 3
    assert sum(waited) <= looked
    late = max(late for late, _ in seen)
    assert BURST_S < late < BURST_S + 0.002


@pytest.mark.parametrize("step", [3003, 3600, 6000, 9000])
def test_whatever_the_frame_rate_most_pictures_are_not_waited_for(step: int) -> None:
    seen = play(60, step=step)
    assert sum(waited for _, waited in seen) < 0.15 * len(seen)


def test_what_piled_up_is_read_at_once() -> None:
    """The network stood still for two seconds: fifty pictures come at the same moment."""
    seen = play(30, sent_s=lambda n: max(0.0, 12.0 - n / 25) if 250 <= n < 300 else 0.0)
    assert max(late for late, _ in seen[305:]) < BURST_S + 0.01


def test_pictures_that_waver_are_given_more_time() -> None:
    seen = play(60, sent_s=lambda n: 0.02 * (n % 3))
    waited = [one for _, one in seen[250:]]
    assert sum(waited) < 0.25 * len(waited)


def test_a_reader_that_is_always_slow_never_falls_behind() -> None:
    """A busy box: each reading takes longer than one that waits for the camera."""
    reading_s = 0.02
    seen = play(600, reading_s=reading_s)
    assert max(late for late, _ in seen) < LATEST_S + 2 * reading_s + 0.001


def test_a_camera_whose_clock_was_set_is_looked_at_anew() -> None:
    pace = Pace()
    play(5, pace=pace)
    asked = 1005.1
    assert pace.rest_s(5 * 90_000 + 900_000, 20_000, asked, asked + 0.001) == 0.0
    assert pace.rest_s(5 * 90_000 + 903_600, 20_000, asked + 0.04, asked + 0.041) == 0.0


def test_a_camera_that_slows_down_is_not_left_alone_for_long() -> None:
    pace = Pace()
    play(5, pace=pace)
    for number in range(1, 4):
        now = 1005.0 + number * 0.9
        assert pace.rest_s(450_000 + number * 81_000, 20_000, now - 0.8, now) <= LONGEST_S


def test_without_times_there_is_no_rest() -> None:
    pace = Pace()
    assert all(pace.rest_s(None, 20_000, now, now + 0.04) == 0.0 for now in range(20))


def test_pictures_of_few_packets_are_waited_for() -> None:
    assert all(late < 0.001 for late, _ in play(30, size=800))


@pytest.mark.parametrize(("step", "together"), [(3600, 6), (9000, 2)])
def test_what_nobody_waits_for_is_read_several_at_a_time(step: int, together: int) -> None:
    seen = play(60, step=step, size=2000, patient=True)
    assert max(late for late, _ in seen) < LONGEST_S
    newest = sum(late < BURST_S + 0.003 and not waited for late, waited in seen)
    assert newest == pytest.approx(len(seen) / together, rel=0.15)


def test_no_more_is_left_lying_than_a_socket_holds() -> None:
    seen = play(60, size=50_000, patient=True)
    assert max(late for late, _ in seen) < BURST_S + 0.002


def test_when_a_picture_came_is_told_though_it_lay_there() -> None:
    seen: list[float] = []
    play(60, size=2000, patient=True, arrived=seen)
    assert max(abs(late) for late in seen) < 0.002
