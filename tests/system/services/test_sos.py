"""A call for help through real processes: webhook in, police told by MQTT, followed, closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from collector.channels.signature import HEADER, sign
from provisioning.authority import Authority
from tests.support.broker import BrokerHandle, make_broker, make_city
from tests.support.centre import Centre
from tests.support.mqtt import MqttPeer
from tests.support.wait import wait_until
from wire.envelope import CloudEvent, body, cloud_event
from wire.incident import Incident, IncidentAck
from wire.names import new_id
from wire.topics import agency_ack, agency_incident, agency_rights

SECRET = b"0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Centre, BrokerHandle, Authority]]:
    city = make_city(tmp_path / "authority")
    broker = make_broker("nats", city, tmp_path / "broker")
    broker.start()
    secret = tmp_path / "sos.secret"
    secret.write_bytes(SECRET)
    sender = {"name": "watch", "secret_file": str(secret), "agency": "police"}
    centre = Centre(tmp_path / "centre", city, broker, {"sos": [sender]})
    routes = {"routes": [{"name": "sos", "types": ["sos"], "agencies": ["police"]}]}
    (centre.folder / "routing.yaml").write_text(yaml.safe_dump(routes))
    try:
        yield centre, broker, city
    finally:
        centre.stop()
        broker.stop()


def incidents(police: MqttPeer) -> list[Incident]:
    return [
        body(CloudEvent.model_validate_json(payload), Incident)
        for topic, payload in police.received
        if topic == agency_incident("police")
    ]


def acknowledge(police: MqttPeer, told: Incident) -> None:
    ack = IncidentAck(
        delivery_id=told.delivery_id, incident_id=told.incident_id, revision=told.revision,
        agency="police", at=datetime.now(UTC), state="received",
    )  # fmt: skip
    event = cloud_event("ack", ack, id=new_id(), source="/agency/police", time=datetime.now(UTC))
    police.publish(agency_ack("police"), event.model_dump_json(exclude_none=True).encode())


def send(centre: Centre, lat: float) -> dict[str, Any]:
    call = {
        "sos_id": "a-1", "person": {"name": "홍길동"}, "lat": lat, "lon": 126.7,
        "accuracy_m": 30, "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    text = json.dumps(call).encode()
    headers = {HEADER: sign(SECRET, text, datetime.now(UTC))}
    url = f"{centre.collector.url}/api/services/sos/watch"
    answer = httpx.post(url, content=text, headers=headers, timeout=60)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_police_hear_of_a_call_follow_it_and_of_its_end(
    place: tuple[Centre, BrokerHandle, Authority],
) -> None:
    centre, broker, city = place
    centre.add_person("oper", PASSWORD, "centre", "operator")
    centre.signer.start()
    centre.collector.start()
    police = MqttPeer(broker, city.identity("police")).connect()
    police.subscribe(*agency_rights("police").subscribe)
    case = send(centre, 37.5002)
    wait_until(lambda: incidents(police), 30, "the police to hear of it")
    first = incidents(police)[0]
    assert (first.type, first.severity, first.camera) == ("sos", "severe", "cam-1")
    assert "긴급 구조 요청" in first.text_ko
    assert "홍길동" not in first.model_dump_json()
    acknowledge(police, first)
    assert send(centre, 37.5006)["positions"] == 2
    wait_until(lambda: incidents(police)[-1].revision == 2, 30, "the police to hear that it moved")
    headers = {"X-Polewatch": "1"}
    with httpx.Client(base_url=centre.collector.url, headers=headers, timeout=60) as operator:
        operator.post("/api/sign-in", json={"name": "oper", "password": PASSWORD})
        path = f"/api/services/cases/{case['case_id']}"
        shown = operator.get(path).json()
        assert [fix["lat"] for fix in shown["personal"]["path"]] == [37.5002, 37.5006]
        assert operator.post(f"{path}/approval").status_code == 200
        assert operator.post(f"{path}/closing", json={}).status_code == 200
    wait_until(lambda: incidents(police)[-1].state == "closed", 30, "the police to hear of its end")
    acknowledge(police, incidents(police)[-1])
    done = "SELECT 1 FROM delivery WHERE state = 'done'"
    wait_until(lambda: centre.rows(done), 30, "the last acknowledgement")
    held = (centre.folder / "data/collector.sqlite").read_bytes()
    assert "홍길동".encode() not in held
    police.close()
