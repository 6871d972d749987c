"""The police as a receiver: keeps what reaches it, drops by id what comes again, acknowledges."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from pathlib import Path

import paho.mqtt.client as paho
from joserfc.util import urlsafe_b64decode
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from wire.clock import SystemClock
from wire.envelope import CloudEvent, body, cloud_event
from wire.identity import Identity
from wire.incident import Incident, IncidentAck
from wire.names import new_id
from wire.topics import agency_ack, agency_incident, agency_rights

NAME = "police"


class Agency:
    """One persistent session at the broker for the whole run."""

    def __init__(self, identity: Path, host: str, port: int) -> None:
        self.again = 0
        """Deliveries that came more than once, dropped by their id."""
        self._damaged = False
        self._forgotten: set[str] = set()
        """What was delivered when the centre lost what it knew: it may come again, as another
        delivery, even long after (out of a restored card, say)."""
        self._lock = threading.Lock()
        self._seen: set[tuple[str, int]] = set()
        self._dropped: dict[str, set[str]] = {}
        """Ids by delivery that came as another delivery before."""
        self._deliveries: dict[str, set[str]] = {}
        """Event ids by delivery, out of the devices' signatures attached to it."""
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"receiver-{NAME}", clean_session=False
        )
        self._client.tls_set_context(Identity.load(identity).tls_client())
        self._client.reconnect_delay_set(0.2, 0.5)  # type: ignore[arg-type]  # declared int, used as seconds
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._take
        self._client.connect_async(host, port, keepalive=30)
        self._client.loop_start()

    def delivered(self) -> Counter[str]:
        """In how many deliveries each event came."""
        with self._lock:
            return Counter(id for ids in self._deliveries.values() for id in ids)

    def centre_damaged(self, now: bool) -> None:
        """Whether the centre's database is being damaged in this round."""
        with self._lock:
            if self._damaged and not now:
                self._forgotten |= {id for ids in self._deliveries.values() for id in ids}
            self._damaged = now

    def told(self, id: str) -> list[str]:
        """The deliveries that named an event."""
        with self._lock:
            return sorted(key for key, ids in self._deliveries.items() if id in ids)

    def _known_elsewhere(self, named: set[str]) -> set[str]:
        return {id for ids in self._deliveries.values() for id in ids & named}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(one, 1) for one in agency_rights(NAME).subscribe])

    def _subscribed(
        self, client: paho.Client, _data: object, _mid: int, codes: list[ReasonCode], _props: object
    ) -> None:
        sock = client.socket()
        if isinstance(sock, socket.socket) and any(code.is_failure for code in codes):
            # A cluster without a leader refuses for a while: connect again.
            sock.shutdown(socket.SHUT_RDWR)

    def _take(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic != agency_incident(NAME):
            return
        incident = body(CloudEvent.model_validate_json(message.payload), Incident)
        with self._lock:
            named = {_id_of(token) for token in incident.evidence}
            ids = self._deliveries.setdefault(incident.delivery_id, set())
            known = self._dropped.setdefault(incident.delivery_id, set())
            again = named - ids if self._damaged else (named - ids) & self._forgotten
            known |= self._known_elsewhere(again)
            ids |= named - known
            key = (incident.delivery_id, incident.revision)
            self.again += key in self._seen or bool(known & named)
            self._seen.add(key)
        now = SystemClock().now()
        ack = IncidentAck(
            delivery_id=incident.delivery_id,
            incident_id=incident.incident_id,
            agency=NAME,
            at=now,
            state="received",
            revision=incident.revision,
        )
        source = f"/polewatch/agency/{NAME}"
        event = cloud_event("ack", ack, id=new_id(), source=source, time=now)
        client.publish(agency_ack(NAME), event.model_dump_json(exclude_none=True), qos=1)


def _id_of(token: str) -> str:
    return CloudEvent.model_validate_json(urlsafe_b64decode(token.split(".")[1].encode())).id
