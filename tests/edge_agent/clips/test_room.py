"""Sizing: the disk is shared by hours and measured rates, and what fits is said."""

from __future__ import annotations

import pytest

from edge_agent.clips.room import ASSUMED_BYTES_PER_S, Demand, Disk, room_for_rings, share_out

GB = 1_000_000_000


def test_thirty_days_of_one_camera_are_more_than_a_terabyte() -> None:
    (share,) = share_out(1_400 * GB, [Demand("gate", 720, 500_000)])
    assert share.hours == 720
    (share,) = share_out(1_296 * GB, [Demand("gate", 720, 500_000)])
    assert share.hours == 720
    (share,) = share_out(648 * GB, [Demand("gate", 720, 500_000)])
    assert share.hours == 360


def test_a_short_disk_takes_the_same_part_from_all() -> None:
    fast, slow, brief = share_out(
        96 * GB,
        [Demand("fast", 100, 750_000), Demand("slow", 100, 250_000), Demand("brief", 20, 500_000)],
    )
    assert fast.hours == pytest.approx(slow.hours)
    assert fast.hours / 100 == pytest.approx(brief.hours / 20)
    assert fast.budget_bytes == pytest.approx(3 * slow.budget_bytes, abs=3)
    assert fast.budget_bytes + slow.budget_bytes + brief.budget_bytes <= 96 * GB


def test_a_camera_that_was_not_measured_is_taken_for_four_megabits() -> None:
    (share,) = share_out(GB, [Demand("gate", 720, None)])
    assert share.bytes_per_s == ASSUMED_BYTES_PER_S
    assert not share.measured
    assert str(share) == "gate: 1.0 GB hold 0.6 h of 30.0 days at 4.0 Mbit/s (assumed)"


def test_a_bound_is_never_passed() -> None:
    shares = share_out(90 * GB, [Demand(name, 24, 500_000) for name in "ab"], most_bytes=2 * GB)
    assert [share.budget_bytes for share in shares] == [2 * GB, 2 * GB]


@pytest.mark.parametrize(
    ("disk", "room"),
    [
        (Disk(100 * GB, 95 * GB, 0), 90 * GB),
        (Disk(100 * GB, 10 * GB, 50 * GB), 58 * GB),
        (Disk(100 * GB, 1 * GB, 0), 0),
    ],
)
def test_rings_take_their_share_and_leave_what_others_need(disk: Disk, room: int) -> None:
    assert room_for_rings(disk, share=0.9, reserve_bytes=2 * GB) == room
