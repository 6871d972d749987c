"""The disk is shared between the rings, what fits is said, and what was deleted is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.config import AgentSettings
from edge_agent.ring_keeper import HELD, SHORT, RingKeeper, planned, ring_folder, too_short
from tests.edge_agent.clips.test_holds import _hold
from tests.support.media import START, encode, info_of
from wire.clock import SimulatedClock

CAMERA = {"id": "yard", "url": "rtsp://127.0.0.1:9/none"}


def _settings(folder: Path, **ring: object) -> AgentSettings:
    """One camera whose ring may take 2 GB at most, whatever this machine's disk is."""
    return AgentSettings.model_validate(
        {
            "site": "city",
            "shard": "a7",
            "trust": {"collector": "none", "signer": "none"},
            "data": str(folder),
            "outbox": {"megabytes": 1},
            "plates": {"diary_megabytes": 10},
            "ring": {"megabytes": 16, "disk_share": 0.98, **ring},
            "cameras": [CAMERA],
        }
    )


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    clock = SimulatedClock(START)
    made = Ring(ring_folder(tmp_path), "yard", clock, limits=KeepingLimits(1 << 30))
    made.start()
    yield made
    assert made.close()


def _record(folder: Path, seconds: int) -> None:
    """A run of the agent that ends."""
    ring = Ring(ring_folder(folder), "yard", SimulatedClock(START), limits=KeepingLimits(1 << 30))
    packets = encode(10)
    ring.start()
    for second in range(0, seconds, 10):
        ring.stream(info_of(packets))
        for packet in packets:
            ticks = second * 90_000 + packet.pts_90k * 10
            at = packet.received_at + timedelta(seconds=ticks / 90_000)
            ring.packet(replace(packet, pts_90k=ticks, dts_90k=ticks, received_at=at))
    assert ring.close()


def test_what_fits_is_told_before_and_after_it_was_measured(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    (share,) = planned(settings)
    assert not share.measured
    assert too_short(settings, [share]) == [share]
    _record(tmp_path, 120)
    (share,) = planned(settings)
    assert share.measured
    assert share.bytes_per_s < 5_000
    assert too_short(settings, [share]) == []


def test_rings_are_sized_and_faults_follow(tmp_path: Path, ring: Ring) -> None:
    clock = SimulatedClock(START)
    keeper = RingKeeper(_settings(tmp_path), {"yard": ring}, clock, lambda *_: None)
    keeper.plan()
    assert ring.keeping.budget_bytes == 16_000_000
    assert keeper.faults() == {SHORT}
    ring.keeping.place_case(_hold("case", 0.1, 20))
    ring.keeping.budget_bytes = 1_000
    assert keeper.faults() == {SHORT, HELD}


def test_what_grew_too_old_goes_though_the_camera_is_down_and_is_told_once_a_day(
    tmp_path: Path,
) -> None:
    _record(tmp_path, 60)
    told: list[tuple[str, dict[str, Any]]] = []
    clock = SimulatedClock(START + timedelta(days=30, seconds=30))
    ring = Ring(ring_folder(tmp_path), "yard", clock, limits=KeepingLimits(1 << 30))
    ring.start()
    keeper = RingKeeper(
        _settings(tmp_path),
        {"yard": ring},
        clock,
        lambda action, **fields: told.append((action, fields)),
    )
    keeper.enforce()
    keeper.tell_deleted()
    clock.advance(60)
    keeper.enforce()
    keeper.tell_deleted()
    clock.advance(86_400)
    keeper.tell_deleted()
    assert ring.close()
    assert [action for action, _ in told] == ["recording.deleted"] * 2
    first, second = (fields for _, fields in told)
    assert first["camera"] == "yard"
    assert first["start_at"] == START
    assert first["segments"] + second["segments"] == 6
    assert first["end_at"] <= START + timedelta(seconds=30) < second["end_at"]
    assert not list(tmp_path.rglob("*.ts"))
