"""The track: the camera's bytes, paced by its clock, in simulated time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from aiortc.mediastreams import MediaStreamError

from edge_agent.clips.picture import Picture, Thinning
from edge_agent.clips.player import ClipTrack
from edge_agent.clips.schedule import BURST_BPS
from tests.support.loop import run_simulated
from tests.support.media import encode


class _ListFeed:
    """Pictures from a list, each when `ready_s` of loop time has come."""

    def __init__(self, pictures: list[Picture], ready_s: dict[int, float] | None = None) -> None:
        self._pictures = list(pictures)
        self._ready_s = ready_s or {}
        self._count = 0
        self.thinning = Thinning()
        self.closed = False
        self.asked_again = 0

    async def next(self) -> Picture | None:
        while self._pictures and not self.closed:
            wait = self._ready_s.get(self._count, 0) - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            self._count += 1
            picture = self._pictures.pop(0)
            if self.thinning.takes(picture):
                return picture
        return None

    def again(self) -> None:
        self.asked_again += 1

    def close(self) -> None:
        self.closed = True


def _pictures(count: int, *, burst: int = 0, size: int = 0, offset: int = 0) -> list[Picture]:
    return [
        Picture(
            packet.data.ljust(size, b"\xff"),
            packet.pts_90k + offset,
            packet.dts_90k + offset,
            packet.keyframe,
            packet.received_at,
            burst=index < burst,
        )
        for index, packet in enumerate(encode(count))
    ]


@dataclass
class _Sent:
    at_s: float
    pts: int
    data: bytes


async def _play(track: ClipTrack, limit: int = 10_000) -> list[_Sent]:
    loop = asyncio.get_running_loop()
    sent: list[_Sent] = []
    while len(sent) < limit:
        try:
            packet = await track.recv()
        except MediaStreamError:
            break
        assert packet.pts is not None
        sent.append(_Sent(loop.time(), packet.pts, bytes(packet)))
    return sent


def _run(pictures: list[Picture], **options: object) -> list[_Sent]:
    async def work() -> list[_Sent]:
        return await _play(ClipTrack(_ListFeed(pictures, **options)))  # type: ignore[arg-type]  # passed through

    return run_simulated(work())


def test_packets_are_the_camera_s_own_at_the_camera_s_pace() -> None:
    pictures = _pictures(30, offset=123_456_789)
    sent = _run(pictures)
    assert [one.data for one in sent] == [picture.data for picture in pictures]
    assert [one.pts for one in sent] == [9000 * i for i in range(30)]
    assert [one.at_s for one in sent] == pytest.approx([i / 10 for i in range(30)], abs=0.002)


def test_a_cached_gop_comes_at_once_but_no_faster_than_the_burst_rate() -> None:
    size = 40_000
    pictures = _pictures(12, burst=10, size=size)
    sent = _run(pictures, ready_s={10: 0.5, 11: 0.6})
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(sent[:10])]
    assert gaps == pytest.approx([size * 8 / BURST_BPS] * 9)
    assert sent[9].at_s < 0.1
    stamps = [one.pts for one in sent]
    assert stamps == sorted(set(stamps))
    # Shown as fast as they were sent, they lead up to the live picture, which keeps its own pace.
    assert stamps[9] / 90_000 == pytest.approx(sent[9].at_s, abs=0.011)
    assert stamps[11] - stamps[10] == 9000


def test_a_hole_in_the_recording_is_not_waited_out() -> None:
    first, second = _pictures(10), _pictures(10, offset=90_000 * 3600)
    sent = _run(first + second)
    assert len(sent) == 20
    assert sent[10].pts - sent[9].pts == 9000
    assert sent[-1].at_s == pytest.approx(1.9, abs=0.01)


def test_time_stamps_never_go_back_even_if_the_recording_s_do() -> None:
    sent = _run(_pictures(10, offset=900_000) + _pictures(10))
    stamps = [one.pts for one in sent]
    assert stamps == sorted(set(stamps))


def test_a_stalled_source_does_not_race_to_catch_up() -> None:
    sent = _run(_pictures(20), ready_s={10: 6.0})
    assert sent[10].at_s == pytest.approx(6.0)
    assert sent[19].at_s == pytest.approx(6.9, abs=0.01)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_stretches_time(speed: float) -> None:
    async def work() -> list[_Sent]:
        track = ClipTrack(_ListFeed(_pictures(21)))
        track.set_speed(speed)
        return await _play(track)

    sent = run_simulated(work())
    assert sent[20].at_s == pytest.approx(2 / speed, abs=0.01)
    assert sent[20].pts == 180_000 / speed


def test_above_twice_the_speed_only_keyframes_are_sent() -> None:
    async def work() -> list[_Sent]:
        track = ClipTrack(_ListFeed(_pictures(81)))
        track.set_speed(8)
        return await _play(track)

    sent = run_simulated(work())
    assert len(sent) == 9
    assert sent[-1].at_s == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("speed", [0.4, 8.1])
def test_other_speeds_are_refused(speed: float) -> None:
    async def work() -> None:
        ClipTrack(_ListFeed([])).set_speed(speed)

    with pytest.raises(ValueError, match="speed"):
        run_simulated(work())


def test_from_fast_to_slow_goes_on_at_a_keyframe() -> None:
    """What was left out in between nothing can be decoded without."""

    async def work() -> tuple[list[_Sent], list[Picture]]:
        pictures = _pictures(81)
        track = ClipTrack(_ListFeed(pictures), speed=8)
        asyncio.get_running_loop().call_later(0.3, track.set_speed, 1.0)
        return await _play(track), pictures

    sent, pictures = run_simulated(work())
    numbers = [[picture.data for picture in pictures].index(one.data) for one in sent]
    assert numbers == [0, 10, 20, *range(30, 81)]


def test_a_pause_holds_the_next_picture_and_the_time_line_waits_as_the_viewer_does() -> None:
    async def work() -> list[_Sent]:
        track = ClipTrack(_ListFeed(_pictures(20)))
        sent = await _play(track, limit=5)
        track.pause()
        asyncio.get_running_loop().call_later(30, track.resume)
        return sent + await _play(track)

    sent = run_simulated(work())
    assert sent[5].at_s >= 30
    assert (sent[5].pts - sent[4].pts) / 90_000 == pytest.approx(sent[5].at_s - sent[4].at_s)
    assert sent[19].at_s - sent[5].at_s == pytest.approx(1.4, abs=0.11)


def test_a_pause_takes_hold_while_a_picture_waits_for_its_moment() -> None:
    async def work() -> list[_Sent]:
        track = ClipTrack(_ListFeed(_pictures(41)), speed=0.5)
        loop = asyncio.get_running_loop()
        loop.call_later(1.05, track.pause)
        loop.call_later(9.0, track.resume)
        return await _play(track)

    times = [one.at_s for one in run_simulated(work())]
    assert [time for time in times if 1.05 < time < 9.0] == []


def test_a_seek_drops_the_picture_that_waits_and_keeps_the_time_line() -> None:
    async def work() -> tuple[list[_Sent], bool]:
        old = _ListFeed(_pictures(20))
        track = ClipTrack(old)
        new = _ListFeed(_pictures(10, offset=90_000_000))
        asyncio.get_running_loop().call_later(0.45, track.switch, new)
        return await _play(track), old.closed

    sent, closed = run_simulated(work())
    assert closed
    assert len(sent) == 15
    assert sent[5].at_s == pytest.approx(0.45)
    stamps = [one.pts / 90_000 for one in sent]
    assert stamps == pytest.approx([one.at_s for one in sent], abs=0.002)


def test_what_is_live_goes_at_its_own_speed() -> None:
    """As when a fast look back has caught up."""

    async def work() -> tuple[list[_Sent], float]:
        live = [replace(one, live=True) for one in _pictures(20)]
        arrivals = {number: number / 10 for number in range(20)}
        track = ClipTrack(_ListFeed(live, arrivals), speed=8)
        return await _play(track), track.speed

    # The feed that leaves nothing out is LiveFeed's; here each tenth picture is a keyframe.
    sent, speed = run_simulated(work())
    assert speed == 1.0
    assert [one.at_s for one in sent] == pytest.approx([0.0, 1.0])
    assert sent[1].pts - sent[0].pts == 90_000


def test_lost_pictures_bring_the_keyframe_again_but_not_at_every_complaint() -> None:
    async def work() -> tuple[int, int]:
        feed = _ListFeed(_pictures(40))
        track = ClipTrack(feed)
        loop = asyncio.get_running_loop()
        for at_s in (1.0, 1.1, 1.2, 1.9, 2.1):
            loop.call_later(at_s, track.keyframe_again)
        await _play(track)
        return feed.asked_again, track.keyframes_again

    assert run_simulated(work()) == (2, 2)


def test_the_end_of_the_feed_ends_the_track() -> None:
    async def work() -> tuple[bool, str]:
        track = ClipTrack(_ListFeed(_pictures(3)))
        await _play(track)
        return track.finished, track.readyState

    assert run_simulated(work()) == (True, "ended")


def test_stopping_wakes_a_paused_track() -> None:
    async def work() -> list[_Sent]:
        track = ClipTrack(_ListFeed(_pictures(3)))
        track.pause()
        asyncio.get_running_loop().call_later(5, track.stop)
        return await _play(track)

    assert run_simulated(work()) == []
