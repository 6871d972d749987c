"""A disaster room against real processes: HTTPS in, agencies told over the broker, the signer told.

The collector is killed where it hurts: before its commit nothing is there, after it all is.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from collector.signer.accounts import SignerStore
from collector.signer.permit import StandingRule
from collector.signer.permits import Permits
from provisioning.authority import Authority
from tests.support.agencies import MqttAgency
from tests.support.broker import HOST, make_broker, make_city
from tests.support.centre import Centre
from tests.support.disaster_room import Room, circle, info
from tests.support.wait import wait_until
from wire.identity import Identity

SECRET = b"0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery"
BASIS = "개인정보 보호법 제18조제2항제3호"
ROUTES = {
    "routes": [{"name": "disaster", "types": ["disaster"], "agencies": ["fire"]}],
    "areas": [{"name": "gate", "circle": [37.5, 126.7, 100], "code": "2824510100"}],
}
HERE = circle(37.5, 126.7, 50)
CASES = "/api/services/cases"


@dataclass
class Town:
    centre: Centre
    fire: MqttAgency
    trust: ssl.SSLContext
    known: set[tuple[str, int]] = field(default_factory=set)

    @contextmanager
    def client(self, name: str | None = None) -> Iterator[httpx.Client]:
        headers = {"X-Polewatch": "1"}
        url = self.centre.collector.url
        with httpx.Client(base_url=url, headers=headers, verify=self.trust, timeout=20) as client:
            if name is not None:
                answer = client.post("/api/sign-in", json={"name": name, "password": PASSWORD})
                assert answer.status_code == 200, answer.text
            yield client

    def rows(self, table: str) -> int:
        return int(self.centre.rows(f"SELECT count(*) FROM {table}")[0][0])

    def told(self) -> list[tuple[int, str, str]]:
        """Revision, state and severity, in the order in which the fire service heard them."""
        self.fire.answer(self.known)
        found = [(one.revision, one.state, one.severity) for one in self.fire.incidents()]
        return list(dict.fromkeys(found))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    city = make_city(tmp_path / "authority")
    city.issue_service("web", "web", hosts=(HOST, "localhost"))
    broker = make_broker("nats", city, tmp_path / "broker")
    broker.start()
    secret = tmp_path / "room.secret"
    secret.write_bytes(SECRET)
    web = city.identity("web")
    changed = {
        "disaster_rooms": [{"name": "incheon", "secret_file": str(secret), "agency": "police"}],
        "http": {
            "host": HOST,
            "port": 0,
            "tls": {"certificate": str(web / "cert.pem"), "key": str(web / "key.pem")},
        },
    }
    centre = Centre(tmp_path / "centre", city, broker, changed)
    (centre.folder / "routing.yaml").write_text(yaml.safe_dump(ROUTES))
    fire = MqttAgency("fire", broker, city)
    trust = ssl.create_default_context(cafile=str(web / "ca.pem"))
    centre.add_person("oper", PASSWORD, "centre", "operator")
    centre.add_person("kim", PASSWORD, "police", "officer")
    _rule(centre, city)
    centre.signer.start()
    fire.start()
    try:
        yield Town(centre, fire, trust)
    finally:
        centre.stop()
        fire.stop()
        broker.stop()


def _rule(centre: Centre, city: Authority) -> None:
    now = datetime.now(UTC)
    store = SignerStore(centre.folder / "signer-data")
    rule = {
        "rule": "disaster", "agency": "police", "services": ["disaster"], "bases": [BASIS],
        "hours": 24, "most_cameras": 5000, "valid_from": now - timedelta(hours=1),
        "valid_until": now + timedelta(days=1), "document": "2026-11", "decided_by": ["Park"],
    }  # fmt: skip
    permits = Permits(store, Identity.load(city.identity("signer")))
    permits.add_rule(StandingRule.model_validate(rule), now)
    store.close()


def room(client: httpx.Client) -> Room:
    return Room(client, "/api/services/cap/incheon", SECRET, lambda: datetime.now(UTC), HERE)


def grant(client: httpx.Client, case: dict[str, Any]) -> int:
    wanted = {
        "device": "pole-001-1", "camera": "cam-1", "rights": ["live"], "case": case["case"],
        "basis": BASIS, "purpose": case["purpose"], "fingerprint": ":".join(["AA"] * 32),
    }  # fmt: skip
    return client.post("/api/grants", json=wanted).status_code


def test_an_alert_is_told_followed_and_its_permit_ended_by_a_machine(town: Town) -> None:
    town.centre.collector.start()
    with town.client() as machine, town.client("kim") as officer:
        incheon = room(machine)
        alert = incheon.alert(status="Exercise")
        incheon.send(alert)
        wait_until(lambda: town.told() == [(1, "open", "severe")], 60, "the fire service to hear")
        alerted = town.fire.incidents()[0].alert
        assert alerted is not None
        assert (alerted.code, alerted.circles) == ("HRA", ((37.5, 126.7, 50.0),))
        (first,) = {one.incident_id: one for one in town.fire.incidents()}.values()
        assert first.drill
        assert first.text_ko.startswith("[훈련] 재난 경보 호우경보: ")
        (case,) = officer.get(CASES).json()
        assert grant(officer, case) == 403
        opened = officer.post(f"{CASES}/{case['case_id']}/opening")
        assert opened.json()["rule"] == "disaster", opened.text
        assert grant(officer, case) == 200
        district = circle(37.5, 126.7, 50, circles=(), geocodes=(("행정구역코드", "2824500000"),))
        update = incheon.alert(
            "Update", alert, status="Exercise", infos=(info(district, severity="Minor"),)
        )
        incheon.send(update)
        wait_until(lambda: town.told()[-1][0] == 2, 60, "the fire service to hear of the Update")
        assert town.told()[-1][2] == "minor"
        assert grant(officer, case) == 200
        # While the signer is away the Cancel stands all the same, and is told to it later.
        town.centre.signer.kill()
        incheon.send(incheon.alert("Cancel", alert, status="Exercise"))
        away = "SELECT 1 FROM permit_ending WHERE error LIKE '%cannot be reached%'"
        wait_until(lambda: town.centre.rows(away), 60, "the signer to be missed")
        town.centre.signer.start()
        wait_until(lambda: town.rows("permit_ending") == 0, 60, "the signer to hear")
        wait_until(lambda: grant(officer, case) == 403, 10, "no further grant")
        wait_until(lambda: town.told()[-1][:2] == (3, "closed"), 60, "the fire service to hear it")
        assert officer.get(CASES).json() == []
    wait_until(
        lambda: town.centre.rows("SELECT 1 FROM delivery WHERE state = 'done'"),
        60, "the last acknowledgement",
    )  # fmt: skip


def test_killed_in_the_middle_nothing_is_half_done(town: Town) -> None:
    collector = town.centre.collector
    tables = ("disaster", "disaster_message", "service_case", "incident", "delivery")
    collector.start(faulted="disaster.decided")
    with town.client() as machine:
        incheon = room(machine)
        alert = incheon.alert()
        with pytest.raises(httpx.TransportError):
            incheon.send(alert)
    collector.wait_dead(20)
    assert {name: town.rows(name) for name in tables} == dict.fromkeys(tables, 0)
    collector.start(faulted="disaster.taken")
    with town.client() as machine, pytest.raises(httpx.TransportError):
        room(machine).send(alert)
    collector.wait_dead(20)
    assert {name: town.rows(name) for name in tables} == dict.fromkeys(tables, 1)
    collector.start()
    wait_until(lambda: town.told() == [(1, "open", "severe")], 60, "the fire service to hear")
    with town.client() as machine, town.client("oper") as operator:
        room(machine).send(alert)
        assert {name: town.rows(name) for name in tables} == dict.fromkeys(tables, 1)
        (case,) = operator.get(CASES).json()
        assert operator.post(f"{CASES}/{case['case_id']}/approval").status_code == 200
    # The permit's end outlives the process that decided it.
    collector.stop()
    town.centre.signer.stop()
    collector.start(faulted="disaster.taken")
    with town.client() as machine:
        incheon = room(machine)
        incheon.alert()
        cancel = incheon.alert("Cancel", alert)
        with pytest.raises(httpx.TransportError):
            incheon.send(cancel)
    collector.wait_dead(20)
    assert town.rows("permit_ending") == 1
    town.centre.signer.start()
    collector.start()
    wait_until(lambda: town.rows("permit_ending") == 0, 60, "the signer to hear")
    with town.client("kim") as officer:
        assert grant(officer, case) == 403
