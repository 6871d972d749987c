"""Who is told next, when, and when it is enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from collector.escalation import (
    Escalation,
    Known,
    Over,
    Tell,
    Wait,
    Waiting,
    next_move,
)
from collector.targets import Target
from wire.incident import IncidentState

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
MQTT, WEBHOOK, CENTRE = (
    Target("police", "mqtt"),
    Target("police", "webhook"),
    Target("centre", "mqtt"),
)
RULE = Escalation(agency="police", within_s=60, to=("police/webhook", "centre"))
SILENT = Known(None, failed=False)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def move(
    seconds: float,
    *,
    step: int = 0,
    rule: Escalation | None = RULE,
    state: IncidentState = "open",
    **deliveries: Known,
) -> Wait | Tell | Over:
    names = {"mqtt": MQTT, "webhook": WEBHOOK, "centre": CENTRE}
    known = {names[name]: one for name, one in deliveries.items()}
    return next_move(rule, Waiting("i", "police", step, T), state, known, at(seconds))


def test_it_waits_its_time_then_tells_the_next_channel_then_the_next_contact() -> None:
    assert move(59, mqtt=SILENT) == Wait(at(60))
    assert move(60, mqtt=SILENT) == Tell(WEBHOOK, "silent")
    assert move(59, step=1, mqtt=SILENT, webhook=SILENT) == Wait(at(60))
    assert move(60, step=1, mqtt=SILENT, webhook=SILENT) == Tell(CENTRE, "silent")
    assert move(60, step=2, mqtt=SILENT, centre=SILENT) == Over("exhausted")


def test_who_cannot_be_reached_is_not_waited_for() -> None:
    assert move(1, mqtt=Known(None, failed=True)) == Tell(WEBHOOK, "failed")
    assert move(1, mqtt=Known("refused", failed=True)) == Tell(WEBHOOK, "failed")
    failed = Known(None, failed=True)
    assert move(1, mqtt=failed, webhook=SILENT) == Wait(at(60))
    assert move(1, step=1, mqtt=failed, webhook=failed) == Tell(CENTRE, "failed")


@pytest.mark.parametrize("who", [MQTT, WEBHOOK, CENTRE])
def test_any_word_on_the_ladder_is_enough(who: Target) -> None:
    said = {MQTT: SILENT, WEBHOOK: SILENT, CENTRE: SILENT, who: Known("received", False)}
    waiting = Waiting("i", "police", 2, T)
    assert next_move(RULE, waiting, "open", said, at(60)) == Over("acknowledged")


def test_a_word_of_somebody_not_on_the_ladder_is_not() -> None:
    assert move(60, mqtt=SILENT, centre=Known("accepted", False)) == Tell(WEBHOOK, "silent")


def test_a_machines_word_may_not_be_enough() -> None:
    person = RULE.model_copy(update={"until": "accepted"})
    assert move(60, rule=person, mqtt=Known("received", False)) == Tell(WEBHOOK, "silent")
    assert move(60, rule=person, mqtt=Known("accepted", False)) == Over("acknowledged")


@pytest.mark.parametrize("state", ["rejected", "closed"])
def test_what_people_have_ended_is_not_escalated(state: IncidentState) -> None:
    assert move(60, state=state, mqtt=SILENT) == Over("handled")


def test_a_ladder_that_was_taken_out_of_the_table_ends() -> None:
    assert move(60, rule=None, mqtt=SILENT) == Over("withdrawn")
