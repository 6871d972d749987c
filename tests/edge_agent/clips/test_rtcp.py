from __future__ import annotations

from dataclasses import replace

import pytest
from aiortc import clock
from aiortc.rtp import RtcpPacket, RtcpReceiverInfo, RtcpSrPacket

from edge_agent.clips.rtcp import Moment, round_trip, sender_report

HEARD = RtcpReceiverInfo(1, 0, 0, 0, 0, lsr=0, dlsr=0)


def test_a_round_trip_is_what_the_receiver_did_not_wait() -> None:
    second_ago = (clock.current_ntp_time() - (1 << 32)) >> 16 & 0xFFFFFFFF
    heard = replace(HEARD, lsr=second_ago, dlsr=round(0.7 * 65536))
    assert round_trip(heard) == pytest.approx(0.3, abs=0.05)
    assert round_trip(HEARD) is None
    # Its clock may run fast.
    assert round_trip(replace(heard, dlsr=2 * 65536)) == 0.0


def test_both_clocks_go_on_together() -> None:
    now = Moment.now(0xFFFFFFFF, 2.0)
    assert now.timestamp == 179_999
    assert (clock.current_ntp_time() - now.ntp) >> 32 == 0
    report, name = RtcpPacket.parse(sender_report(7, "pole", now, 3, 1 << 33))
    assert isinstance(report, RtcpSrPacket)
    assert report.sender_info.rtp_timestamp == now.timestamp
    assert report.sender_info.octet_count == 0
    assert b"pole" in bytes(name)
