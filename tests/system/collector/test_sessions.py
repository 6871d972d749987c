"""Agencies' words have a session of their own: no flood holds them up, and its loss is told."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.centre import Centre
from tests.support.device import Wired, finding
from tests.support.mqtt import MqttPeer
from tests.support.wait import wait_until
from wire.envelope import CloudEvent, body, cloud_event
from wire.incident import Incident, IncidentAck
from wire.names import new_id
from wire.topics import agency_ack, agency_incident, agency_rights

FLOOD = 2000


def told(centre: Centre) -> tuple[int, dict[str, Any]]:
    """What the collector answers to a watchdog."""
    try:
        with urllib.request.urlopen(f"{centre.collector.url}/healthz", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def incidents(police: MqttPeer) -> list[Incident]:
    return [
        body(CloudEvent.model_validate_json(payload), Incident)
        for topic, payload in police.received
        if topic == agency_incident("police")
    ]


def acknowledge(police: MqttPeer, incident: Incident) -> None:
    now = datetime.now(UTC)
    ack = IncidentAck(
        delivery_id=incident.delivery_id,
        incident_id=incident.incident_id,
        revision=incident.revision,
        agency="police",
        at=now,
        state="received",
    )
    event = cloud_event("ack", ack, id=new_id(), source="/agency/police", time=now)
    police.publish(agency_ack("police"), event.model_dump_json(exclude_none=True).encode())


def test_a_word_overtakes_a_flood_and_a_lost_session_is_told(
    centre: Centre, pole: Wired, broker: BrokerHandle, city: Authority
) -> None:
    centre.collector.start()
    wait_until(lambda: told(centre)[0] == 200, 60, "both sessions")
    assert told(centre)[1] == {"broker": True, "sessions": {"poles": True, "agencies": True}}
    police = MqttPeer(broker, city.identity("police")).connect()
    police.subscribe(*agency_rights("police").subscribe)
    try:
        pole.send(pole.device.put(finding(camera="first")))
        wait_until(lambda: incidents(police), 40, "the delivery")
        first = incidents(police)[0]
        centre.collector.stop()
        # The word comes last to the broker; an hour's events stand before it.
        pole.send(*(pole.device.put(finding(camera=f"cam-{n % 500}")) for n in range(FLOOD)))
        acknowledge(police, first)
        centre.collector.start()
        wait_until(lambda: not pole.hear().outbox, 120, "all receipts")
        (acked_at,) = centre.rows(
            "SELECT acked_at FROM delivery WHERE delivery_id = ?", first.delivery_id
        )[0]
        assert acked_at is not None
        before = centre.rows("SELECT count(*) FROM event WHERE received_at < ?", acked_at)[0][0]
        assert before < FLOOD // 2, f"{before} of {FLOOD} events stood before the word"

        city.revoke("words")
        broker.reload()
        wait_until(lambda: told(centre)[0] == 503, 60, "the lost session to be told")
        assert told(centre)[1]["sessions"] == {"poles": True, "agencies": False}
        wait_until(lambda: '"agencies"' in down(centre), 60, "the log to say so")
        pole.send(pole.device.put(finding(camera="last")))
        wait_until(lambda: not pole.hear().outbox, 40, "a receipt without the other session")
        wait_until(
            lambda: any(one.camera == "last" for one in incidents(police)),
            40,
            "a delivery without the other session",
        )
    finally:
        police.close()


def down(centre: Centre) -> str:
    """What its log says of lost sessions."""
    lines = centre.collector.log_file.read_text().splitlines()
    return "\n".join(one for one in lines if "broker.down" in one)
