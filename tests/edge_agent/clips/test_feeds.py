"""Live and recorded feeds: an instant start, bounded queues, growing spans."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from edge_agent.camera.packet import StreamInfo
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.feeds import (
    FOLLOW_PACKETS,
    GOP_PACKETS,
    LiveTap,
    RecordedFeed,
)
from edge_agent.clips.picture import Picture
from tests.support.media import START, encode, info_of
from wire.clock import SimulatedClock

S = timedelta(seconds=1)
PACKETS = encode(40)


async def _take(feed: object, count: int) -> list[Picture]:
    taken = []
    for _ in range(count):
        picture = await asyncio.wait_for(feed.next(), 5)  # type: ignore[attr-defined]  # any feed
        assert picture is not None
        taken.append(picture)
    return taken


async def test_a_viewer_gets_the_newest_gop_at_once_and_then_what_comes() -> None:
    tap = LiveTap()
    for packet in PACKETS[:25]:
        tap.packet(packet)
    feed = tap.follow(asyncio.get_running_loop())
    for packet in PACKETS[25:30]:
        tap.packet(packet)
    taken = await _take(feed, 10)
    assert [picture.data for picture in taken] == [packet.data for packet in PACKETS[20:30]]
    assert [picture.burst for picture in taken] == [True] * 5 + [False] * 5


async def test_a_viewer_of_a_camera_without_a_keyframe_waits_for_one() -> None:
    tap = LiveTap()
    feed = tap.follow(asyncio.get_running_loop())
    for packet in PACKETS[5:15]:
        tap.packet(packet)
    taken = await _take(feed, 5)
    assert taken[0].keyframe
    assert feed.dropped == 5


async def test_packets_from_the_camera_s_thread_wake_the_viewer() -> None:
    tap = LiveTap()
    loop = asyncio.get_running_loop()
    feed = tap.follow(loop)
    waiting = asyncio.create_task(feed.next())
    await asyncio.sleep(0)
    await loop.run_in_executor(None, tap.packet, PACKETS[0])
    picture = await asyncio.wait_for(waiting, 5)
    assert picture is not None
    assert picture.data == PACKETS[0].data


async def test_a_viewer_that_takes_nothing_is_bounded_and_resumes_at_a_keyframe() -> None:
    tap = LiveTap()
    feed = tap.follow(asyncio.get_running_loop())
    limit = FOLLOW_PACKETS + GOP_PACKETS
    for packet in PACKETS * 30:
        tap.packet(packet)
    assert limit <= feed.dropped <= limit + 10
    first = (await _take(feed, 1))[0]
    assert first.keyframe


async def test_a_closed_feed_ends_and_is_fed_no_more() -> None:
    tap = LiveTap()
    feed = tap.follow(asyncio.get_running_loop())
    waiting = asyncio.create_task(feed.next())
    await asyncio.sleep(0)
    feed.close()
    assert await asyncio.wait_for(waiting, 5) is None
    tap.packet(PACKETS[0])
    assert await feed.next() is None


async def test_viewers_end_when_the_camera_turns_to_what_cannot_be_sent() -> None:
    tap = LiveTap()
    tap.stream(info_of(PACKETS))
    tap.packet(PACKETS[0])
    feed = tap.follow(asyncio.get_running_loop())
    await _take(feed, 1)
    tap.stream(StreamInfo("hevc", 64, 48, 10.0, False, b""))
    assert await asyncio.wait_for(feed.next(), 5) is None


async def test_an_endless_gop_is_not_cached_for_ever() -> None:
    tap = LiveTap()
    tap.packet(PACKETS[0])
    for _ in range(GOP_PACKETS + 5):
        tap.packet(PACKETS[1])
    feed = tap.follow(asyncio.get_running_loop())
    tap.packet(PACKETS[10])
    assert [picture.keyframe for picture in await _take(feed, 1)] == [True]


class _Recording:
    """A recording of which `length` pictures exist."""

    def __init__(self, length: int) -> None:
        self.length = length

    def read(self, from_at: datetime, to_at: datetime) -> Iterator[AccessUnit]:
        for packet in PACKETS[: self.length]:
            if from_at <= packet.received_at < to_at:
                yield AccessUnit(
                    packet.data,
                    "h264",
                    packet.pts_90k,
                    packet.dts_90k,
                    packet.keyframe,
                    packet.received_at,
                )


async def test_a_recorded_span_is_given_whole_and_ends() -> None:
    clock = SimulatedClock(START + 3600 * S)
    feed = RecordedFeed(_Recording(40), clock, START + 1 * S, START + 2 * S)
    first = await feed.peek()
    assert first[0].at == START + 1 * S
    taken = await _take(feed, 10)
    assert [picture.data for picture in taken] == [packet.data for packet in PACKETS[10:20]]
    assert await feed.next() is None


async def test_a_span_that_still_grows_is_followed_without_repeating(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.clips.feeds.GROWTH_PAUSE_S", 0.01)
    clock = SimulatedClock(START + 2 * S)
    recording = _Recording(15)
    feed = RecordedFeed(recording, clock, START, START + 2 * S)
    await _take(feed, 15)
    recording.length = 40
    taken = await _take(feed, 5)
    assert [picture.data for picture in taken] == [packet.data for packet in PACKETS[15:20]]
    assert await feed.next() is None


async def test_a_span_that_stopped_growing_ends() -> None:
    clock = SimulatedClock(START + 2 * S)
    feed = RecordedFeed(_Recording(15), clock, START, START + 60 * S)
    await _take(feed, 15)
    clock.advance(60)
    assert await feed.next() is None


async def test_nothing_recorded_is_told_before_a_session_is_opened() -> None:
    feed = RecordedFeed(_Recording(0), SimulatedClock(START), START, START + 2 * S)
    assert await feed.peek() == []
    assert await feed.next() is None
