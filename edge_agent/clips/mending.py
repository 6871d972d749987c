"""Brings a ring's index and its files together after a crash, or the loss of either; day by day."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from edge_agent.clips.evidence.seals import SUFFIX
from edge_agent.clips.index import LONGEST_US, Segment, SegmentIndex
from edge_agent.clips.segment import describe, ended_before, named


@dataclass(frozen=True, slots=True)
class Mended:
    """What was found that did not fit."""

    added: int = 0
    empty_files_removed: int = 0
    files_missing: int = 0

    def __add__(self, other: Mended) -> Mended:
        return Mended(
            self.added + other.added,
            self.empty_files_removed + other.empty_files_removed,
            self.files_missing + other.files_missing,
        )

    def __bool__(self) -> bool:
        return self != Mended()


def days(folder: Path, index: SegmentIndex) -> list[str]:
    """All days that either knows, oldest first."""
    return sorted({path.name for path in folder.glob("*/")} | index.days())


def unsure(folder: Path, index: SegmentIndex) -> list[str]:
    """Days that a crash may have left unlike the index: its newest and all after it."""
    known = index.span_us()
    newest = max(index.days()) if known is not None else ""
    return [day for day in days(folder, index) if day >= newest]


def mend(folder: Path, index: SegmentIndex, day: str) -> Mended:
    """Make the index say what lies in one day's folder; raises OSError and sqlite3.Error.

    Files that are being written must not be there, or be younger than the longest segment.
    """
    on_disk = {f"{day}/{path.name}": path for path in sorted((folder / day).glob("*.ts"))}
    known = index.names(day)
    found: list[Segment] = []
    empty = 0
    paths = list(on_disk.values())
    for number, path in enumerate(paths):
        if f"{day}/{path.name}" in known:
            continue
        after = named(folder, paths[number + 1]) if number + 1 < len(paths) else None
        segment = describe(folder, path, after)
        if segment is None:
            on_disk.pop(f"{day}/{path.name}").unlink()
            empty += 1
            continue
        if found:
            found[-1] = ended_before(found[-1], segment.start_us)
        found.append(segment)
    for seals in (folder / day).glob(f"*{SUFFIX}"):
        if f"{day}/{seals.with_suffix('.ts').name}" not in on_disk:
            seals.unlink()
    index.add(found)
    for edge in {one.start_us for one in [*found[:1], *found[-1:]]}:
        index.trim(edge)
    missing = known - on_disk.keys()
    if missing:
        index.forget(missing)
    return Mended(len(found), empty, len(missing))


def settled(folder: Path, day: str) -> bool:
    """Whether nothing in a day's folder is being written."""
    newest = max((path.stat().st_mtime for path in (folder / day).glob("*.ts")), default=0.0)
    return time.time() - newest > LONGEST_US / 1e6
