"""Changing the registry: a whole table or one asset, all of it or nothing."""

from __future__ import annotations

import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from collector.services.estate.fields import KIND_NAMES, UNIT_KINDS
from collector.services.estate.table import MOST_REPORTED, BadRow, Entry, Table
from collector.store import estate
from collector.store.estate import Asset
from collector.store.rows import CameraRow
from wire.names import WireModel

_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that look alike; 12 of them are 60 bits, which nobody guesses."""
ON_A_DEVICE: Final = frozenset({"camera", "box"})
"""Of these a device or camera has one each."""
Place = tuple[str, str, str]
"""What kind of name, the device (of a board none), the name there."""


class Taken(WireModel):
    """What became of a table. With bad rows nothing of it was taken."""

    taken: bool
    added: int
    changed: int
    same: int
    bad_rows: int
    bad: tuple[BadRow, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What an asset may name."""

    cameras: Set[tuple[str, str]]
    boards: Collection[str]


class EstateDesk:
    """Every change of an asset's fields goes through here, within the caller's transaction."""

    def __init__(
        self, cameras: Callable[[], Iterable[CameraRow]], boards: Collection[str] = ()
    ) -> None:
        """`cameras`: those that are configured or were ever heard of; `boards`: of boards.yaml."""
        self._cameras = cameras
        self._boards = boards

    def take(
        self,
        run: sqlite3.Connection,
        table: Table,
        person: str,
        now: datetime,
        *,
        only_check: bool = False,
    ) -> Taken:
        """Have the assets say what the table says of them; others stay as they are.

        A column that is there counts in every row: an empty cell empties the field.
        """
        known = _Known(frozenset((one.device, one.camera) for one in self._cameras()), self._boards)
        before = {one.tag: one for one in estate.all_of(run)}
        after = dict(before)
        rows: dict[str, int] = {}
        for entry in table.entries:
            after[entry.tag] = _next(before.get(entry.tag), entry)
            rows[entry.tag] = entry.row
        bad = sorted(
            [*table.bad, *_conflicts(before, after, rows, table.tags, known)],
            key=lambda one: one.row,
        )
        fresh = [one for tag, one in after.items() if before.get(tag) != one]
        done = not bad and not only_check
        if done:
            estate.put(run, fresh)
            for one in fresh:
                estate.note_changes(
                    run, one.asset_id, _differences(before.get(one.tag), one), person, now
                )
        added = sum(one.tag not in before for one in fresh)
        return Taken(
            taken=done,
            added=added,
            changed=len(fresh) - added,
            same=len(table.entries) - len(fresh),
            bad_rows=len({one.row for one in bad}),
            bad=tuple(bad[:MOST_REPORTED]),
            ignored=table.ignored,
        )


def _next(known: Asset | None, entry: Entry) -> Asset:
    start = known or Asset(new_asset_id(), entry.tag, entry.kind)
    return replace(start, kind=entry.kind, **entry.values)  # type: ignore[arg-type]  # by field type


def new_asset_id() -> str:
    """What a label says: it tells nothing of the asset."""
    return "".join(secrets.choice(_LETTERS) for _ in range(12))


def _conflicts(
    before: dict[str, Asset],
    after: dict[str, Asset],
    rows: dict[str, int],
    tags: frozenset[str],
    known_names: _Known,
) -> Iterable[BadRow]:
    """What is wrong with the whole, told at the table's rows."""
    serials: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    places: defaultdict[Place, list[str]] = defaultdict(list)
    for tag, one in after.items():
        if one.retired is not None:
            continue
        if one.serial is not None:
            serials[(one.maker or "").casefold(), one.serial.casefold()].append(tag)
        if (place := _place(one)) is not None:
            places[place].append(tag)
    tags |= after.keys()
    for tag, row in rows.items():
        one, known = after[tag], before.get(tag)
        if known is not None and known.kind != one.kind:
            was = KIND_NAMES[known.kind]  # type: ignore[index]  # the database holds kinds only
            yield BadRow(row=row, reason=f"{tag} is a {known.kind} ({was}); a kind never changes")
        if one.retired is None:
            if one.serial is not None:
                key = ((one.maker or "").casefold(), one.serial.casefold())
                yield from _twice(tag, serials[key], rows, f"일련번호 {one.serial}")
            if (place := _place(one)) is not None:
                yield from _twice(tag, places[place], rows, "/".join(filter(None, place[1:])))
        yield from _alone(row, one, tags, known_names)


def _twice(tag: str, tags: list[str], rows: dict[str, int], what: str) -> Iterable[BadRow]:
    other = next((one for one in tags if one != tag), None)
    if other is not None:
        where = f" (row {rows[other]})" if other in rows else ", which is registered"
        yield BadRow(row=rows[tag], reason=f"{what} is that of {other}{where} too")


def _place(one: Asset) -> Place | None:
    """What only one asset can be."""
    if one.kind == "board":
        return None if one.unit is None else ("board", "", one.unit)
    if one.device is None:
        return None
    if one.kind in UNIT_KINDS:
        return None if one.unit is None else ("unit", one.device, one.unit)
    return ("", one.device, one.camera or "") if one.kind in ON_A_DEVICE else None


def _alone(row: int, one: Asset, tags: Set[str], known: _Known) -> Iterable[BadRow]:
    def bad(reason: str) -> BadRow:
        return BadRow(row=row, reason=reason)

    if one.parent is not None and (one.parent == one.tag or one.parent not in tags):
        yield bad(f"설치위치번호: there is no other asset {one.parent}")
    if one.camera is not None and one.kind != "camera":
        yield bad("카메라이름: only a camera has one")
    if one.unit is not None:
        if one.kind == "board":
            if one.unit not in known.boards:
                yield bad(f"설비이름: boards.yaml has no board {one.unit}")
        elif one.kind not in UNIT_KINDS:
            yield bad("설비이름: only boards, lights, signs, sirens, speakers and bells have one")
        elif one.device is None:
            yield bad("설비이름 needs 장비이름, the box that switches or asks it")
    if one.kind == "camera" and (one.device is None) != (one.camera is None):
        yield bad("a camera has both 장비이름 and 카메라이름, or neither")
    elif one.camera is not None and one.device is not None:
        if (one.device, one.camera) not in known.cameras:
            yield bad(f"{one.device}/{one.camera} is neither in collector.yaml nor ever heard of")
        if one.lat is not None or one.lon is not None or one.address is not None:
            yield bad("위도, 경도, 주소: those of a connected camera stand in collector.yaml")
    if (one.lat is None) != (one.lon is None):
        yield bad("위도 and 경도: both or neither")
    if one.retired and one.installed and one.retired < one.installed:
        yield bad("철거일 is before 설치일")
    if one.warranty and one.installed and one.warranty < one.installed:
        yield bad("보증만료일 is before 설치일")


def _differences(
    before: Asset | None, after: Asset
) -> dict[str, tuple[estate.Value, estate.Value]]:
    names = estate.COLUMNS[1:]
    return {
        name: (None if before is None else getattr(before, name), getattr(after, name))
        for name in names
        if (None if before is None else getattr(before, name)) != getattr(after, name)
    }
