"""What of the map somebody sees: all of it, or, an officer, what concerns his agency."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from collector.console.reach import Reach, sees_every_camera
from collector.services.case import Case
from collector.services.cases import ASKERS
from collector.services.unit_positions import UnitPosition
from collector.services_for_console import ConsoleServices
from collector.store.rows import IncidentFilter, IncidentRow
from wire.grant import PersonToken

MOST_SHOWN = 500
Key = tuple[str, str]
"""Device and camera."""


async def open_cases(services: ConsoleServices, person: PersonToken) -> list[Case]:
    """Open cases that somebody may see; none for those who see no cases."""
    return await services.cases_of(person) if ASKERS & set(person.roles) else []


def units_of(services: ConsoleServices, cases: Iterable[Case]) -> tuple[UnitPosition, ...]:
    """Where the units of these cases are, as far as they say so."""
    permits = {one.permit_id for one in cases if one.permit_id is not None}
    return services.positions(permits)


def incidents_of(
    services: ConsoleServices, person: PersonToken, wanted: IncidentFilter
) -> tuple[IncidentRow, ...]:
    """The newest incidents that fit, as far as somebody may see them; blocks."""
    narrowed = Reach.of(person).narrowed(wanted)
    return services.reader.incidents(MOST_SHOWN, filters=narrowed).incidents if narrowed else ()


async def cameras_of(
    services: ConsoleServices, person: PersonToken, cases: Iterable[Case] | None = None
) -> frozenset[Key] | None:
    """Cameras that somebody sees now; None: all.

    An officer's are those of his agency's open incidents, going on or not, and open `cases`.
    """
    if sees_every_camera(person):
        return None
    if cases is None:
        cases = await open_cases(services, person)
    incidents = await asyncio.to_thread(incidents_of, services, person, IncidentFilter())
    found = {(one.device, one.camera) for one in incidents}
    for case in cases:
        found |= {(camera.device, camera.camera) for camera in case.cameras}
    return frozenset(found)
