"""A disk that begins to fail while the agent runs is told of, and is asked seldom."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.disk_watch import ASK_EVERY_S, DiskWatch
from wire.clock import SimulatedClock


def test_errors_that_the_file_system_meets_are_told(tmp_path: Path) -> None:
    number = tmp_path.stat().st_dev
    device = tmp_path / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    disk = tmp_path / "sys/block/mmcblk0"
    errors = tmp_path / "sys/fs/ext4/mmcblk0/errors_count"
    for folder in (device.parent, disk, errors.parent):
        folder.mkdir(parents=True)
    device.symlink_to(disk)
    errors.write_text("0")
    clock = SimulatedClock(datetime(2026, 3, 1, tzinfo=UTC))
    watch = DiskWatch(tmp_path, clock, tmp_path)
    assert watch.fault() is None
    errors.write_text("2")
    clock.advance(ASK_EVERY_S - 1)
    assert watch.fault() is None, "not asked again yet"
    clock.advance(1)
    assert watch.fault() == "disk.worn"
    gone = DiskWatch(tmp_path / "gone", clock, tmp_path)
    assert gone.fault() is None
