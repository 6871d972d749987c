"""Whose car left what was dumped: asked of one camera, for minutes, confirmed by a person's eye."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector import provision_record
from collector.services import plate_evidence, plate_search
from collector.services.offering import Offering
from collector.services.plate_area import PlateArea
from collector.services.plate_evidence import PlateEvidence
from collector.services.plate_search import PlateSearchDesk
from collector.store import erasing
from collector.store.moments import stamp
from provisioning.authority import Authority
from tests.support.diaries import Diaries
from tests.support.service_bench import ServiceBench, camera
from wire.command import PlateSearchCommand
from wire.names import new_id

POLE = "pole-001-1"
URL = "/api/plates/searches"
REASONS = {"case": "청소-2026-31", "purpose": "과태료 부과", "basis": "폐기물관리법 제68조제3항"}


class Street:
    """A camera that watches a place where things are dumped; the fire brigade answers for it."""

    def __init__(self, folder: Path, town: Authority) -> None:
        self.bench = ServiceBench(folder, town, cameras=(camera("park", 0, 0),))
        self.poles = Diaries(folder, town, self.bench.clock)
        self.poles.add(POLE)
        self.poles.add("pole-002-1")
        places = self.bench.settings.places()
        area = PlateArea(Offering(places, self.bench.reader.cameras), places)
        searches = PlateSearchDesk(
            self.bench.database, self.poles.commander, area, places, self.poles.names,
            self.bench.clock,
        )  # fmt: skip
        self.desk = PlateEvidence(
            self.bench.database, self.bench.reader, searches, self.bench.changes, self.bench.clock
        )
        self.bench.app.include_router(plate_search.build_router(searches, self.bench.persons))
        self.bench.app.include_router(plate_evidence.build_router(self.desk, self.bench.persons))
        self.at = self.bench.clock.now() - timedelta(hours=3)

    def incident(self, type: str = "dumping", state: str = "notified") -> str:
        incident_id, at = new_id(), stamp(self.at)
        with self.bench.database.transaction() as run:
            run.execute(
                "INSERT INTO incident (incident_id, revision, type, severity, certainty,"
                " confidence, state, drill, device, camera, rule, opened_at, active_at,"
                " observed_at, updated_at, text_ko, text_en) VALUES (?, 1, ?, 'minor', 'likely',"
                " 0.9, ?, 0, ?, 'park', 'r', ?, ?, ?, ?, '무단투기', 'dumping')",
                (incident_id, type, state, POLE, at, at, at, at),
            )
            run.execute(
                "INSERT INTO delivery (delivery_id, incident_id, agency, channel, wanted, state,"
                " next_at) VALUES (?, ?, 'fire', 'mqtt', 1, 'waiting', ?)",
                (new_id(), incident_id, at),
            )
        return incident_id

    def car(self, text: str, minutes: float, camera: str = "park") -> None:
        self.poles.passed(POLE, camera, text, self.at + timedelta(minutes=minutes))


@pytest.fixture
def street(tmp_path: Path, town: Authority) -> Iterator[Street]:
    made = Street(tmp_path, town)
    yield made
    made.bench.close()


def texts(told: dict[str, Any]) -> set[str]:
    return {one["text"] for one in told["routes"]}


def test_the_cars_of_those_minutes_are_shown_and_one_of_them_becomes_evidence(
    street: Street,
) -> None:
    street.car("11가1111", -11)
    street.car("12가3456", -1)
    street.car("34나5678", 2)
    street.car("56다7890", 6)
    street.car("78라1234", 0, camera="gate")
    incident_id = street.incident()
    url = f"/api/incidents/{incident_id}"
    with street.bench.client("lee") as client:
        answer = client.post(f"{url}/plates", json=REASONS)
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert texts(told) == {"12가3456", "34나5678"}
        (asked,) = street.poles.asked
        assert asked.device == POLE
        assert isinstance(asked.action, PlateSearchCommand)
        span = asked.action.search.end_at - asked.action.search.start_at
        assert span == timedelta(minutes=15)
        (entry,) = street.bench.ledger("plates.searched")
        assert (entry["person"], entry["agency"], entry["case"]) == ("lee", "fire", REASONS["case"])
        assert (entry["incident_id"], entry["camera"]) == (incident_id, "park")

        (sighting,) = next(one for one in told["routes"] if one["text"] == "12가3456")["sightings"]
        assert 0 < sighting["confidence"] <= 1
        crop = client.get(sighting["crop"])
        assert crop.status_code == 200, crop.text
        row = sighting["crop"].rsplit("/", 1)[1]
        confirmed = client.post(f"{url}/plates/{told['search_id']}/{row}")
        assert confirmed.status_code == 204, confirmed.text
        assert client.get(sighting["crop"]).status_code in {403, 404}, "the others are forgotten"

        detail = street.bench.reader.incident(incident_id)
        assert detail is not None
        (kept,) = detail.vehicles
        assert (kept.text, kept.person, kept.agency) == ("12가3456", "lee", "fire")
        assert client.get(f"{url}/vehicles/{kept.sha256}.jpg").content == crop.content
        assert client.get(f"{url}/evidence").json()["code"] == "case.no-basis"
        file = client.get(f"{url}/evidence", params=REASONS)
        assert file.status_code == 200, file.text
    archive = zipfile.ZipFile(io.BytesIO(file.content))
    said = json.loads(archive.read("evidence.json"))
    assert said["plates"][0]["text"] == "12가3456"
    assert said["taken"] | REASONS == said["taken"]
    for name, digest in said["files"].items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    (export,) = street.bench.ledger("evidence.exported")
    assert export["sha256"] == hashlib.sha256(file.content).hexdigest()
    with street.bench.database.reading() as run:
        (provided,) = (one.values for one in provision_record.rows(run, ZoneInfo("Asia/Seoul")))
    assert (provided[1], provided[3], provided[11]) == ("제공", export["sha256"], REASONS["case"])
    (entry,) = street.bench.ledger("plates.confirmed")
    assert entry["sha256"] == kept.sha256
    assert "12가3456" not in json.dumps(entry, ensure_ascii=False)
    whole = b"".join(one.read_bytes() for one in street.bench.database.path.parent.glob("*"))
    assert "12가3456".encode() in whole
    assert "34나5678".encode() not in whole

    with street.bench.client("kim") as other:
        assert other.delete(f"{url}/vehicles/{kept.sha256}").status_code == 404
    with street.bench.database.transaction() as run:
        assert erasing.confirmed_plates(run, street.bench.clock.now()) == 0, "the case goes on"
        run.execute("UPDATE incident SET state = 'closed'")
        assert erasing.confirmed_plates(run, street.at) == 0
        assert erasing.confirmed_plates(run, street.bench.clock.now()) == 1


def test_it_is_refused_to_others_for_other_matters_and_without_reasons(street: Street) -> None:
    street.car("12가3456", 0)
    dumped, burns = street.incident(), street.incident("fire")
    over = street.incident(state="closed")
    cases = [
        ("kim", dumped, {}, 404, "incident.unknown"),
        ("lee", over, {}, 404, "incident.unknown"),
        ("lee", dumped, {"agency": "police"}, 403, "auth.forbidden"),
        ("oper", dumped, {}, 403, "auth.forbidden"),
        ("oper", dumped, {"agency": "police"}, 403, "auth.forbidden"),
        ("priv", dumped, {}, 403, "auth.forbidden"),
        (None, dumped, {}, 401, "auth.required"),
        ("lee", burns, {}, 400, "request.invalid"),
        ("lee", new_id(), {}, 404, "incident.unknown"),
        ("lee", dumped, {"basis": ""}, 422, "case.no-basis"),
        ("lee", dumped, {"case": " "}, 400, "request.invalid"),
        ("lee", dumped, {"purpose": ""}, 400, "request.invalid"),
        ("lee", dumped, {"start_at": "2026-01-01T00:00:00Z"}, 400, "request.invalid"),
    ]
    for who, incident_id, changed, status, code in cases:
        with street.bench.client(who) as client:
            answer = client.post(f"/api/incidents/{incident_id}/plates", json=REASONS | changed)
        found = (answer.status_code, answer.json()["code"])
        assert found == (status, code), (who, changed, answer.text)
    assert street.poles.asked == []
    assert street.bench.ledger("plates.searched") == []


def test_a_pole_that_is_silent_is_told_as_late_and_no_other_incident_takes_its_reads(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    street.car("12가3456", 0)
    monkeypatch.setattr(plate_search, "POLE_WITHIN_S", 0.3)
    first, second = street.incident(), street.incident()
    street.poles.silent.add(POLE)
    body = REASONS | {"agency": "fire"}
    with street.bench.client("oper") as client:
        told = client.post(f"/api/incidents/{first}/plates", json=body).json()
        assert (told["late"], told["routes"]) == ([{"device": POLE, "code": "device.silent"}], [])
        street.poles.silent.clear()
        told = client.post(f"{URL}/{told['search_id']}/again").json()
        assert (told["late"], texts(told)) == ([], {"12가3456"})
        row = told["routes"][0]["sightings"][0]["crop"].rsplit("/", 1)[1]
        wrong = client.post(f"/api/incidents/{second}/plates/{told['search_id']}/{row}")
        assert (wrong.status_code, wrong.json()["code"]) == (404, "case.unknown")
        gone = client.post(f"/api/incidents/{first}/plates/{told['search_id']}/99")
        assert gone.status_code == 404
        # What was confirmed by mistake is taken back.
        right = client.post(f"/api/incidents/{first}/plates/{told['search_id']}/{row}")
        assert right.status_code == 204, right.text
        (kept,) = street.bench.rows("SELECT sha256 FROM confirmed_plate")
        url = f"/api/incidents/{first}/vehicles/{kept['sha256']}"
        assert [client.delete(url).status_code for _ in range(2)] == [204, 404]
        assert len(street.bench.ledger("plates.withdrawn")) == 1
    assert street.bench.rows("SELECT * FROM confirmed_plate") == []
