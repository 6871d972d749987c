"""The books of a run name everything that does not balance."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from polewatch.fleet import city_day
from polewatch.fleet.books import Books
from polewatch.fleet.city_day import CRIME, Kind, Moment
from wire.event import Event
from wire.incident import Incident
from wire.names import new_id

AT = datetime(2026, 3, 1, tzinfo=UTC)
FIGHT = next(one for one in CRIME if one.type == "fight")


def opened(kind: Kind = FIGHT) -> Event:
    return city_day.opening(kind, new_id(), Moment(AT, 1.0), random.Random(1))


def incident(
    *events: Event, revision: int = 1, delivery: str | None = None, ended: bool = False
) -> Incident:
    return Incident(
        incident_id=new_id(), delivery_id=delivery or new_id(), revision=revision, state="open",
        type=events[0].type, severity="severe", certainty="likely", drill=False, opened_at=AT,
        updated_at=AT, ended_at=AT if ended else None, observed_at=AT, site="testcity",
        device="pole-001-1", camera=city_day.CAMERA, text_ko="싸움", text_en="fight",
        finding_ids=tuple(one.finding_id for one in events),
    )  # fmt: skip


def books(*events: Event) -> tuple[Books, list[str]]:
    made = Books({"fight": "police"}, "centre")
    ids = [new_id() for _ in events]
    for id, event in zip(ids, events, strict=True):
        made.commit(id, event)
    return made, ids


def test_what_is_receipted_and_delivered_once_balances() -> None:
    begin = opened()
    end = city_day.ending(begin, Moment(AT, 9.0))
    found, ids = books(begin, end)
    assert set(found.balance().faults) == {"unreceipted", "undelivered"}
    found.receipted.update(ids)
    delivery = new_id()
    found.reach("police", incident(begin, delivery=delivery), 1.0)
    assert found.balance().faults == ("unended",)
    found.reach("police", incident(begin, delivery=delivery, revision=2, ended=True), 2.0)
    found.reach("police", incident(begin, delivery=delivery, revision=2, ended=True), 3.0)
    balance = found.balance()
    assert balance.faults == ()
    assert (balance.put, balance.findings, balance.repeated) == (2, 1, 1)


def test_each_way_of_going_wrong_has_its_name() -> None:
    one, other = opened(), opened(CRIME[0])
    found, ids = books(one, other)
    found.refused.add(ids[0])
    found.receipted.add(ids[1])
    found.reach("police", incident(one), 1.0)
    found.reach("police", incident(one), 1.0)
    found.reach("police", incident(other), 1.0)
    found.reach("police", incident(opened()), 1.0)
    assert set(found.balance().faults) == {"refused", "doubled", "astray", "unknown"}


def test_latency_counts_from_the_first_hand_over_to_the_first_arrival() -> None:
    begin = opened()
    found, _ = books(begin)
    found.handed_s[begin.finding_id] = 10.0
    found.reach("police", incident(begin), 10.2)
    found.reach("police", incident(begin), 11.0)
    assert [round(ms) for ms in found.latencies_ms({begin.finding_id, new_id()})] == [200]
