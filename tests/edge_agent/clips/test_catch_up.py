"""Going over from the recording to what is live: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.catch_up import CatchUpFeed
from edge_agent.clips.feeds import LiveTap, RecordedFeed
from edge_agent.clips.picture import Picture
from edge_agent.clips.reading import from_keyframe
from edge_agent.clips.sources import NEVER
from tests.support.media import START, encode
from wire.clock import SimulatedClock

PACKETS = encode(60)
DELIMITER = b"\x00\x00\x00\x01\x09\xf0"


class _Camera:
    """A ring and a tap that the same packets have come to; the ring is `behind` of them behind."""

    def __init__(self, arrived: int, behind: int = 0) -> None:
        self.behind = behind
        self.clock = SimulatedClock(START)
        self.tap = LiveTap()
        self._arrived = 0
        self.arrive(arrived)

    def arrive(self, count: int) -> None:
        for packet in PACKETS[self._arrived : self._arrived + count]:
            # Cameras put a delimiter in front that the recording does without.
            self.tap.packet(replace(packet, data=DELIMITER + packet.data))
        self._arrived += count
        self.clock.advance(count / 10)

    def read(self, from_at: datetime, to_at: datetime) -> Iterator[AccessUnit]:
        units = (
            AccessUnit(one.data, "h264", one.pts_90k, one.dts_90k, one.keyframe, one.received_at)
            for one in PACKETS[: self._arrived - self.behind]
        )
        return from_keyframe(units, from_at, to_at)

    def feed(self, seconds_ago: float) -> CatchUpFeed:
        start = self.clock.now() - timedelta(seconds=seconds_ago)
        return CatchUpFeed(RecordedFeed(self, self.clock, start, NEVER), self.tap)


async def _take(feed: CatchUpFeed, count: int) -> list[Picture]:
    taken = []
    for _ in range(count):
        picture = await asyncio.wait_for(feed.next(), 5)
        assert picture is not None
        taken.append(picture)
    return taken


def _numbers(taken: list[Picture]) -> list[int]:
    sent = [packet.data for packet in PACKETS]
    return [sent.index(picture.data.removeprefix(DELIMITER)) for picture in taken]


async def test_every_picture_once_from_the_recording_into_what_is_live() -> None:
    camera = _Camera(45)
    feed = camera.feed(4.5)
    taken = await _take(feed, 45)
    camera.arrive(5)
    taken += await _take(feed, 5)
    assert _numbers(taken) == list(range(50))
    assert [picture.live for picture in taken] == [False] * 40 + [True] * 10
    assert [picture.burst for picture in taken] == [False] * 40 + [True] * 5 + [False] * 5


async def test_fast_by_keyframes_then_whole() -> None:
    camera = _Camera(45)
    feed = camera.feed(4.5)
    feed.thinning.keyframes_only = True
    assert _numbers(await _take(feed, 9)) == [0, 10, 20, 30, 40, 41, 42, 43, 44]


async def test_a_recording_a_little_behind_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.clips.feeds.GROWTH_PAUSE_S", 0.01)
    camera = _Camera(45, behind=6)
    feed = camera.feed(4.5)
    feed.thinning.keyframes_only = True
    taken = await _take(feed, 4)
    waiting = asyncio.create_task(_take(feed, 5))
    await asyncio.sleep(0)
    camera.behind = 0
    assert _numbers(taken + await waiting) == [0, 10, 20, 30, 40, 41, 42, 43, 44]


async def test_from_within_the_newest_gop_it_is_live_at_once() -> None:
    feed = _Camera(45).feed(0.3)
    taken = await _take(feed, 3)
    assert all(picture.live for picture in taken)


async def test_a_ring_that_stands_still_does_not_hold_up_what_is_live() -> None:
    camera = _Camera(45, behind=10)
    camera.clock.advance(60)
    taken = await _take(camera.feed(64.5), 40)
    assert _numbers(taken) == [*range(35), *range(40, 45)]


async def test_closed_it_ends_and_follows_nobody() -> None:
    camera = _Camera(45)
    feed = camera.feed(4.5)
    await _take(feed, 1)
    feed.close()
    assert await feed.next() is None
    assert camera.tap.followers == 0
    live = camera.feed(0.3)
    await _take(live, 1)
    assert camera.tap.followers == 1
    live.close()
    assert camera.tap.followers == 0


async def test_lost_pictures_bring_the_gop_again_on_either_side() -> None:
    camera = _Camera(45)
    feed = camera.feed(4.5)
    await _take(feed, 25)
    feed.again()
    again = await _take(feed, 7)
    assert _numbers(again) == [20, 21, 22, 23, 24, 25, 26]
    assert [picture.burst for picture in again] == [True] * 5 + [False] * 2
    await _take(feed, 15)
    feed.again()
    assert _numbers(await _take(feed, 5)) == [40, 41, 42, 43, 44]
