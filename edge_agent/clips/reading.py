"""From segments back to access units with their times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from edge_agent.camera.packet import TICKS
from edge_agent.clips import mpegts
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.index import Segment
from edge_agent.clips.segment import from_us


def units_of(folder: Path, segments: Iterable[Segment]) -> Iterator[AccessUnit]:
    """All access units of these segments, oldest first, on one running time line.

    No picture is dated later than its segment ends: there the arrival of a later one begins.
    """
    before: Segment | None = None
    offset = 0
    for segment in segments:
        try:
            with (folder / segment.name).open("rb") as file:
                # A segment still being written is read as far as it was when we looked.
                data = file.read(segment.bytes)
        except FileNotFoundError:
            continue
        offset += bridge(before, segment)
        before = segment
        near = segment.start_90k
        for unit in mpegts.read(data):
            pts = mpegts.unwrap(unit.pts, near)
            dts = mpegts.unwrap(unit.dts, near)
            near = pts
            since_us = (pts - segment.start_90k) * 1_000_000 // TICKS
            yield AccessUnit(
                unit.data,
                segment.codec,
                pts + offset,
                dts + offset,
                unit.keyframe,
                from_us(min(segment.start_us + since_us, segment.end_us)),
            )


def bridge(before: Segment | None, segment: Segment) -> int:
    """Ticks to add to a segment's times, beside those of the one before, to run on after it."""
    if before is None or (before.run == segment.run and segment.start_90k >= before.start_90k):
        return 0
    # Another start of the agent: its media time began anew, so wall time bridges the gap.
    apart = (segment.start_us - before.start_us) * TICKS // 1_000_000
    return before.start_90k + max(apart, 0) - segment.start_90k


def from_keyframe(
    units: Iterable[AccessUnit], from_at: datetime, to_at: datetime
) -> Iterator[AccessUnit]:
    """Those from the keyframe at or before `from_at` up to, not including, `to_at`."""
    held: list[AccessUnit] = []
    started = False
    for unit in units:
        if unit.at >= to_at:
            break
        if started:
            yield unit
            continue
        if unit.at > from_at and (held or unit.keyframe):
            started = True
            yield from held
            yield unit
        elif unit.keyframe:
            held = [unit]
        elif held:
            held.append(unit)
    if not started:
        yield from held
