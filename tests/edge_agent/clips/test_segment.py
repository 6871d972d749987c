"""Segment files: what is written is read back byte for byte, however the file ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.nal import Codec
from edge_agent.camera.packet import EncodedPacket
from edge_agent.clips import mpegts
from edge_agent.clips.segment import SegmentWriter, describe, from_us, open_unbuffered, to_us
from tests.support.media import START, encode


def _write(
    folder: Path, packets: tuple[EncodedPacket, ...], codec: Codec = "h264"
) -> SegmentWriter:
    writer = SegmentWriter(folder, "0badcafe", codec, packets[0], open_unbuffered)
    for packet in packets:
        writer.write(packet)
    return writer


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_packets_come_back_byte_for_byte_with_their_times(tmp_path: Path, codec: Codec) -> None:
    packets = encode(25, codec=codec)
    writer = _write(tmp_path, packets, codec)
    writer.close()
    units = list(mpegts.read(writer.path.read_bytes()))
    assert [unit.data for unit in units] == [packet.data for packet in packets]
    assert [unit.keyframe for unit in units] == [packet.keyframe for packet in packets]
    wrapped = [(p.pts_90k % mpegts.WRAP, p.dts_90k % mpegts.WRAP) for p in packets]
    assert [(unit.pts, unit.dts) for unit in units] == wrapped


def test_libav_reads_a_segment_too(tmp_path: Path) -> None:
    writer = _write(tmp_path, encode(25))
    writer.close()
    with av.open(str(writer.path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 25


def test_times_beyond_33_bits_are_unwrapped(tmp_path: Path) -> None:
    later = mpegts.WRAP * 3 - 45_000
    packets = tuple(
        replace(packet, pts_90k=packet.pts_90k + later, dts_90k=packet.dts_90k + later)
        for packet in encode(20)
    )
    writer = _write(tmp_path, packets)
    segment = writer.close()
    near, found = segment.start_90k, []
    for unit in mpegts.read(writer.path.read_bytes()):
        near = mpegts.unwrap(unit.pts, near)
        found.append(near)
    assert found == [packet.pts_90k for packet in packets]


def test_every_packet_is_in_the_file_before_the_next_comes(tmp_path: Path) -> None:
    packets = encode(12)
    writer = SegmentWriter(tmp_path, "0badcafe", "h264", packets[0], open_unbuffered)
    for count, packet in enumerate(packets, start=1):
        writer.write(packet)
        assert len(list(mpegts.read(writer.path.read_bytes()))) == count
    writer.abandon()


def test_a_file_can_be_described_without_the_index(tmp_path: Path) -> None:
    writer = _write(tmp_path, encode(25))
    segment = writer.close()
    assert describe(tmp_path, writer.path) == segment
    assert from_us(segment.start_us) == START
    assert segment.end_us - segment.start_us == 2_500_000


def test_what_is_no_segment_or_empty_is_not_described(tmp_path: Path) -> None:
    writer = _write(tmp_path, encode(1))
    writer.close()
    writer.path.write_bytes(b"")
    assert describe(tmp_path, writer.path) is None
    other = tmp_path / "notes.ts"
    other.write_bytes(b"x")
    assert describe(tmp_path, other) is None


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=2000), st.integers(0, 188))
def test_reading_garbage_never_fails(data: bytes, shift: int) -> None:
    list(mpegts.read(data))
    torn = bytearray(b"\x47\x41\x00\x30" * 47 * 3)
    torn[shift : shift + len(data)] = data
    list(mpegts.read(bytes(torn)))


@settings(deadline=None, max_examples=30)
@given(cut=st.integers(0, 40_000))
def test_a_torn_end_costs_the_last_picture_only(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    packets = encode(25)
    writer = _write(tmp_path_factory.mktemp("ring"), packets)
    writer.close()
    data = writer.path.read_bytes()
    units = list(mpegts.read(data[: max(0, len(data) - cut)]))
    whole = [unit.data for unit in units[:-1]]
    assert whole == [packet.data for packet in packets[: len(whole)]]


def test_wall_times_keep_their_microseconds() -> None:
    assert from_us(to_us(START)) == START
    assert from_us(to_us(START) + 1) > START
