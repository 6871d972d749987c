"""The case file of an incident as JSON: what happened, who was told, who saw and got what."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from collector import destruction, provision_record
from collector.access import declares
from collector.console import view
from collector.console.headers import ConsoleRoute
from collector.console.reach import Reach
from collector.problems import ProblemError
from collector.procedure import procedure
from collector.services_for_console import ConsoleServices
from collector.store import case_file
from collector.store.rows import IncidentRow
from wire.names import UUID_PATTERN, Name, utc_text

MARGIN = timedelta(minutes=1)
RECORD = (
    "number", "kind", "at", "file", "agency", "unit", "rank", "name", "phone", "purpose", "basis",
    "document", "period", "form", "medium", "filmed", "place", "planned", "destroyed", "officer",
    "remark",
)  # fmt: skip
"""Keys of the official columns, in the order of `provision_record.COLUMNS`."""


_WANTED = (
    "person", "agency", "case", "purpose", "basis", "mode", "start_at", "end_at", "code", "detail",
    "bytes", "sha256", "device", "camera", "session_id", "export_id",
)  # fmt: skip


def build_case_file_api(services: ConsoleServices) -> APIRouter:
    """`GET /api/incidents/{id}/file` and `/api/keys/{device}`, for who sees all incidents."""
    router = APIRouter(route_class=ConsoleRoute)
    site = view.Site.of(services.settings)

    def sees_all(request: Request) -> None:
        person = services.person_of(request)
        if person is None:
            raise ProblemError("auth.required")
        if not Reach.of(person).all:
            raise ProblemError("auth.forbidden", "this needs one of the roles operator, supervisor")

    @router.get(
        "/api/incidents/{incident_id}/file",
        dependencies=[declares("incident", record="incident_id"), Depends(sees_all)],
    )
    def whole(incident_id: Annotated[str, Path(pattern=UUID_PATTERN)]) -> Any:
        """All that belongs to one incident."""
        found = services.reader.incident(incident_id, view.MAX_EVENTS)
        if found is None:
            raise ProblemError("incident.unknown", "there is no such incident", status=404)
        shown = view.detail(found, site)
        one = found.incident
        number = str(shown["incident"]["case_hint"])
        for told, row in zip(shown["incident"]["deliveries"], one.deliveries, strict=True):
            told |= _plain({"first_at": row.first_at, "acked_at": row.acked_at})
        span = _span(one, services.clock.now())

        def read(run: sqlite3.Connection) -> dict[str, Any]:
            beside = case_file.beside(run, incident_id, (one.device, one.camera), span, number)
            copies = {e.number for e in beside.entries if e.kind in provision_record.COPIES}
            fates = {copy: destruction.known(run, copy) for copy in copies}
            rows = provision_record.rows(run, site.zone, since=span[0] - case_file.EARLIER)
            numbers = {str(entry.number) for entry in beside.entries}
            return {
                "stills": [
                    {
                        "url": view.still_url(still.sha256) if still.here else None,
                        "sha256": still.sha256,
                        "at": utc_text(still.at),
                        "phase": still.phase,
                        "shows": still.shows,
                    }
                    for still in beside.stills
                ],
                "cases": [
                    case.model_dump(mode="json", exclude={"cameras"}) for case in beside.cases
                ],
                "procedures": [
                    _plain(asdict(procedure(case, beside.entries, fates))) for case in beside.cases
                ],
                "holds": [hold.model_dump(mode="json") for hold in beside.holds],
                "entries": [
                    {"number": e.number, "at": utc_text(e.at), "kind": e.kind, **_told(e.fields)}
                    for e in beside.entries
                ],
                "copies": [
                    {"number": copy, **_plain(asdict(fate))} for copy, fate in sorted(fates.items())
                ],
                "record": [
                    dict(zip(RECORD, row.values, strict=True))
                    for row in rows
                    if row.values[0] in numbers
                ],
            }

        return {**shown, **services.reader.look(read)}

    @router.get("/api/keys/{device}", dependencies=[declares(), Depends(sees_all)])
    def key(device: Name) -> Any:
        """The public key that an enrolled box signs with: Ed25519, base64url; null for others."""
        return {"device": device, "key": services.device_key(device)}

    return router


def _span(one: IncidentRow, now: datetime) -> tuple[datetime, datetime]:
    """What was filmed of it, and a little around."""
    began = min(one.opened_at, one.clip_start or one.opened_at)
    ended = one.clip_end or one.ended_at or now
    return began - MARGIN, ended + MARGIN


def _told(fields: dict[str, Any]) -> dict[str, Any]:
    """What a reader wants of an entry; the rest stays in the ledger."""
    return {name: fields[name] for name in _WANTED if name in fields}


def _plain(value: Any) -> Any:
    """Times as text, all the way down."""
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
