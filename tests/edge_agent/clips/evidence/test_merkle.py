"""The tree: RFC 6962's own shape, and what a picture is."""

from __future__ import annotations

import hashlib

import pytest

from edge_agent.camera import nal
from edge_agent.clips.evidence import merkle
from tests.support.media import encode


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_trees_are_split_at_the_largest_power_of_two() -> None:
    a, b, c, d, e = (hashlib.sha256(bytes([n])).digest() for n in range(5))
    assert merkle.root([a]) == a
    assert merkle.root([a, b, c]) == _node(_node(a, b), c)
    assert merkle.root([a, b, c, d, e]) == _node(_node(_node(a, b), _node(c, d)), e)


def test_a_tree_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merkle.root([])


def test_parameter_sets_and_start_codes_do_not_count() -> None:
    whole = encode(1)[0].data
    units = [unit for unit in nal.split(whole) if nal.is_vcl("h264", unit)]
    bare = b"".join(b"\x00\x00\x01" + unit for unit in units)
    assert len(bare) < len(whole)
    assert merkle.picture(nal.split(bare), "h264") == merkle.picture(nal.split(whole), "h264")


def test_units_cannot_be_cut_elsewhere() -> None:
    one = [b"\x65abc\x41", b"\x41def"]
    other = [b"\x65abc", b"\x41\x41def"]
    assert merkle.picture(one, "h264") != merkle.picture(other, "h264")


def test_the_time_of_a_picture_counts() -> None:
    shown = [bytes(32), bytes(32)]
    assert merkle.gop_root(shown, [0, 3600]) != merkle.gop_root(shown, [0, 3601])
