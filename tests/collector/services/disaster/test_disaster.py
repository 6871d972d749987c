"""A disaster room's alert through the centre: opened, followed, ended; and what is refused."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from fastapi.testclient import TestClient

from collector.cap.document import Area, Circle, Info, Reference
from collector.cap.write import write_cap
from collector.services.place import moved
from collector.step_notes import ALERT_RAN_OUT
from collector.store import erasing
from tests.support import disaster_room
from tests.support.disaster_room import SEOUL, Room
from tests.support.service_bench import BASIS, SCENE, SECRET, ServiceBench

URL = "/api/services/cap/incheon"
CASES = "/api/services/cases"
DISASTERS = "/api/services/disasters"
MESSAGES = "/api/services/disaster-messages"


def area(north: float = 0, radius_m: float = 45, **changed: Any) -> Area:
    """A circle around the scene: north, south and east stand in it."""
    at = moved(SCENE, 0, north)
    return Area(
        **{"desc": "계산동", "circles": (Circle(at.lat, at.lon, radius_m / 1000),), **changed}
    )


def coded(code: str) -> dict[str, Any]:
    return {"circles": (), "geocodes": (("행정구역코드", code),)}


def info(*areas: Area, **changed: Any) -> Info:
    return disaster_room.info(*(areas or (area(),)), **changed)


def a_room(bench: ServiceBench, client: TestClient, url: str = URL) -> Room:
    return Room(client, url, SECRET, bench.clock.now, area())


def cameras(client: TestClient, case_id: str) -> list[str]:
    return [one["camera"] for one in client.get(f"{CASES}/{case_id}").json()["cameras"]]


def grant(client: TestClient, case: dict[str, Any], camera: str) -> int:
    wanted = {
        "device": "pole-001-1", "camera": camera, "rights": ["live"], "case": case["case"],
        "basis": BASIS, "purpose": case["purpose"], "fingerprint": ":".join(["AA"] * 32),
    }  # fmt: skip
    return int(client.post("/api/grants", json=wanted).status_code)


def test_an_alert_opens_an_area_that_its_agency_sees_under_its_rule(bench: ServiceBench) -> None:
    bench.rule(agency="disaster", services=["disaster"], most_cameras=2000, hours=24)
    with bench.client() as machine, bench.client("park") as officer:
        room = a_room(bench, machine)
        assert room.send(room.alert()).msg_type == "Ack"
        (one,) = officer.get(DISASTERS).json()
        assert (one["state"], one["told"]["event"], one["drill"]) == ("active", "호우경보", False)
        (case,) = officer.get(CASES).json()
        # All cameras of an area may be a whole city: they stand on its wall, not in the list.
        assert (case["service"], case["cameras"]) == ("disaster", [])
        wall = officer.get(f"{DISASTERS}/{one['disaster_id']}/wall", params={"tiles": 2}).json()
        assert [each["camera"] for each in wall["cameras"]] == ["south", "north"]
        assert (wall["pages"], wall["cameras_in_all"], wall["stream"]) == (2, 3, "sub")
        assert wall["cameras"][0]["reasons"][0] == "stands in the area"
        # East stands beside it and looks away.
        last = officer.get(
            f"{DISASTERS}/{one['disaster_id']}/wall", params={"tiles": 2, "page": 9}
        ).json()
        assert (last["page"], [each["camera"] for each in last["cameras"]]) == (2, ["far"])
        assert grant(officer, case, "south") == 403
        opened = officer.post(f"{CASES}/{case['case_id']}/opening")
        assert opened.json()["rule"] == "violent-crime", opened.text
        assert grant(officer, case, "south") == 200
        assert grant(officer, case, "east") == 403
    (incident,) = bench.rows("SELECT * FROM incident")
    assert (incident["type"], incident["severity"], incident["certainty"]) == (
        "disaster", "severe", "observed",
    )  # fmt: skip
    assert incident["text_ko"].startswith("재난 경보 호우경보: 시간당 80 mm, 계산동, ")
    # By the area of one of its cameras the police are told too.
    told = bench.rows("SELECT agency FROM delivery ORDER BY agency")
    assert [row["agency"] for row in told] == ["disaster", "fire", "police"]
    assert bench.ledger("service.asked")[0]["cameras"] == [
        "pole-001-1/south", "pole-001-1/north", "pole-001-1/far",
    ]  # fmt: skip


def test_an_update_moves_the_area_and_what_left_it_is_permitted_no_more(
    bench: ServiceBench,
) -> None:
    bench.rule(agency="disaster", services=["disaster"], most_cameras=2000, hours=24)
    with bench.client() as machine, bench.client("park") as officer:
        room = a_room(bench, machine)
        first = room.alert()
        room.send(first)
        (case,) = officer.get(CASES).json()
        case_id = case["case_id"]
        officer.post(f"{CASES}/{case_id}/opening")
        # Smaller: around the south camera alone, which the others see.
        moved_south = area(-30, 10)
        second = room.alert("Update", first, infos=(info(moved_south, severity="Moderate"),))
        room.send(second)
        assert cameras(officer, case_id) == ["south", "north", "far"]
        bench.keeper.round()
        assert grant(officer, case, "south") == 200
        # Larger: east is new, and wants a word again; the rest stays permitted.
        third = room.alert("Update", second, infos=(info(area(0, 60)),))
        room.send(third)
        now = officer.get(f"{CASES}/{case_id}").json()
        assert (now["state"], now["waiting"]) == ("asked", "the area changed: 1 more cameras")
        assert grant(officer, case, "east") == 403
        officer.post(f"{CASES}/{case_id}/opening")
        assert grant(officer, case, "east") == 200
        # Away from all but the far one.
        room.send(room.alert("Update", third, infos=(info(area(900, 20)),)))
        bench.keeper.round()
        assert grant(officer, case, "south") == 403
        assert grant(officer, case, "far") == 200
    (incident,) = bench.rows("SELECT revision, severity, state FROM incident")
    assert (incident["revision"], incident["severity"]) == (4, "severe")
    (delivery,) = bench.rows("SELECT wanted FROM delivery WHERE agency = 'fire'")
    assert delivery["wanted"] == 4
    left = [one["cameras_left"] for one in bench.ledger("service.moved")]
    assert left[2] == ["pole-001-1/south", "pole-001-1/north", "pole-001-1/east"]
    assert bench.rows("SELECT 1 FROM permit_ending") == []


def test_a_cancel_closes_all_and_the_signer_hears_it_even_if_it_is_away(
    bench: ServiceBench,
) -> None:
    with bench.client() as machine, bench.client("oper") as operator, bench.client("park") as park:
        room = a_room(bench, machine)
        alert = room.alert()
        room.send(alert)
        (case,) = operator.get(CASES).json()
        assert operator.post(f"{CASES}/{case['case_id']}/approval").status_code == 200
        assert grant(park, case, "south") == 200
        bench.signer_up = False
        room.send(room.alert("Cancel", alert, infos=()))
        bench.keeper.round()
        (waiting,) = bench.rows("SELECT error FROM permit_ending")
        assert "cannot be reached" in waiting["error"]
        bench.signer_up = True
        bench.keeper.round()
        assert bench.rows("SELECT 1 FROM permit_ending") == []
        assert grant(park, case, "south") == 403
        closed = operator.get(f"{CASES}/{case['case_id']}").json()
        assert (closed["state"], closed["closed_by"]) == ("closed", "incheon")
        assert park.get(DISASTERS).json() == []
        (over,) = operator.get(DISASTERS, params={"all": True}).json()
        assert (over["state"], over["why"]) == ("cancelled", "cancelled by the disaster room")
        # The last word.
        late = room.alert("Update", alert)
        assert "a Cancel is the last word" in room.refused(late, 409)
    (incident,) = bench.rows("SELECT state, revision, ended_at FROM incident")
    assert (incident["state"], incident["revision"]) == ("closed", 2)
    assert incident["ended_at"] is not None
    assert bench.ledger("service.closed")[0]["why"] == "cancelled by the disaster room"


def test_the_same_message_twice_is_one_and_the_order_of_arrival_does_not_matter(
    bench: ServiceBench,
) -> None:
    with bench.client() as machine, bench.client("oper") as operator:
        room = a_room(bench, machine)
        alert = room.alert()
        update = room.alert("Update", alert, infos=(info(severity="Minor"),))
        for _ in range(2):
            assert room.send(update).msg_type == "Ack"
        late = room.send(alert)
        assert str(late.note).startswith("a later word of ")
        (one,) = operator.get(DISASTERS).json()
        assert one["told"]["severity"] == "minor"
        gone = room.alert()
        room.send(room.alert("Cancel", gone, infos=()))
        assert room.send(gone).msg_type == "Ack"
        assert len(operator.get(DISASTERS, params={"all": True}).json()) == 1
        acts = [row["act"] for row in operator.get(MESSAGES).json()]
    assert acts == ["note", "forestall", "note", "open"]
    assert len(bench.rows("SELECT 1 FROM incident")) == 1
    assert len(bench.rows("SELECT 1 FROM service_case")) == 1


def test_a_drill_says_so_wherever_it_is_seen(bench: ServiceBench) -> None:
    status: Any = "Exercise"
    with bench.client() as machine, bench.client("oper") as operator:
        room = a_room(bench, machine)
        room.send(room.alert(status=status))
        (one,) = operator.get(DISASTERS).json()
        (case,) = operator.get(CASES).json()
        assert (one["drill"], case["drill"]) == (True, True)
        assert case["case"].startswith("[훈련] ")
        assert case["purpose"] == "[훈련] 재난 상황 파악"
        real = room.alert()
        room.send(real)
        assert "cannot change a real alert" in room.refused(
            room.alert("Cancel", real, status=status, infos=()), 409
        )
    rows = bench.rows("SELECT drill, text_ko, text_en FROM incident ORDER BY opened_at")
    assert [row["drill"] for row in rows] == [1, 0]
    assert rows[0]["text_ko"].startswith("[훈련] ")
    assert rows[0]["text_en"].startswith("[DRILL] ")
    assert bench.ledger("service.asked")[0]["drill"] is True
    assert "drill" not in bench.ledger("service.asked")[1]


def test_an_alert_runs_out_by_itself_and_an_update_brings_it_back(bench: ServiceBench) -> None:
    with bench.client() as machine, bench.client("oper") as operator:
        room = a_room(bench, machine)
        ends = bench.clock.now().astimezone(SEOUL) + timedelta(minutes=30)
        alert = room.alert(infos=(info(expires=ends),))
        room.send(alert)
        bench.keeper.round()
        assert [one["state"] for one in operator.get(DISASTERS).json()] == ["active"]
        bench.clock.advance(31 * 60)
        assert "expires: was over" in room.refused(
            room.alert("Update", alert, infos=(info(expires=ends),)), 400
        )
        bench.keeper.round()
        assert operator.get(DISASTERS).json() == []
        notes = bench.rows("SELECT note FROM incident_step WHERE state = 'closed'")
        assert [row["note"] for row in notes] == [ALERT_RAN_OUT]
        room.send(room.alert("Update", alert))
        (one,) = operator.get(DISASTERS).json()
        states = [row["state"] for row in bench.rows("SELECT state FROM incident ORDER BY rowid")]
        assert states == ["closed", "open"]
        # Closed by people: the alert and its incident are over with the case.
        operator.post(f"{CASES}/{one['case_id']}/closing", json={})
        (shown,) = operator.get(DISASTERS, params={"all": True}).json()
        assert (shown["state"], shown["why"]) == ("closed", "closed by oper")
    states = [row["state"] for row in bench.rows("SELECT state FROM incident ORDER BY rowid")]
    assert states == ["closed", "closed"]


WRONG: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"infos": ()}, 422, "info: is missing"),
    ({"infos": (info(area(circles=())),)}, 422, "neither polygon, circle nor code"),
    ({"infos": (info(area(circles=(Circle(35.18, 129.07, 5),))),)}, 422, "km outside the city"),
    ({"infos": (info(area(**coded("2611000000"))),)}, 422, "2611000000 is of no camera"),
    ({"infos": (info(area(**coded("28-245"))),)}, 422, "must have ten digits"),
    ({"status": "Draft"}, 400, "Draft"),
)


def test_what_is_wrong_with_an_alert_is_told_and_stays_to_be_looked_at(
    bench: ServiceBench,
) -> None:
    with bench.client() as machine, bench.client("oper") as operator:
        room = a_room(bench, machine)
        for changed, status, said in WRONG:
            message = room.alert(**changed)
            for _ in range(2):
                assert said in room.refused(message, status)
            shown = operator.get(MESSAGES, params={"refused": True}).json()
            assert [one["identifier"] for one in shown[:2]] == [message.identifier] * 2
            assert said in shown[0]["detail"]
        kept = operator.get(f"{MESSAGES}/{shown[0]['number']}")
        assert kept.text.encode() == write_cap(message)
    for table in ("service_case", "incident", "disaster"):
        assert bench.rows(f"SELECT 1 FROM {table}") == []


def test_what_cannot_be_read_stays_to_be_looked_at_too(bench: ServiceBench) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><alert>&c;</alert>'
    with bench.client() as machine, bench.client("oper") as operator:
        room = a_room(bench, machine)
        swapped = write_cap(room.alert()).replace(b"37.5371,126.7377", b"126.7377,37.5371")
        for body, said in (
            (bomb, "declares a DTD or entities"),
            (b"<html>502</html>", "not an alert"),
            (b"\xff\xfe\x00", "no well-formed XML"),
            (swapped, "longitude first"),
        ):
            answer = room.raw(body)
            assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
            assert said in answer.json()["detail"]
        assert room.raw(b"x" * (1024 * 1024 + 1)).status_code == 413
        shown = operator.get(MESSAGES).json()
        assert [one["sender"] for one in shown] == [None] * 4
        assert "longitude first" in shown[0]["detail"]


def test_who_does_not_know_the_secret_is_not_believed(bench: ServiceBench) -> None:
    with bench.client() as machine:
        room = a_room(bench, machine)
        body = write_cap(room.alert())
        wrong = [
            room.raw(body, secret=b"x" * 40),
            room.raw(body, at=bench.clock.now() - timedelta(minutes=6)),
            machine.post(URL, content=body),
            a_room(bench, machine, "/api/services/cap/nobody").raw(body),
        ]
        assert [one.status_code for one in wrong] == [401] * 4
        strict = a_room(bench, machine, "/api/services/cap/strict")
        assert "strict does not speak for room@incheon" in strict.refused(strict.alert(), 403)
        strict.send(strict.alert(sender="kma"))
        # What another room has sent is not this one's to end.
        theirs = strict.alert(sender="kma")
        strict.send(theirs)
        about = Reference("kma", theirs.identifier, theirs.sent)
        room.send(room.alert("Cancel", references=(about,), infos=()))
        word = room.raw(write_cap(room.alert("Ack", theirs)))
        assert (word.status_code, word.content) == (204, b"")
    states = {row["state"] for row in bench.rows("SELECT state FROM disaster WHERE told NOTNULL")}
    assert states == {"active"}


def typed(**changed: Any) -> dict[str, Any]:
    at = moved(SCENE, 0, -30)
    return {
        "event": "붕괴", "headline": "건물 일부 붕괴", "area": "계산동", "agency": "disaster",
        "case": "D-7", "purpose": "구조", "basis": BASIS,
        "shapes": {"circles": [[at.lat, at.lon, 10]]}, **changed,
    }  # fmt: skip


def test_an_operator_enters_an_alert_and_changes_it(bench: ServiceBench) -> None:
    with bench.client("oper") as operator, bench.client("park") as officer:
        made = operator.post(DISASTERS, json=typed(drill=True))
        assert made.status_code == 201, made.text
        one = made.json()
        assert cameras(officer, one["case_id"]) == ["south", "north", "far"]
        # Who enters it still decides in a second step.
        assert officer.get(f"{CASES}/{one['case_id']}").json()["state"] == "asked"
        code = {"codes": ["2824500000"], "names": ["south"]}
        change = {"event": "붕괴", "shapes": code, "severity": "moderate"}
        changed = operator.post(f"{DISASTERS}/{one['disaster_id']}/update", json=change)
        assert changed.json()["told"]["severity"] == "moderate"
        assert set(cameras(officer, one["case_id"])) == {"south", "north", "far"}
        operator.post(f"{CASES}/{one['case_id']}/closing", json={})
        again = operator.post(f"{DISASTERS}/{one['disaster_id']}/update", json=change)
        assert (again.status_code, again.json()["code"]) == (409, "case.state")
        told = changed.json()["told"]["shapes"]
        assert told["circles"] == [[37.5366, 126.7377, 40.0]]
    (incident,) = bench.rows("SELECT text_ko, state, drill FROM incident")
    assert incident["text_ko"].startswith("[훈련] 재난 경보 붕괴: ")
    assert (incident["state"], incident["drill"]) == ("closed", 1)


WRONG_TYPED: tuple[tuple[dict[str, Any], int, str, str], ...] = (
    ({"basis": ""}, 422, "case.no-basis", ""),
    ({"agency": "nobody"}, 422, "request.invalid", "not enrolled"),
    ({"shapes": {}}, 422, "place.impossible", "draw one"),
    ({"shapes": {"circles": [[SCENE.lon, SCENE.lat, 10]]}}, 422, "place.impossible", "swapped"),
    ({"shapes": {"names": ["nowhere"]}}, 422, "place.impossible", "no area nowhere"),
    ({"shapes": {"polygons": [[[37.5, 126.7]]]}}, 400, "request.invalid", "polygons"),
    ({"expires_at": "2020-01-01T00:00:00+09:00"}, 422, "request.invalid", "in the past"),
)


def test_what_is_wrong_with_what_was_typed_is_told(bench: ServiceBench) -> None:
    with bench.client("oper") as operator:
        for changed, status, code, said in WRONG_TYPED:
            answer = operator.post(DISASTERS, json=typed(**changed))
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
            assert said in answer.json()["detail"]
    assert bench.rows("SELECT 1 FROM service_case UNION SELECT 1 FROM disaster") == []


def test_other_agencies_and_roles_see_nothing_of_it(bench: ServiceBench) -> None:
    with bench.client("oper") as operator:
        one = operator.post(DISASTERS, json=typed()).json()
    path = f"{DISASTERS}/{one['disaster_id']}"
    for who, status in (("kim", 404), ("tech", 403), ("priv", 403), ("admin", 403)):
        with bench.client(who) as client:
            assert client.get(path).status_code == status
            assert client.get(f"{path}/wall").status_code == status
            assert client.get(MESSAGES).status_code == 403
            assert client.post(DISASTERS, json=typed()).status_code == 403
            listed = client.get(DISASTERS)
            assert listed.status_code == 403 or listed.json() == []


def test_what_is_due_of_alerts_is_deleted_in_its_time(bench: ServiceBench) -> None:
    with bench.client() as machine:
        room = a_room(bench, machine)
        over, goes_on = room.alert(), room.alert()
        for one in (over, goes_on, room.alert("Cancel", over, infos=())):
            room.send(one)
        room.refused(room.alert(status="Draft"), 400)
    soon = bench.clock.now() + timedelta(seconds=1)
    with bench.database.transaction() as run:
        assert erasing.alert_documents(run, soon, 100) == 4
        assert erasing.alert_documents(run, soon, 100) == 0
        assert erasing.alerts(run, soon, 100) == 1
        assert run.execute("PRAGMA foreign_key_check").fetchall() == []
    (left,) = bench.rows("SELECT state FROM disaster")
    assert left["state"] == "active"
    assert [row["identifier"] for row in bench.rows("SELECT * FROM disaster_message")] == ["KR-2"]


ODD = (
    "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1700-01-01T00:00:00+09:00",
    "Alert", "Update", "Cancel", "Exercise", "Actual", "x" * 3000, "훈련\u202e", "-0.0,0.0 0",
    "37.5371,126.7377 20100", "37.5,126.7 37.5,126.7 37.5,126.7 37.5,126.7", "0000000000",
    "a,b,0001-01-01T00:00:00+14:00", "room@incheon,KR-1,2026-03-01T21:30:00+09:00", "ko", "&#9;",
)  # fmt: skip


def test_no_signed_document_makes_it_stumble(bench: ServiceBench) -> None:
    """Every text of a message replaced by odd ones: an answer each, never an error of ours."""
    random.seed(7)
    with bench.client() as machine:
        room = a_room(bench, machine)
        whole = info(area(**coded("2824510100")), area(), expires=bench.clock.now())
        first = room.alert(infos=(whole, info(language="en-US")))
        texts = [write_cap(first).decode(), write_cap(room.alert("Update", first)).decode()]
        statuses = set()
        for text in texts * 60:
            places = list(re.finditer(r"(?<=>)[^<>]+(?=</)", text))
            for one in random.sample(places, 2):
                text = text.replace(one.group(), random.choice(ODD), 1)
            statuses.add(room.raw(text.encode()).status_code)
    assert statuses <= {200, 204, 400, 403, 409, 422}
    assert {200, 400} <= statuses


def test_more_shapes_than_are_taken_and_times_beyond_the_calendar_are_refused(
    bench: ServiceBench,
) -> None:
    with bench.client() as machine:
        room = a_room(bench, machine)
        old = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
        for changed, status, said in (
            ({"sent": old}, 400, "sent: 0001-01-01"),
            ({"infos": (info(expires=old.replace(year=9999)),)}, 400, "expires: 9999-01-01"),
            ({"references": (Reference("a", "b", old),)}, 400, "references: 0001-01-01"),
            ({"infos": (info(area(circles=(Circle(37.5371, 126.7377, 1),) * 2)),)}, 200, ""),
            ({"infos": (info(area(circles=many(600))),)}, 422, "at most 500"),
        ):
            answer = room.raw(write_cap(room.alert(**changed)))
            assert answer.status_code == status, answer.text
            assert said in answer.text


def many(count: int) -> tuple[Circle, ...]:
    return tuple(Circle(37.5371, 126.7377, 0.01 + n / 1000) for n in range(count))


def test_a_permit_that_ran_out_is_asked_for_again_while_the_alert_goes_on(
    bench: ServiceBench,
) -> None:
    with bench.client() as machine, bench.client("oper") as operator:
        room = a_room(bench, machine)
        room.send(room.alert())
        (one,) = operator.get(DISASTERS).json()
        operator.post(f"{CASES}/{one['case_id']}/approval")
        bench.keeper.round()
        assert operator.get(f"{CASES}/{one['case_id']}").json()["state"] == "approved"
    bench.clock.advance(24 * 3600 + 1)
    bench.keeper.round()
    with bench.client("oper") as operator:
        case = operator.get(f"{CASES}/{one['case_id']}").json()
        assert (case["state"], case["waiting"]) == ("asked", "its permit ran out")
        assert operator.post(f"{CASES}/{one['case_id']}/approval").status_code == 200
