"""What a list of incidents is narrowed to, as SQL. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from collector.config import CameraPlace
from collector.store.moments import stamp
from collector.store.rows import IncidentFilter

Places = Mapping[tuple[str, str], CameraPlace]
_READ = ("text_ko", "text_en", "incident_id", "device", "camera", "zone", "rule")


def conditions(filters: IncidentFilter, places: Places) -> tuple[list[str], list[Any]]:
    """SQL conditions on `incident i`, all of which must hold, and their values."""
    where: list[str] = []
    values: list[Any] = []
    for column, wanted in (
        ("state", filters.states),
        ("type", filters.types),
        ("severity", filters.severities),
    ):
        if wanted:
            where.append(f"i.{column} IN ({','.join('?' * len(wanted))})")
            values += wanted
    for clause, value in (
        ("i.device = ?", filters.device),
        ("i.camera = ?", filters.camera),
        ("i.opened_at >= ?", stamp(filters.since) if filters.since else None),
        ("i.opened_at < ?", stamp(filters.until) if filters.until else None),
        ("i.drill = ?", None if filters.drill is None else int(filters.drill)),
        (
            "EXISTS (SELECT 1 FROM delivery d WHERE d.incident_id = i.incident_id"
            " AND d.agency = ?)",
            filters.agency,
        ),
    ):
        if value is not None:
            where.append(clause)
            values.append(value)
    if filters.ongoing is not None:
        where.append(f"i.ended_at IS {'' if filters.ongoing else 'NOT '}NULL")
    for word in filters.words:
        clause, more = _says(word, places)
        where.append(clause)
        values += more
    return where, values


def _says(word: str, places: Places) -> tuple[str, list[Any]]:
    """That a word stands somewhere in what people read of an incident."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    parts = [f"i.{column} LIKE ? ESCAPE '\\'" for column in _READ]
    values: list[Any] = [f"%{escaped}%"] * len(parts)
    lower = word.lower()
    there = [
        f"{device}/{camera}"
        for (device, camera), place in places.items()
        if any(
            lower in text.lower() for text in (place.title, place.title_en, place.address) if text
        )
    ]
    if there:
        parts.append("i.device || '/' || i.camera IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(there))
    return f"({' OR '.join(parts)})", values
