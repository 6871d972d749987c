"""An agency's end of a simulated city: takes incidents, keeps the books, acknowledges."""

from __future__ import annotations

import asyncio

from polewatch.fleet.books import Books
from polewatch.fleet.client import Client, Door
from polewatch.fleet.packets import Published
from polewatch.fleet.wire_socket import CutError
from wire.clock import Clock
from wire.envelope import CloudEvent, body, cloud_event
from wire.identity import Identity
from wire.incident import Incident, IncidentAck
from wire.names import new_id
from wire.topics import agency_ack, agency_incident, agency_rights

AGAIN_S = 0.3


class Agency:
    """One session that the broker keeps, connected again and again until cancelled."""

    def __init__(
        self, identity: Identity, doors: tuple[Door, ...], books: Books, clock: Clock
    ) -> None:
        self.name = identity.name
        self._identity, self._doors = identity, doors
        self._books, self._clock = books, clock
        self._tls = identity.tls_client()
        self._topic = agency_incident(self.name)
        self._client: Client | None = None
        self.online = asyncio.Event()
        self.incidents = 0
        """Messages with an incident, repetitions included."""
        self.stills = 0

    async def run(self) -> None:
        """Until cancelled."""
        door = 0
        while True:
            over = asyncio.Event()
            client = Client(self._take, on_end=lambda _, over=over: over.set())  # type: ignore[misc]  # a default binds it
            try:
                await client.connect(
                    self._doors[door % len(self._doors)],
                    self._tls,
                    self._identity.client_id,
                    clean=False,
                )
                self._client = client
                await client.subscribe(agency_rights(self.name).subscribe)
                self.online.set()
                keeping = asyncio.create_task(self._keep_alive(client))
                await over.wait()
                keeping.cancel()
            except CutError:
                pass
            finally:
                self.online.clear()
                self._client = None
                client.close()
            door += 1
            await asyncio.sleep(AGAIN_S)

    async def _keep_alive(self, client: Client) -> None:
        while True:
            await asyncio.sleep(1)
            client.keep_alive(asyncio.get_running_loop().time())

    def _take(self, message: Published) -> None:
        if message.topic != self._topic:
            self.stills += 1
            return
        now_s = self._clock.monotonic()
        incident = body(CloudEvent.model_validate_json(message.payload), Incident)
        self.incidents += 1
        self._books.reach(self.name, incident, now_s)
        at = self._clock.now()
        ack = IncidentAck(
            delivery_id=incident.delivery_id,
            incident_id=incident.incident_id,
            revision=incident.revision,
            agency=self.name,
            at=at,
            state="received",
        )
        event = cloud_event(
            "ack", ack, id=new_id(), source=f"/polewatch/agency/{self.name}", time=at
        )
        if self._client is not None:
            payload = event.model_dump_json(exclude_none=True).encode()
            self._client.publish(agency_ack(self.name), payload)
