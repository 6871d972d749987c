"""A doubtful read of a listed plate goes to nobody before a person has confirmed it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from collector.confirming import AT_ONCE_FROM, is_sure
from collector.console import view
from collector.incidents import Decision, DecisionError
from collector.store import vehicle_lists
from collector.store.vehicle_lists import VehicleList
from collector.targets import Target
from tests.collector.test_dispatch import Bench
from tests.support.device import finding
from tests.support.intake import WayIn
from wire.event import Event, PlatePart

SURE: dict[str, Any] = {
    "text": "12가3456", "listed": "12가3456", "type": "p7", "confidence": 0.98, "certainty": 0.97,
    "list_id": "stolen", "list_owner": "police", "list_purpose": "도난 차량",
}  # fmt: skip
NEAR: dict[str, Any] = {"text": "12거3456", "near_match": True}


def plate(**changed: Any) -> PlatePart:
    return PlatePart.model_validate({**SURE, **changed})


def hit(**changed: Any) -> Event:
    return finding(type="plate").model_copy(update={"plate": plate(**changed)})


@pytest.fixture
def bench(way_in: WayIn) -> Bench:
    return Bench(way_in)


def report(bench: Bench, *events: Event) -> None:
    bench.way_in.events(bench.device, *(bench.device.put(one) for one in events))


def agencies(bench: Bench) -> list[str]:
    """Who is told by now."""
    bench.after(1)
    return sorted({parcel.agency for parcel in bench.channel.parcels})


def newest(bench: Bench) -> str:
    return bench.way_in.reader.incidents().incidents[0].incident_id


def decide(bench: Bench, decision: Decision) -> None:
    with bench.way_in.database.transaction() as run:
        assert bench.way_in.desk.decide(
            run, newest(bench), decision, person="oper", agency="centre", note=None,
            now=bench.clock.now(),
        )  # fmt: skip


def keep_list(bench: Bench, at_once_from: float | None) -> None:
    now = bench.clock.now()
    one = VehicleList(
        list_id="stolen", owner="police", purpose="도난 차량", basis="b",
        expires_at=now + timedelta(days=9), revision=1, terms_at=1, changed_at=now,
        changed_by="chief", ended_at=None, at_once_from=at_once_from,
    )  # fmt: skip
    with bench.way_in.database.transaction() as run:
        vehicle_lists.put(run, one, {"12가3456": "2026-17"})


@pytest.mark.parametrize(
    ("changed", "sure"),
    [
        ({}, True),
        ({"certainty": 0.89}, False),
        ({"certainty": None}, True),
        ({"certainty": None, "confidence": 0.5}, False),
        (NEAR, False),
        ({"type": "foreign"}, False),
        ({"type": "of-a-later-one"}, False),
        ({"text": "12가34?6"}, False),
    ],
)
def test_what_is_sure(changed: dict[str, Any], sure: bool) -> None:
    assert is_sure(plate(**changed), AT_ONCE_FROM) is sure
    assert not is_sure(plate(**changed), None)


def test_a_doubtful_read_is_sent_once_it_is_confirmed(bench: Bench) -> None:
    report(bench, hit(**NEAR))
    assert agencies(bench) == []
    (row,) = bench.way_in.reader.incidents().incidents
    assert row.waits
    assert row.text_ko.startswith("[확인 전]")
    with (
        bench.way_in.database.transaction() as run,
        pytest.raises(DecisionError, match="confirmed"),
    ):
        bench.way_in.desk.forward(
            run, newest(bench), Target("fire", "mqtt"), person="o", agency="c", note=None,
            now=bench.clock.now(),
        )  # fmt: skip
    decide(bench, "confirmed")
    assert agencies(bench) == ["police"]
    told = bench.channel.parcels[0].incident
    assert (told.state, told.certainty, told.unconfirmed) == ("confirmed", "observed", None)
    assert "확인 전" not in told.text_ko


@pytest.mark.parametrize("decision", ["rejected", "closed"])
def test_what_is_not_confirmed_is_never_sent(bench: Bench, decision: Decision) -> None:
    report(bench, hit(**NEAR))
    decide(bench, decision)
    assert agencies(bench) == []
    assert "확인 전" not in bench.way_in.reader.incidents().incidents[0].text_ko
    # The same car, doubtful again: somebody has to look again.
    report(bench, hit(**NEAR))
    assert agencies(bench) == []
    assert [one.waits for one in bench.way_in.reader.incidents().incidents] == [True, True]


def test_a_sure_read_goes_at_once_and_speaks_for_the_doubtful_one_before_it(bench: Bench) -> None:
    report(bench, hit(**NEAR), hit())
    assert agencies(bench) == ["police"]
    assert [one.text for one in bench.channel.parcels[0].incident.plates] == [
        "12거3456", "12가3456",
    ]  # fmt: skip


def test_another_entry_or_list_is_another_incident(bench: Bench) -> None:
    report(bench, hit(), hit(**NEAR, listed="12거3457"), hit(list_id="overdue", list_owner="city"))
    assert len(bench.way_in.reader.incidents().incidents) == 3


def test_a_closed_incident_is_not_opened_by_a_doubtful_read(bench: Bench) -> None:
    report(bench, hit())
    decide(bench, "closed")
    report(bench, hit(**NEAR))
    states = [one.state for one in bench.way_in.reader.incidents().incidents]
    assert sorted(states) == ["closed", "open"]


def test_the_lists_owner_says_how_sure_is_sure(bench: Bench) -> None:
    keep_list(bench, None)
    report(bench, hit())
    assert agencies(bench) == []
    keep_list(bench, 0.5)
    report(bench, hit(listed="12가7777", text="12가7777", certainty=0.6))
    assert agencies(bench) == ["police"]


def test_routes_part_the_lists_of_two_owners(bench: Bench) -> None:
    bench.table(
        routes=[
            {"name": "stolen", "types": ["plate"], "lists": ["stolen"], "agencies": ["police"]},
            {
                "name": "tax", "list_owners": ["city"], "list_purposes": ["체납"],
                "agencies": ["fire"],
            },
        ]
    )  # fmt: skip
    report(bench, hit())
    assert agencies(bench) == ["police"]
    bench.channel.parcels.clear()
    report(bench, hit(list_id="overdue", list_owner="city", list_purpose="지방세 체납"))
    assert agencies(bench) == ["fire"]


def test_when_nobody_looks_the_ladder_is_told_until_somebody_decides(bench: Bench) -> None:
    bench.table(unconfirmed={"within_s": 60, "to": ["centre", "fire"]})
    report(bench, hit(**NEAR))
    bench.after(59)
    assert agencies(bench) == []
    assert agencies(bench) == ["centre"]
    assert bench.notes()[-1] == "nobody has confirmed it within 60 s: centre by mqtt is told"
    assert bench.channel.parcels[0].incident.unconfirmed
    bench.after(61)
    assert agencies(bench) == ["centre", "fire"]
    bench.after(61)
    assert bench.notes()[-1] == "nobody has confirmed it; look at it now"
    decide(bench, "rejected")
    assert agencies(bench) == ["centre", "fire"]
    assert bench.channel.parcels[-1].incident.state == "rejected"


def test_once_confirmed_the_ladder_rests(bench: Bench) -> None:
    bench.table(unconfirmed={"within_s": 60, "to": ["centre"]})
    report(bench, hit(**NEAR))
    decide(bench, "confirmed")
    bench.after(61)
    bench.after(61)
    assert agencies(bench) == ["police"]


def test_the_page_shows_read_entry_and_picture(bench: Bench) -> None:
    keep_list(bench, 0.9)
    report(bench, hit(**NEAR, chances=[1, 1, 0.6, 1, 1, 1, 1], crop="/9j/"))
    found = bench.way_in.reader.incident(newest(bench))
    assert found is not None
    told = view.detail(found, view.Site.of(bench.way_in.settings))
    (shown,) = told["plates"]
    assert told["incident"]["waits"]
    assert (shown["text"], shown["listed"], shown["chances"][2]) == ("12거3456", "12가3456", 0.6)
    assert (shown["on_list"], shown["note"]) == (True, "2026-17")
    assert shown["crop"] == f"/incidents/{newest(bench)}/plates/0.jpg"
