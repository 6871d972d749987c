"""`collector route --explain`: who would be told of an event, route by route."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from collector.config import CollectorSettings
from collector.routing import Listed, Routing, Subject, route
from wire.envelope import CloudEvent, EnvelopeError, body
from wire.event import Event
from wire.settings import SettingsError


def explain_route(path: Path, settings: CollectorSettings, table: Routing, *, as_json: bool) -> str:
    """The explanation as text or JSON; raises SettingsError when the file is no finding."""
    device, event = _read(path)
    place = settings.places().get((device, event.camera))
    subject = Subject(
        type=event.type,
        severity=event.severity,
        device=device,
        camera=event.camera,
        group=place.group if place else None,
        began_at=event.times.started_at,
        drill=event.drill,
        position=(place.lat, place.lon) if place else None,
        listed=None if event.plate is None else Listed.of(event.plate),
    )
    routed = route(table, subject, settings.zone)
    if as_json:
        return json.dumps(
            {
                "targets": [{"agency": t.agency, "channel": t.channel} for t in routed.targets],
                "boards": routed.boards,
                "routes": [{"route": r.route, "missed": r.missed} for r in routed.reasons],
            },
            ensure_ascii=False,
        )
    lines = [
        f"{'yes' if one.missed is None else 'no ':3} {one.route}"
        + ("" if one.missed is None else f": {one.missed}")
        for one in routed.reasons
    ]
    told = ", ".join(f"{one.agency} by {one.channel}" for one in routed.targets) or "nobody"
    boards = [f"boards: {', '.join(routed.boards)}"] if routed.boards else []
    return "\n".join([*lines, f"told: {told}", *boards])


def _read(path: Path) -> tuple[str, Event]:
    """(device, finding); a bare finding is of no device, so only its camera can be matched."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and "specversion" in data:
            event = CloudEvent.model_validate(data)
            return event.source.rpartition("/")[2], body(event, Event)
        return "", Event.model_validate(data)
    except (OSError, ValueError, ValidationError, EnvelopeError, RecursionError) as error:
        raise SettingsError(f"{path}: is no finding: {str(error)[:300]}") from error
