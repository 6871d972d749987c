"""What no browser plays becomes what every browser plays, smaller, for one viewer at a time."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import av
import pytest

from edge_agent.camera import nal
from edge_agent.camera.packet import EncodedPacket
from edge_agent.clips.picture import Picture, Thinning
from edge_agent.clips.programme import ProgrammeError
from edge_agent.clips.transcode import TranscodedFeed, Transcoder, smaller
from tests.support.media import encode


class _Feed:
    def __init__(self, packets: tuple[EncodedPacket, ...]) -> None:
        self.thinning = Thinning()
        self.closed = False
        self._pictures = [
            Picture(one.data, one.pts_90k, one.dts_90k, one.keyframe, one.received_at, burst=False)
            for one in packets
        ]

    async def next(self) -> Picture | None:
        while self._pictures:
            picture = self._pictures.pop(0)
            if self.thinning.takes(picture):
                return picture
        return None

    def again(self) -> None:
        raise AssertionError("an encoder is asked for a keyframe, not the camera's past")

    def close(self) -> None:
        self.closed = True


def _roomy() -> Transcoder:
    return Transcoder(lambda: None)


async def _drain(feed: TranscodedFeed) -> list[Picture]:
    taken = []
    while (picture := await feed.next()) is not None:
        taken.append(picture)
    return taken


def _decoded(pictures: list[Picture]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [frame for one in pictures for frame in decoder.decode(av.Packet(one.data))]
    return frames + list(decoder.decode(None))


@pytest.mark.parametrize(("codec", "b_frames"), [("h264", 2), ("hevc", 0), ("hevc", 2)])
async def test_every_picture_comes_out_as_plain_h264_in_order(
    codec: nal.Codec, b_frames: int
) -> None:
    packets = encode(30, codec=codec, b_frames=b_frames)
    feed = _roomy().open(_Feed(packets), codec, "one")
    pictures = await _drain(feed)
    feed.close()
    assert len(pictures) == 30
    assert not any(nal.has_b_slice(nal.split(one.data)) for one in pictures)
    stamps = [one.pts_90k for one in pictures]
    assert stamps == [9000 * number + stamps[0] for number in range(len(pictures))]
    assert pictures[0].keyframe
    frames = _decoded(pictures)
    assert len(frames) == len(pictures)
    # Each is the picture that it says: grey levels grow by one a frame.
    greys = [float(frame.to_ndarray(format="gray")[:20, :].mean()) for frame in frames]
    assert all(later > earlier - 1.5 for earlier, later in pairwise(greys))
    assert greys[-1] - greys[0] == pytest.approx(len(greys) - 1, abs=3)


async def test_large_pictures_are_made_small() -> None:
    packets = encode(6, b_frames=2, width=800, height=600)
    feed = _roomy().open(_Feed(packets), "h264", "one")
    frames = _decoded(await _drain(feed))
    feed.close()
    assert {(frame.width, frame.height) for frame in frames} == {(480, 360)}


@pytest.mark.parametrize(
    ("size", "then"),
    [
        ((1920, 1080), (640, 360)),
        ((3840, 2160), (640, 360)),
        ((1080, 1920), (202, 360)),
        ((640, 360), (640, 360)),
        ((160, 121), (160, 120)),
        ((7680, 16), (640, 2)),
    ],
)
def test_sizes(size: tuple[int, int], then: tuple[int, int]) -> None:
    assert smaller(*size) == then


async def test_fast_only_keyframes_are_decoded() -> None:
    feed = _roomy().open(_Feed(encode(40, codec="hevc")), "hevc", "one")
    feed.thinning.keyframes_only = True
    pictures = await _drain(feed)
    feed.close()
    assert len(pictures) >= 3


async def test_a_viewer_that_lost_pictures_gets_a_keyframe() -> None:
    feed = _roomy().open(_Feed(encode(20, b_frames=2)), "h264", "one")
    first = [await feed.next() for _ in range(8)]
    feed.again()
    rest = await _drain(feed)
    feed.close()
    assert [one.keyframe for one in first if one] == [True] + [False] * 7
    assert any(one.keyframe for one in rest[:2])


async def test_one_viewer_a_box_until_it_has_left() -> None:
    transcoder = _roomy()
    packets = encode(10, codec="hevc")
    first = transcoder.open(_Feed(packets), "hevc", "one")
    with pytest.raises(ProgrammeError) as caught:
        transcoder.open(_Feed(packets), "hevc", "two")
    assert caught.value.code == "clip.no-room"
    # A seek opens the next before the last is closed.
    second = transcoder.open(_Feed(packets), "hevc", "one")
    first.close()
    first.close()
    with pytest.raises(ProgrammeError):
        transcoder.open(_Feed(packets), "hevc", "two")
    second.close()

    def other() -> TranscodedFeed | None:
        try:
            return transcoder.open(_Feed(packets), "hevc", "two")
        except ProgrammeError:
            return None

    while (third := other()) is None:
        await asyncio.sleep(0.001)
    third.close()


async def test_a_box_without_room_says_what_is_in_the_way() -> None:
    full = Transcoder(lambda: "3.9 tasks wait for 2 cores")
    with pytest.raises(ProgrammeError, match=r"3\.9 tasks wait for 2 cores") as caught:
        full.open(_Feed(()), "hevc", "one")
    assert caught.value.code == "clip.no-room"


async def test_damaged_pictures_are_counted_and_left_out() -> None:
    packets: list[Any] = list(encode(20, codec="hevc"))
    spoilt = Picture(b"\x00\x00\x00\x01\x26\x01\xff", 0, 0, True, packets[0].received_at, False)
    source = _Feed(tuple(packets))
    source._pictures.insert(0, spoilt)
    feed = _roomy().open(source, "hevc", "one")
    assert len(await _drain(feed)) >= 17
    feed.close()
    assert source.closed
