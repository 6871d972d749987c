"""What hangs on the poles beside cameras: how it is, and the operator's word to switch it.

The pole itself keeps the bounds: how long, how often, and off when nobody says anything more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from fastapi import APIRouter, Depends
from pydantic import Field

from collector import ledger
from collector.access import declares
from collector.commander import Commander, CommandError
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body
from collector.store.database import Database
from collector.store.reader import Reader
from collector.store.rows import DeviceRow
from wire.clock import Clock
from wire.command import FacilitySwitchCommand
from wire.facility import FacilityState, FacilitySwitch
from wire.grant import PersonToken
from wire.names import Moment, Name, WireModel

SWITCHERS = frozenset({"operator", "supervisor"})
READERS = SWITCHERS | {"technician", "administrator"}


class FacilityShown(WireModel):
    """A facility as its pole told it last."""

    device: Name
    online: bool
    told_at: Moment | None
    state: FacilityState


class SwitchBody(Body):
    """On for so long, or off."""

    on: bool
    seconds: float | None = Field(None, gt=0, le=3600, description="Left out: as long as it may.")
    announcement: Name | None = Field(None, description="Of a speaker.")


class FacilityOrders:
    """Orders to poles that are there: an order that comes later than meant is none."""

    def __init__(
        self, database: Database, reader: Reader, commander: Commander, clock: Clock
    ) -> None:
        self._database = database
        self._reader = reader
        self._commander = commander
        self._clock = clock

    def listed(self) -> list[FacilityShown]:
        """All that poles tell of, by pole and name."""
        return facilities_of(self._reader.devices())

    async def switch(
        self, device: str, facility: str, body: SwitchBody, person: PersonToken
    ) -> FacilityState:
        """Asked of the pole; entered before it is. Raises ProblemError."""
        fields = {
            "person": person.person, "device": device, "facility": facility,
            **body.model_dump(exclude_none=True),
        }  # fmt: skip
        await asyncio.to_thread(self._enter, fields)
        wish = FacilitySwitch(
            facility=facility,
            on=body.on,
            seconds=body.seconds,
            announcement=body.announcement,
            person=person.person,
        )
        try:
            reply = await self._commander.ask(device, FacilitySwitchCommand(switch=wish))
        except CommandError as error:
            raise ProblemError(error.code, error.detail) from error
        if reply.facility is None:
            raise ProblemError("internal", "the pole did not say how it is now")
        return reply.facility

    def _enter(self, fields: dict[str, object]) -> None:
        with self._database.transaction() as run:
            ledger.append(run, self._clock.now(), "facility.ordered", fields)


def facilities_of(devices: Iterable[DeviceRow]) -> list[FacilityShown]:
    """What hangs on these poles."""
    return [
        FacilityShown(
            device=one.device, online=bool(one.online), told_at=one.health_at, state=state
        )
        for one in devices
        if one.health is not None
        for state in one.health.facilities
    ]


def build_router(orders: FacilityOrders, persons: Persons) -> APIRouter:
    """`/api/facilities`."""
    router = APIRouter(prefix="/api/facilities", tags=["facilities"])

    @router.get("", dependencies=[declares(scope="assets:read")])
    async def facilities(person: PersonToken = Depends(persons.required)) -> list[FacilityShown]:
        """Lights, sirens, speakers, bells and the like, as their poles told them last."""
        require(person, READERS, "seeing facilities")
        return await asyncio.to_thread(orders.listed)

    @router.post("/{device}/{facility}", dependencies=[declares(), Depends(same_origin)])
    async def switch(
        device: Name,
        facility: Name,
        body: SwitchBody,
        person: PersonToken = Depends(persons.required),
    ) -> FacilityState:
        """Have it on or off; the pole answers how it is then."""
        require(person, SWITCHERS, "switching facilities")
        return await orders.switch(device, facility, body, person)

    return router
