"""NAL units: splitting, kinds, B slices."""

from __future__ import annotations

import pytest

from edge_agent.camera import nal
from tests.support.media import encode


def test_split_takes_both_start_codes_and_drops_padding() -> None:
    data = b"\x00\x00\x00\x01\x67AB\x00\x00\x01\x68C\x00\x00\x00\x00\x01\x65DE"
    assert nal.split(data) == [b"\x67AB", b"\x68C", b"\x65DE"]


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00", b"no start code", b"\x00\x00\x01"])
def test_split_of_no_nal_unit_is_empty(data: bytes) -> None:
    assert nal.split(data) == []


def test_join_and_split_are_inverse() -> None:
    units = nal.split(encode(3)[0].data)
    assert nal.split(nal.join(units)) == units


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_keyframe_holds_parameter_sets_and_random_access(codec: nal.Codec) -> None:
    packets = encode(12, codec=codec)
    first, second = nal.split(packets[0].data), nal.split(packets[1].data)
    assert len(nal.parameter_sets(codec, first)) == (2 if codec == "h264" else 3)
    assert any(nal.is_random_access(codec, unit) for unit in first)
    assert not any(nal.is_random_access(codec, unit) for unit in second)
    assert all(any(nal.is_vcl(codec, unit) for unit in units) for units in (first, second))


def test_repeated_parameter_sets_count_once() -> None:
    units = nal.split(encode(1)[0].data)
    assert nal.parameter_sets("h264", units + units) == nal.parameter_sets("h264", units)


def test_b_slices_are_seen_only_where_they_are() -> None:
    plain = [nal.has_b_slice(nal.split(packet.data)) for packet in encode(30)]
    assert not any(plain)
    reordered = encode(30, b_frames=2)
    found = [nal.has_b_slice(nal.split(packet.data)) for packet in reordered]
    # A B picture is one that is shown before a picture decoded earlier.
    highest = -1
    expected = []
    for packet in reordered:
        expected.append(packet.pts_90k < highest)
        highest = max(highest, packet.pts_90k)
    assert found == expected
    assert any(found)


@pytest.mark.parametrize("unit", [b"\x41", b"\x41\x00\x00\x00", b"\x06\x05"])
def test_a_torn_slice_is_no_b_slice(unit: bytes) -> None:
    assert not nal.has_b_slice([unit])
