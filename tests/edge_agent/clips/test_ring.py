"""The ring: reading while writing, eviction, holds, restarts, full disks."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.camera.packet import EncodedPacket
from edge_agent.clips.access_unit import identity
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import QUEUE_PACKETS, Ring
from edge_agent.clips.segment import Opener, open_unbuffered
from tests.support.media import START, encode, info_of
from tests.support.wait import wait_until
from wire.clock import SimulatedClock

S = timedelta(seconds=1)


class _Rings:
    """Makes rings over one folder and closes them after the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SimulatedClock(START)
        self.states: list[tuple[str | None, str]] = []
        self._made: list[Ring] = []

    def make(self, budget_bytes: int = 1 << 30, opener: Opener = open_unbuffered) -> Ring:
        ring = Ring(
            self.folder,
            "yard",
            self.clock,
            limits=KeepingLimits(budget_bytes),
            on_state=lambda code, detail: self.states.append((code, detail)),
            opener=opener,
            gather_s=0.0,
        )
        ring.start()
        self._made.append(ring)
        return ring

    def close(self) -> None:
        for ring in self._made:
            assert ring.close()

    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.ts"))


@pytest.fixture
def rings(tmp_path: Path) -> Iterator[_Rings]:
    made = _Rings(tmp_path)
    yield made
    made.close()


def _feed(ring: Ring, packets: tuple[EncodedPacket, ...]) -> None:
    """Hand packets over no faster than they are written: the queue is another test's matter."""
    ring.stream(info_of(packets))
    before = ring.counters
    for count, packet in enumerate(packets, start=1):
        ring.packet(packet)
        if count % 100 == 0 or count == len(packets):
            handled = before.written + before.dropped + count
            wait_until(
                lambda handled=handled: (  # type: ignore[misc]  # mypy infers no default lambdas
                    ring.counters.written + ring.counters.dropped >= handled
                ),
                5,
                f"{handled} packets written",
            )


def _later(packets: tuple[EncodedPacket, ...], seconds: float) -> tuple[EncodedPacket, ...]:
    """The same packets `seconds` further on in wall and media time."""
    ticks = round(seconds * 90_000)
    return tuple(
        replace(
            packet,
            pts_90k=packet.pts_90k + ticks,
            dts_90k=packet.dts_90k + ticks,
            received_at=packet.received_at + timedelta(seconds=seconds),
        )
        for packet in packets
    )


def test_segments_begin_at_keyframes_about_every_four_seconds(rings: _Rings) -> None:
    ring = rings.make()
    _feed(ring, encode(100))
    assert len(rings.files()) == 3
    span = ring.span()
    assert span == (START, START + 10 * S)


def test_reading_takes_in_the_segment_that_is_being_written(rings: _Rings) -> None:
    ring = rings.make()
    packets = encode(57)
    _feed(ring, packets)
    units = list(ring.read(START, START + 60 * S))
    assert [unit.identity for unit in units] == [identity(packet.data) for packet in packets]
    assert [unit.at for unit in units] == [packet.received_at for packet in packets]
    assert [unit.dts_90k for unit in units] == [packet.dts_90k for packet in packets]


@pytest.mark.parametrize(
    ("from_s", "to_s", "first", "last"),
    [(0, 2, 0, 19), (2.35, 2.95, 20, 29), (2.0, 3.01, 20, 30), (4.5, 99, 40, 56), (-9, 0.3, 0, 2)],
)
def test_a_span_begins_at_the_keyframe_at_or_before_it(
    rings: _Rings, from_s: float, to_s: float, first: int, last: int
) -> None:
    ring = rings.make()
    packets = encode(57)
    _feed(ring, packets)
    units = list(ring.read(START + from_s * S, START + to_s * S))
    assert [unit.data for unit in units] == [one.data for one in packets[first : last + 1]]
    assert units[0].keyframe


@pytest.mark.parametrize(("from_s", "to_s"), [(-9, -1), (20, 30), (3, 2)])
def test_a_span_without_recording_is_empty(rings: _Rings, from_s: float, to_s: float) -> None:
    ring = rings.make()
    _feed(ring, encode(57))
    assert list(ring.read(START + from_s * S, START + to_s * S)) == []


def test_the_oldest_go_when_the_budget_is_used_up_and_are_counted(rings: _Rings) -> None:
    ring = rings.make(budget_bytes=16_000)
    _feed(ring, encode(600))
    counters = ring.counters
    on_disk = sum(path.stat().st_size for path in rings.files())
    segment = max(path.stat().st_size for path in rings.files())
    assert counters.bytes_on_disk == on_disk <= 16_000 + 2 * segment
    assert counters.segments_deleted > 0
    assert counters.bytes_deleted > 0
    span = ring.span()
    assert span is not None
    assert START < span[0] < span[1] == START + 60 * S


def test_nothing_outlives_its_age(rings: _Rings) -> None:
    ring = rings.make()
    _feed(ring, encode(57))
    rings.clock.advance(timedelta(days=31).total_seconds())
    _feed(ring, _later(encode(20), timedelta(days=31).total_seconds()))
    span = ring.span()
    assert span is not None
    assert span[0] == START + timedelta(days=31)
    assert len(rings.files()) == 1


@pytest.mark.parametrize("damage", ["lost", "corrupt", "emptied"])
def test_a_lost_or_damaged_index_is_made_again_from_the_files(rings: _Rings, damage: str) -> None:
    first = rings.make()
    packets = encode(100)
    _feed(first, packets)
    span = first.span()
    assert first.close()
    index = rings.folder / "yard" / "index.sqlite"
    if damage == "lost":
        index.unlink()
    else:
        index.write_bytes(b"" if damage == "emptied" else b"not a database" * 500)
    again = rings.make()
    assert again.span() == span
    units = list(again.read(START, START + 60 * S))
    assert [unit.data for unit in units] == [packet.data for packet in packets]


@pytest.mark.parametrize("tail", ["cut", "zeroed"])
def test_a_power_cut_shortens_the_last_segment_alone(
    rings: _Rings, tmp_path_factory: pytest.TempPathFactory, tail: str
) -> None:
    before = encode(20)
    first = rings.make()
    _feed(first, before)
    assert first.close()
    older = (rings.folder / "yard" / "index.sqlite").read_bytes()
    after = _later(encode(100), 2)
    _feed(rings.make(), after)
    # What a disk may hold after a power cut: an older index, and an end that was never written.
    disk = _Rings(tmp_path_factory.mktemp("disk") / "ring")
    shutil.copytree(rings.folder, disk.folder)
    for name in ("index.sqlite-wal", "index.sqlite-shm"):
        (disk.folder / "yard" / name).unlink(missing_ok=True)
    (disk.folder / "yard" / "index.sqlite").write_bytes(older)
    newest = disk.files()[-1]
    data = newest.read_bytes()
    lost = len(data) // 2
    newest.write_bytes(data[:-lost] + (b"" if tail == "cut" else bytes(lost)))
    units = [unit.data for unit in disk.make().read(START, START + 60 * S)]
    disk.close()
    given = [packet.data for packet in (*before, *after)]
    # Segments begin with the pictures 20, 60 and 100 of 120: of the last one a half is left.
    assert 100 < len(units) < 120
    assert units[:-1] == given[: len(units) - 1]


def test_after_a_restart_times_run_on_over_the_gap(rings: _Rings) -> None:
    packets = encode(50)
    first = rings.make()
    _feed(first, packets)
    assert first.close()
    # The agent starts anew 20 s later, and its media time begins at 0 again.
    after = tuple(replace(packet, received_at=packet.received_at + 20 * S) for packet in packets)
    second = rings.make()
    _feed(second, after)
    units = list(second.read(START, START + 60 * S))
    assert len(units) == 100
    assert units[50].at == START + 20 * S
    assert units[50].dts_90k - units[0].dts_90k == 20 * 90_000


@pytest.mark.parametrize("index", ["kept", "lost"])
def test_no_picture_is_dated_after_the_arrival_of_a_later_one(rings: _Rings, index: str) -> None:
    packets = encode(50)
    # All times of a segment rest on its first arrival: here it came 0.5 s late.
    late = tuple(replace(packet, received_at=packet.received_at + S / 2) for packet in packets)
    first = rings.make()
    _feed(first, late)
    assert first.close()
    if index == "lost":
        (rings.folder / "yard" / "index.sqlite").unlink()
    second = rings.make()
    _feed(second, _later(packets, 5.2))
    times = [unit.at for unit in second.read(START, START + 60 * S)]
    assert len(times) == 100
    assert times == sorted(times)
    assert times[50] == START + 5.2 * S
    assert second.close()
    (rings.folder / "yard" / "index.sqlite").unlink()
    assert [unit.at for unit in rings.make().read(START, START + 60 * S)] == times


def test_a_file_that_vanishes_while_it_is_read_is_left_out(rings: _Rings) -> None:
    ring = rings.make()
    _feed(ring, encode(100))
    rings.files()[1].unlink()
    units = list(ring.read(START, START + 60 * S))
    assert {int((unit.at - START) / S) // 4 for unit in units} == {0, 2}


def test_index_rows_without_files_are_dropped_at_start(rings: _Rings) -> None:
    first = rings.make()
    _feed(first, encode(100))
    assert first.close()
    for path in rings.files()[:2]:
        path.unlink()
    again = rings.make()
    span = again.span()
    assert span is not None
    assert span[0] == START + 8 * S
    assert again.counters.bytes_on_disk == rings.files()[0].stat().st_size


def test_earlier_days_are_compared_one_by_one_once_it_records(rings: _Rings) -> None:
    first = rings.make()
    for day in range(3):
        _feed(first, _later(encode(50), day * 86_400))
    assert first.close()
    lost, stray, *others = rings.files()
    gone, size = lost.stat().st_size, stray.stat().st_size
    lost.unlink()
    # Two segments a day: one of the first day is gone, and the index never knew the other.
    index = sqlite3.connect(rings.folder / "yard" / "index.sqlite")
    with index:
        index.execute("DELETE FROM segment WHERE name LIKE ?", [f"%{stray.name}"])
    index.close()
    old = time.time() - 3_600
    for path in (stray, *others):
        os.utime(path, (old, old))
    again = rings.make()
    kept = sum(path.stat().st_size for path in others)
    assert again.counters.bytes_on_disk == kept + gone
    for _ in range(3):
        again.mend_next()
    assert again.counters.bytes_on_disk == kept + size
    span = again.span()
    assert span is not None
    assert span[0] == START + 4 * S


class _FullDisk(io.FileIO):
    """A file on a disk that is full after `free` bytes."""

    free = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]  # a narrower buffer type
        taken = min(len(data), _FullDisk.free)
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        _FullDisk.free -= taken
        return super().write(data[:taken])


def test_a_full_disk_is_told_and_recording_goes_on_once_there_is_room(rings: _Rings) -> None:
    _FullDisk.free = 9000
    ring = rings.make(opener=lambda path: _FullDisk(path, "xb"))
    packets = encode(600)
    _feed(ring, packets[:300])
    assert rings.states[0][0] == "disk.full"
    assert len(rings.states) == 1
    assert ring.counters.write_errors > 0
    whole = list(ring.read(START, START + 60 * S))
    assert {unit.data for unit in whole} <= {packet.data for packet in packets}
    _FullDisk.free = 1 << 30
    _feed(ring, packets[300:])
    assert rings.states[1] == (None, "")
    span = ring.span()
    assert span is not None
    assert span[1] == START + 60 * S


class _StuckDisk(io.FileIO):
    """A disk that does not come back from a write until it is released."""

    stuck = True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # a narrower buffer type
        wait_until(lambda: not _StuckDisk.stuck, 20, "the disk")
        return super().write(data)


def test_a_stuck_disk_costs_packets_counted_and_never_blocks_the_reader(rings: _Rings) -> None:
    _StuckDisk.stuck = True
    ring = rings.make(opener=lambda path: _StuckDisk(path, "xb"))
    packets = encode(600)
    ring.stream(info_of(packets))
    for packet in packets:
        ring.packet(packet)
    dropped = ring.counters.dropped
    _StuckDisk.stuck = False
    # One packet may be in the writer's hands; after a drop all wait for the next keyframe.
    assert 600 - QUEUE_PACKETS - 1 <= dropped <= 600 - QUEUE_PACKETS + 10
    wait_until(lambda: ring.counters.written == 600 - dropped, 5, "the queue to be written")


def test_a_new_resolution_begins_a_new_segment(rings: _Rings) -> None:
    ring = rings.make()
    _feed(ring, encode(20))
    larger = _later(encode(20, width=128, height=96), 2)
    _feed(ring, larger)
    assert len(rings.files()) == 2
    assert len(list(ring.read(START, START + 9 * S))) == 40
