"""An agency's end: subscribes with its own certificate, prints what reaches it, acknowledges.

`python -m polewatch.receiver --agency police --identity DIR --host H --port P` prints one JSON
line for each incident, after the broker took the acknowledgement.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import queue
import sys
import threading
from datetime import datetime
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import ValidationError

from wire.clock import SystemClock
from wire.envelope import CloudEvent, EnvelopeError, body, cloud_event
from wire.identity import Identity
from wire.incident import Incident, IncidentAck
from wire.names import new_id
from wire.stopping import stop_on_signals
from wire.topics import agency_ack, agency_incident, agency_rights

MAX_WAITING = 1000
ACK_TIMEOUT_S = 10.0


class Receiver:
    """Takes incidents on paho's thread, acknowledges and prints them on its own."""

    def __init__(self, agency: str, identity: Identity) -> None:
        self.agency = agency
        self.dropped = 0
        self._clock = SystemClock()
        self._waiting: queue.Queue[tuple[str, bytes, datetime]] = queue.Queue(MAX_WAITING)
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=identity.client_id,
            clean_session=False,
            reconnect_on_failure=True,
        )
        self._client.tls_set_context(identity.tls_client())
        self._client.reconnect_delay_set(1, 10)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def run(self, host: str, port: int, stop: threading.Event) -> None:
        """Receive until `stop`."""
        self._client.connect_async(host, port, keepalive=30)
        self._client.loop_start()
        try:
            while not stop.is_set():
                try:
                    topic, payload, at = self._waiting.get(timeout=0.2)
                except queue.Empty:
                    continue
                self._handle(topic, payload, at)
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            _print({"agency": self.agency, "connected": False, "reason": str(reason)})
            return
        client.subscribe([(one, 1) for one in agency_rights(self.agency).subscribe])
        _print({"agency": self.agency, "connected": True})

    def _on_message(self, _client: mqtt.Client, _userdata: object, msg: mqtt.MQTTMessage) -> None:
        try:
            self._waiting.put_nowait((msg.topic, bytes(msg.payload), self._clock.now()))
        except queue.Full:
            # Not acknowledged, so the collector sends it again.
            self.dropped += 1

    def _handle(self, topic: str, payload: bytes, at: datetime) -> None:
        if topic != agency_incident(self.agency):
            name = topic.rpartition("/")[2]
            matches = hashlib.sha256(payload).hexdigest() == name
            _print({"agency": self.agency, "still": name, "bytes": len(payload), "intact": matches})
            return
        try:
            incident = body(CloudEvent.model_validate_json(payload), Incident)
        except (ValidationError, EnvelopeError) as error:
            _print({"agency": self.agency, "refused": str(error)[:200]})
            return
        ack = IncidentAck(
            delivery_id=incident.delivery_id,
            incident_id=incident.incident_id,
            agency=self.agency,
            at=at,
            state="received",
            revision=incident.revision,
        )
        event = cloud_event(
            "ack", ack, id=new_id(), source=f"/polewatch/agency/{self.agency}", time=at
        )
        sent = self._client.publish(
            agency_ack(self.agency), event.model_dump_json(exclude_none=True), qos=1
        )
        try:
            sent.wait_for_publish(ACK_TIMEOUT_S)
        except (RuntimeError, ValueError):
            return
        if sent.is_published():
            _print(
                {
                    "agency": self.agency,
                    "acknowledged": incident.delivery_id,
                    "incident": incident.incident_id,
                    "revision": incident.revision,
                    "type": incident.type,
                    "camera": incident.camera,
                    "device": incident.device,
                    "state": incident.state,
                    "opened_at": incident.opened_at.isoformat(),
                    "text": incident.text_ko,
                    "latency_ms": (at - incident.observed_at).total_seconds() * 1000,
                }
            )


def _print(line: dict[str, object]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--agency", required=True)
    parser.add_argument("--identity", type=Path, required=True)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    stop = stop_on_signals()
    receiver = Receiver(arguments.agency, Identity.load(arguments.identity))
    receiver.run(arguments.host, arguments.port, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
