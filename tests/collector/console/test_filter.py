"""The list narrowed by words and choices, and what changed since a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient

from tests.support.console_store import Delivered, FilledStore, Told

AGO = timedelta(hours=3)


def found(operator: TestClient, **params: object) -> list[str]:
    answer = operator.get("/api/incidents", params=params)
    assert answer.status_code == 200, answer.text
    return [one["incident_id"] for one in answer.json()["incidents"]]


def test_words_choices_and_the_shift_narrow_the_list(
    operator: TestClient, store: FilledStore
) -> None:
    old = store.tell(Told("fall", "severe", 3, AGO, picture=None, state="confirmed"))
    fight = store.tell(Told("fight", "severe", 2, picture=None, rule="50%_rule"))
    loiter = store.tell(Told("line_crossing", "minor", 0, picture=None, text="경계선 12가3456"))
    assert found(operator) == [loiter, fight, old]
    # A camera's title and address count, whatever its sentence says; all words must fit.
    assert found(operator, q="작전시장") == [fight]
    assert found(operator, q="계산동 정문") == [loiter]
    assert found(operator, q="JAKJEON market") == [fight]
    assert found(operator, q="12가3456") == [loiter]
    assert found(operator, q=fight[-6:].upper()) == [fight]
    # Nothing is a wildcard or SQL.
    assert found(operator, q="%_") == [fight] == found(operator, q="50%")
    assert found(operator, q="' OR 1=1 --") == []
    assert found(operator, severity=["severe"]) == [fight, old]
    assert found(operator, state=["confirmed", "closed"]) == [old]
    assert found(operator, type="line_crossing") == [loiter]
    assert found(operator, since=(datetime.now(UTC) - timedelta(hours=1)).isoformat()) == [
        loiter,
        fight,
    ]
    for wrong in ({"state": "x"}, {"severity": "x"}, {"since": "yesterday"}, {"q": "x" * 101}):
        assert operator.get("/api/incidents", params=wrong).status_code == 400, wrong


def test_an_officer_s_filter_shows_no_more_than_he_may_see(
    operator: TestClient, store: FilledStore
) -> None:
    store.token = store.token.model_copy(update={"roles": ("officer",), "agency": "police"})
    store.tell(Told(state="rejected", picture=None))
    mine = store.tell(Told(picture=None))
    assert found(operator, state=["rejected"]) == []
    assert found(operator, state=["rejected", "notified"]) == [mine]
    assert operator.get("/api/shift", params={"since": "2026-01-01T00:00:00Z"}).status_code == 403


def test_what_changed_since_the_shift_began(operator: TestClient, store: FilledStore) -> None:
    store.tell(Told("fall", "severe", 3, AGO, picture=None))
    lost = Delivered("city", "failed", error="no answer")
    store.tell(Told("fight", "severe", 2, picture=None, deliveries=(lost,), note="전화함"))
    done = store.tell(Told("dumping", "minor", 0, picture=None, state="rejected"))
    store.device("pole-001-1")
    store.camera(0, "down", "camera.unreachable")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    shift = operator.get("/api/shift", params={"since": since}).json()
    severe = {one["severity"]: one for one in shift["tallies"]}["severe"]
    assert (severe["came"], severe["waiting"], severe["left"]) == (1, 1, 1)
    assert {one["severity"]: one for one in shift["tallies"]}["minor"]["rejected"] == 1
    assert (shift["steps"][0]["incident_id"], shift["steps"][0]["state"]) == (done, "rejected")
    # What the machines wrote down of themselves is not of the shift.
    assert shift["steps_in_all"] == len(shift["steps"]) == 1
    assert [(one["agency"], one["error"]) for one in shift["failed"]] == [("city", "no answer")]
    assert [one["state"] for one in shift["cameras"]] == ["down", "unknown"]
