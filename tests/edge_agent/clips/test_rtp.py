from __future__ import annotations

import os

import pytest
from aiortc.codecs.h264 import h264_depayload
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from edge_agent.camera import nal
from edge_agent.clips import rtp


def unit(kind: int, size: int) -> bytes:
    return bytes([0x60 | kind]) + os.urandom(size - 1).replace(b"\0", b"\1")


@pytest.mark.parametrize(
    "units",
    [
        [unit(1, 50)],
        [unit(1, rtp.MOST), unit(1, rtp.MOST + 1)],
        [unit(9, 2), unit(7, 30), unit(8, 9), unit(6, 40), unit(5, 40_000)],
        [unit(7, 30), unit(8, 1100), unit(5, 3000), unit(5, 1201)],
    ],
)
def test_another_stack_puts_the_units_together_again(units: list[bytes]) -> None:
    made = rtp.payloads(units)
    assert all(len(payload) <= rtp.MOST for payload in made)
    whole = b"".join(h264_depayload(payload) for payload in made)
    assert nal.split(whole) == units


def test_a_packet_is_read_by_another_stack() -> None:
    ids = rtp.Extensions(2, 4, b"video0")
    data = rtp.packet(
        b"payload",
        kind=102,
        number=65_535,
        timestamp=4_000_000_000,
        ssrc=77,
        marker=True,
        extensions=ids.build(1.5),
    )
    agreed = HeaderExtensionsMap()
    agreed.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(2, rtp.ABS_SEND_TIME),
                RTCRtpHeaderExtensionParameters(4, rtp.MID),
            ]
        )
    )
    read = RtpPacket.parse(data, agreed)
    assert (read.payload, read.payload_type, read.marker) == (b"payload", 102, 1)
    assert (read.sequence_number, read.timestamp, read.ssrc) == (65_535, 4_000_000_000, 77)
    assert read.extensions.mid == "video0"
    assert read.extensions.abs_send_time == round(1.5 * 2**18)


def test_without_agreed_extensions_there_are_none() -> None:
    assert rtp.Extensions().build(1.0) == b""


def test_a_picture_is_packetised_once_for_all_its_viewers() -> None:
    picture = nal.join([unit(7, 30), unit(8, 9), unit(5, 40_000)])
    made = rtp.packetised(picture)
    assert rtp.packetised(picture) is made
    assert made.keyframe
    assert not rtp.packetised(nal.join([unit(1, 500)])).keyframe
    assert list(made.payloads) == rtp.payloads(nal.split(picture))
    assert made.size == sum(map(len, made.payloads))
