"""What the console's pages are given; `collector.console.routes.build_router` takes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from collector.areas import NamedArea
from collector.changes import Changes
from collector.config import CollectorSettings
from collector.problems import ProblemError
from collector.services.case import Case
from collector.services.layer import Layer
from collector.services.unit_positions import UnitPosition
from collector.store.reader import Reader
from collector.things import Thing
from wire.clock import Clock, SystemClock
from wire.grant import PersonToken
from wire.names import Id
from wire.recording import Recording, RecordingQuestion


async def _no_poles(_device: str, _asked: RecordingQuestion) -> Recording:
    raise ProblemError("device.offline", "no pole is connected here")


async def _no_cases(_person: PersonToken) -> list[Case]:
    return []


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """Reading, live changes, settings, and who asks.

    `person_of` returns the person of a verified, unexpired `pw_person` cookie, else None.
    """

    reader: Reader
    changes: Changes
    settings: CollectorSettings
    person_of: Callable[[Request], PersonToken | None]
    broker_sessions: Callable[[], Mapping[str, bool]] = dict
    clock: Clock = field(default_factory=SystemClock)
    recording: Callable[[str, RecordingQuestion], Awaitable[Recording]] = _no_poles
    """Asks a pole what there is of a camera; raises ProblemError."""
    areas: Callable[[], tuple[NamedArea, ...]] = tuple
    """Named parts of the city."""
    agencies: Callable[[], Collection[str]] = tuple
    """Who may ask for something."""
    layer: Layer = field(default_factory=Layer)
    """Streets, hydrants and hazards."""
    cases_of: Callable[[PersonToken], Awaitable[list[Case]]] = _no_cases
    """Open cases of the safety services that somebody may see; raises ProblemError."""
    positions: Callable[[Collection[Id]], tuple[UnitPosition, ...]] = lambda _permits: ()
    """Where the units are whose links stand under these permits."""
    things: Callable[[PersonToken], Collection[Thing]] = lambda _person: ()
    """Boards and other things on the map that somebody may see; `Change("thing", …)` tells anew."""
    certificate_ends: Callable[[], Mapping[str, datetime]] = dict
    """Until when certificates count that are believed, of devices and services, by name."""
    device_key: Callable[[str], str | None] = lambda _device: None
    """An enrolled box's public key, Ed25519 in base64url."""
