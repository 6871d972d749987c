"""What should stand now: priority, times, hours, and a time that boards keep by themselves."""

from __future__ import annotations

from datetime import timedelta

from collector.routing import Hours
from collector.services.boards.plan import lease, wanted
from collector.services.boards.record import BoardMessage
from tests.support.board_bench import NOON, SEOUL, a_message
from wire.names import new_id

MINUTE = timedelta(minutes=1)


def stands(*messages: BoardMessage, after: timedelta = timedelta(0), grain: timedelta) -> str:
    found = wanted("gate", messages, NOON + after, SEOUL, grain)
    return "" if found is None else found.message.multi


def test_the_highest_priority_stands_and_of_equals_the_newest() -> None:
    low, first = a_message("low", priority=1), a_message("first")
    second = a_message("second", made_at=NOON + MINUTE)
    elsewhere = a_message("elsewhere", priority=255, boards=("other",))
    waits = a_message("waits", priority=255, state="waiting")
    assert stands(low, second, first, elsewhere, waits, grain=MINUTE) == "second"


def test_nothing_stands_before_its_time_or_after_it() -> None:
    one = a_message("one", from_at=NOON + MINUTE)
    assert stands(one, grain=MINUTE) == ""
    assert stands(one, after=MINUTE, grain=MINUTE) == "one"
    # A board that counts minutes is told for whole ones: given back early, never late.
    assert stands(one, after=29 * MINUTE, grain=MINUTE) == "one"
    assert stands(one, after=29.5 * MINUTE, grain=MINUTE) == ""
    assert stands(one, after=29.5 * MINUTE, grain=timedelta(0)) == "one"
    assert stands(one, after=30 * MINUTE, grain=timedelta(0)) == ""


def test_hours_end_it_too() -> None:
    # Noon in UTC + 3 h is noon in Seoul.
    hours = Hours.model_validate({"from": "11:00", "to": "12:10"})
    one = a_message("one", hours=(hours,))
    found = wanted("gate", [one], NOON, SEOUL, MINUTE)
    assert found is not None
    assert found.ends_at == NOON + 10 * MINUTE
    assert wanted("gate", [one], NOON + 10 * MINUTE, SEOUL, MINUTE) is None
    night = a_message("night", hours=(Hours.model_validate({"from": "22:00", "to": "05:00"}),))
    assert wanted("gate", [night], NOON, SEOUL, MINUTE) is None


def test_what_stands_for_an_incident_is_told_for_a_lease() -> None:
    found = wanted("gate", [a_message("one", incident_id=new_id())], NOON, SEOUL, MINUTE)
    by_hand = wanted("gate", [a_message("one")], NOON, SEOUL, MINUTE)
    assert found is not None
    assert by_hand is not None
    assert lease(found, NOON, 10) == 10 * MINUTE
    assert lease(found, NOON + 25 * MINUTE, 10) == 5 * MINUTE
    assert lease(by_hand, NOON, 10) == 30 * MINUTE
