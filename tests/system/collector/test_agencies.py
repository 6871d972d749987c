"""From a pole's event to an agency's acknowledgement, with the picture, over a real broker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.centre import Centre
from tests.support.device import Wired, finding, jpeg
from tests.support.mqtt import MqttPeer
from tests.support.wait import wait_until
from wire.envelope import CloudEvent, body, cloud_event, verify
from wire.event import Event
from wire.identity import Identity
from wire.incident import Incident, IncidentAck
from wire.names import new_id
from wire.topics import agency_ack, agency_incident, agency_rights, agency_still

QUICK = {"dispatch": {"first_retry_s": 0.5, "longest_retry_s": 1.0}}


@pytest.fixture
def centre(tmp_path: Path, city: Authority, broker: BrokerHandle) -> Iterator[Centre]:
    made = Centre(tmp_path / "centre", city, broker, QUICK)
    yield made
    made.stop()


class Agency:
    """A receiver that acknowledges only when told to."""

    def __init__(self, name: str, broker: BrokerHandle, city: Authority) -> None:
        self.name = name
        self.peer = MqttPeer(broker, city.identity(name)).connect()
        self.peer.subscribe(*agency_rights(name).subscribe)

    def incidents(self) -> list[Incident]:
        return [
            body(CloudEvent.model_validate_json(payload), Incident)
            for topic, payload in self.peer.received
            if topic == agency_incident(self.name)
        ]

    def acknowledge(self, incident: Incident, state: str = "received", **more: object) -> None:
        ack = IncidentAck.model_validate(
            {
                "delivery_id": incident.delivery_id,
                "incident_id": incident.incident_id,
                "revision": incident.revision,
                "agency": self.name,
                "at": datetime.now(UTC),
                "state": state,
                **more,
            }
        )
        event = cloud_event(
            "ack", ack, id=new_id(), source=f"/agency/{self.name}", time=datetime.now(UTC)
        )
        self.peer.publish(agency_ack(self.name), event.model_dump_json(exclude_none=True).encode())


def test_an_event_reaches_the_police_until_they_say_so(
    centre: Centre, pole: Wired, broker: BrokerHandle, city: Authority
) -> None:
    centre.collector.start()
    police, fire = Agency("police", broker, city), Agency("fire", broker, city)
    picture = jpeg("street")
    pole.still(picture)
    event = finding(still=picture)
    token = pole.device.put(event)
    pole.send(token)

    # Not acknowledged: it comes again and again.
    wait_until(lambda: len(police.incidents()) >= 2, 40, "a repeated delivery")
    first = police.incidents()[0]
    assert {one.delivery_id for one in police.incidents()} == {first.delivery_id}
    assert (first.type, first.severity, first.certainty) == ("intrusion", "moderate", "likely")
    assert first.camera_title == "정문"
    assert "침입" in first.text_ko
    assert "Intrusion at Main gate" in first.text_en
    assert first.place is not None
    assert first.place.lat == 37.5
    # +09:00, as the agencies' formats want it.
    assert first.opened_at.utcoffset() is not None
    assert "+09:00" in first.opened_at.isoformat()

    # The picture came first, as its own message, and is what the event named.
    sha256 = hashlib.sha256(picture).hexdigest()
    assert first.still_sha256 == sha256
    topics = [topic for topic, _ in police.peer.received]
    assert topics.index(agency_still("police", sha256)) < topics.index(agency_incident("police"))
    assert (agency_still("police", sha256), picture) in police.peer.received

    # The pole's own signature travels along and holds.
    key = Identity.load(city.identity("pole-001-1")).key
    assert [one.encode() for one in first.evidence] == [token]
    assert body(verify(token, lambda _: key).event, Event) == event

    police.acknowledge(first)
    wait_until(
        lambda: (
            [tuple(r) for r in centre.rows("SELECT state, answer FROM delivery")]
            == [("done", "received")]
        ),
        30,
        "the delivery to be done",
    )
    assert centre.rows("SELECT state FROM incident")[0]["state"] == "notified"
    # Intrusion is no matter for the fire brigade, and its stills neither.
    assert fire.peer.received == []

    # The end of the finding is a new revision of the same delivery.
    pole.send(pole.device.put(finding(finding_id=event.finding_id, phase="close", still=picture)))
    wait_until(lambda: police.incidents()[-1].ended_at is not None, 30, "the end")
    last = police.incidents()[-1]
    assert (last.incident_id, last.delivery_id) == (first.incident_id, first.delivery_id)
    assert last.revision > first.revision
    police.acknowledge(last, "accepted", officer="경위 김")
    wait_until(
        lambda: centre.rows("SELECT state FROM incident")[0]["state"] == "acknowledged",
        30,
        "the officer's word",
    )
    wait_until(lambda: pole.hear().stills == {sha256}, 30, "the still's receipt")


def test_a_picture_that_comes_later_is_sent_after(
    centre: Centre, pole: Wired, broker: BrokerHandle, city: Authority
) -> None:
    centre.collector.start()
    police = Agency("police", broker, city)
    picture = jpeg("late")
    pole.send(pole.device.put(finding(still=picture)))
    wait_until(police.incidents, 30, "the incident without its picture")
    police.acknowledge(police.incidents()[-1])
    pole.hear()
    assert pole.device.stills == set()
    sha256 = pole.still(picture)
    police.peer.wait_for(agency_still("police", sha256), picture)
    wait_until(lambda: pole.hear().stills == {sha256}, 30, "the still's receipt")


def test_an_agency_cannot_acknowledge_for_another(
    centre: Centre, pole: Wired, broker: BrokerHandle, city: Authority
) -> None:
    centre.collector.start()
    police, fire = Agency("police", broker, city), Agency("fire", broker, city)
    pole.send(pole.device.put(finding()))
    wait_until(police.incidents, 30, "the incident")
    fire.acknowledge(police.incidents()[0])
    wait_until(
        lambda: centre.rows("SELECT count(*) AS n FROM quarantine WHERE reason = 'delivery'")[0][
            "n"
        ],
        30,
        "the foreign acknowledgement in quarantine",
    )
    assert centre.rows("SELECT acked FROM delivery")[0]["acked"] == 0
