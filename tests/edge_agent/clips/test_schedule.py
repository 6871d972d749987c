"""When each picture goes out, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest

from edge_agent.clips.picture import Picture, Thinning
from edge_agent.clips.schedule import BURST_BPS, LATE_S, Schedule, Slot
from tests.support.media import START

FRAME = 3600


def _picture(number: int, **changes: object) -> Picture:
    usual = Picture(
        b"x" * 1000, number * FRAME, number * FRAME, number % 50 == 0, START, burst=False
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # any field


def _send(schedule: Schedule, pictures: Iterable[Picture], now_s: float) -> list[Slot]:
    """Each as soon as it is due."""
    slots = []
    for picture in pictures:
        slot = schedule.place(picture, now_s)
        now_s = max(now_s, slot.at_s)
        schedule.sent(picture, slot, now_s)
        slots.append(slot)
    return slots


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0, 8.0])
def test_the_camera_s_pace_times_the_speed(speed: float) -> None:
    schedule = Schedule()
    schedule.speed = speed
    step = 50 if speed > 2 else 1
    slots = _send(schedule, (_picture(n) for n in range(0, 501, step)), 100.0)
    assert slots[0].at_s == 100.0
    assert slots[-1].at_s - 100.0 == pytest.approx(20 / speed)
    # The viewer's stamps run with the viewer's clock, at whatever speed.
    assert [slot.dts_90k / 90_000 for slot in slots] == pytest.approx(
        [slot.at_s - 100.0 for slot in slots]
    )


def test_what_is_placed_but_not_sent_changes_nothing() -> None:
    schedule = Schedule()
    _send(schedule, [_picture(0)], 0.0)
    assert schedule.place(_picture(1), 0.0) == schedule.place(_picture(1), 0.0)


def test_a_burst_is_bounded_and_leads_up_to_what_is_live() -> None:
    schedule = Schedule()
    large = b"x" * 50_000
    burst = [_picture(n, data=large, burst=True, live=True) for n in range(40)]
    slots = _send(schedule, burst, 5.0)
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(slots)]
    assert max(gaps) <= len(large) * 8 / BURST_BPS + 1e-9
    live = schedule.place(_picture(40, live=True), slots[-1].at_s + 0.04)
    assert live.at_s == slots[-1].at_s + 0.04
    assert live.dts_90k - slots[-1].dts_90k == FRAME


def test_what_is_live_never_waits_for_its_stamp() -> None:
    """A camera whose packets come in bunches is not delayed further."""
    schedule = Schedule()
    _send(schedule, [_picture(0, live=True)], 0.0)
    bunch = [schedule.place(_picture(1, live=True), 0.001)]
    assert bunch[0].at_s == pytest.approx(0.001, abs=0.001)
    assert bunch[0].dts_90k == FRAME


def test_a_host_that_stalled_does_not_race() -> None:
    schedule = Schedule()
    _send(schedule, [_picture(0)], 0.0)
    late = schedule.place(_picture(1), 3.0)
    assert late.at_s == 3.0
    assert late.dts_90k == 270_000
    schedule.sent(_picture(1), late, 3.0)
    assert schedule.place(_picture(2), 3.0).at_s == pytest.approx(3.04)
    little_late = Schedule()
    _send(little_late, [_picture(0)], 0.0)
    assert little_late.place(_picture(1), LATE_S).dts_90k == FRAME


def test_stamps_grow_through_seeks_back_pauses_and_holes() -> None:
    schedule = Schedule()
    slots = _send(schedule, [_picture(n) for n in range(1000, 1010)], 0.0)
    schedule.anew()
    slots += _send(schedule, [_picture(n) for n in range(10)], 0.4)
    schedule.anew()
    slots += _send(schedule, [_picture(n) for n in range(10, 20)], 60.0)
    slots += _send(schedule, [_picture(90_000)], 60.36)
    stamps = [slot.dts_90k for slot in slots]
    assert all(earlier < later for earlier, later in pairwise(stamps))
    assert stamps[20] == 60 * 90_000
    # An hour's hole is one frame long.
    assert stamps[-1] - stamps[-2] == FRAME


def test_b_frames_keep_their_order() -> None:
    schedule = Schedule()
    shown_later = replace(_picture(0), pts_90k=2 * FRAME)
    (slot,) = _send(schedule, [shown_later], 0.0)
    assert (slot.pts_90k, slot.dts_90k) == (2 * FRAME, 0)


def test_once_left_out_nothing_follows_but_a_keyframe() -> None:
    thinning = Thinning()
    assert all(thinning.takes(_picture(n)) for n in range(10))
    thinning.keyframes_only = True
    assert not thinning.takes(_picture(10))
    thinning.keyframes_only = False
    assert not thinning.takes(_picture(11))
    assert thinning.takes(_picture(50))
    assert thinning.takes(_picture(51))


def test_nothing_left_out_nothing_to_wait_for() -> None:
    thinning = Thinning()
    assert thinning.takes(_picture(0))
    thinning.keyframes_only = True
    thinning.keyframes_only = False
    assert thinning.takes(_picture(1))
