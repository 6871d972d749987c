"""The identity of an access unit survives containers and RTP, and nothing else."""

from __future__ import annotations

import hashlib

from edge_agent.camera import nal
from edge_agent.clips.access_unit import identity
from tests.support.media import encode

SLICE = b"\x65picture data"


def test_it_is_the_hash_of_the_picture_data_alone() -> None:
    assert identity(nal.join([SLICE])) == hashlib.sha256(SLICE).hexdigest()


def test_start_codes_delimiters_and_parameter_sets_do_not_count() -> None:
    packet = encode(1)[0]
    units = nal.split(packet.data)
    pictures = [unit for unit in units if nal.is_vcl("h264", unit)]
    same = b"\x00\x00\x01\x09\xf0" + b"".join(b"\x00\x00\x01" + one for one in pictures) + b"\x00"
    assert identity(same) == identity(packet.data)


def test_one_bit_of_a_picture_counts() -> None:
    assert identity(nal.join([SLICE])) != identity(nal.join([SLICE[:-1] + b"b"]))


def test_order_and_number_of_slices_count() -> None:
    first, second = b"\x41one", b"\x41two"
    assert identity(nal.join([first, second])) != identity(nal.join([second, first]))
    assert identity(nal.join([first, second])) != identity(nal.join([first]))
