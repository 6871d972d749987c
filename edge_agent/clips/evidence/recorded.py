"""From the ring's segments back to whole GOPs with their signed roots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from edge_agent.camera import nal
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.evidence import merkle
from edge_agent.clips.evidence.seals import tokens_of
from edge_agent.clips.index import LONGEST_US, Segment
from edge_agent.clips.reading import bridge, units_of
from edge_agent.clips.segment import from_us, named, to_us
from wire.envelope import CloudEvent, EnvelopeError, KeyOf, body, verify
from wire.event import TimeQuality
from wire.evidence import GopRoot

_LONGEST_SEGMENT = timedelta(microseconds=LONGEST_US)


@dataclass(frozen=True, slots=True)
class RecordedGop:
    """The pictures from one keyframe to the next, on one running time line."""

    units: tuple[AccessUnit, ...]
    token: str | None
    """Its signed root; None when it has none that fits."""
    problem: Literal["not-sealed", "damaged"] | None
    """Why it has none: it was never signed, or the disk gives other pictures than were signed."""
    time_quality: TimeQuality | None = None
    """Of the clock when it was recorded, as signed."""

    @property
    def since_90k(self) -> tuple[int, ...]:
        return tuple(unit.pts_90k - self.units[0].pts_90k for unit in self.units)

    @property
    def ends_at(self) -> datetime:
        """About when its last picture ends."""
        last = max(unit.at for unit in self.units)
        return last + (last - self.units[0].at) / max(len(self.units) - 1, 1)


def gops(folder: Path, from_at: datetime, to_at: datetime, key_of: KeyOf) -> Iterator[RecordedGop]:
    """The GOPs of a camera's `folder` that hold any of from_at..to_at, oldest first.

    Reads files only, so that it may run beside the agent that writes them.
    """
    before: Segment | None = None
    offset = 0
    for segment in _segments(folder, to_us(from_at), to_us(to_at)):
        offset += bridge(before, segment)
        before = segment
        signed = {
            record.start_90k: (token, record)
            for token in tokens_of(folder / segment.name)
            if (record := read_root(token, key_of)) is not None
        }
        for units in _split(units_of(folder, [segment])):
            found = signed.get(units[0].pts_90k)
            gop = _judged(units, found)
            if gop.ends_at > from_at and units[0].at < to_at:
                yield replace(gop, units=tuple(_moved(unit, offset) for unit in units))


def read_root(token: str, key_of: KeyOf) -> GopRoot | None:
    """What a token says when its signature holds, else None."""
    try:
        return root_of(verify(token.encode(), key_of).event)
    except (EnvelopeError, UnicodeError):
        return None


def root_of(event: CloudEvent) -> GopRoot:
    """The signed root in an event; raises EnvelopeError."""
    if event.kind != "gop":
        raise EnvelopeError("schema", f"a {event.kind!r} is no root of a GOP")
    return body(event, GopRoot)


def _segments(folder: Path, from_us_: int, to_us_: int) -> list[Segment]:
    days = {
        f"{from_us(from_us_) + n * timedelta(days=1) - _LONGEST_SEGMENT:%Y%m%d}"
        for n in range((to_us_ - from_us_) // 86_400_000_000 + 3)
    }
    paths = sorted(path for day in days for path in folder.glob(f"{day}/*.ts"))
    found = [segment for path in paths if (segment := named(folder, path)) is not None]
    # Where a segment ends, the next one tells.
    starts = [*(following.start_us for following in found[1:]), to_us_ + LONGEST_US][: len(found)]
    return [
        replace(
            segment,
            end_us=min(following_us, segment.start_us + LONGEST_US),
            bytes=_size(folder / segment.name),
        )
        for segment, following_us in zip(found, starts, strict=True)
        if segment.start_us < to_us_ and following_us > from_us_
        if segment.start_us > from_us_ - LONGEST_US
    ]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        # The agent evicted it meanwhile.
        return 0


def _split(units: Iterator[AccessUnit]) -> Iterator[list[AccessUnit]]:
    gop: list[AccessUnit] = []
    for unit in units:
        if unit.keyframe and gop:
            yield gop
            gop = []
        gop.append(unit)
    if gop:
        yield gop


def _judged(units: list[AccessUnit], found: tuple[str, GopRoot] | None) -> RecordedGop:
    bare = RecordedGop(tuple(units), None, "not-sealed")
    if found is None:
        return bare
    token, record = found
    shown = [merkle.picture(nal.split(unit.data), unit.codec) for unit in units]
    if merkle.gop_root(shown, bare.since_90k) != record.root:
        return replace(bare, problem="damaged")
    return replace(bare, token=token, problem=None, time_quality=record.time_quality)


def _moved(unit: AccessUnit, ticks: int) -> AccessUnit:
    if not ticks:
        return unit
    return replace(unit, pts_90k=unit.pts_90k + ticks, dts_90k=unit.dts_90k + ticks)
