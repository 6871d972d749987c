"""The collector dies by kill -9 while an agency has its message in hand, and goes on."""

from __future__ import annotations

from typing import Any

from tests.support.cap import read_by_another
from tests.support.wait import wait_until
from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "The collector is killed"


def play(town: Town, story: Story) -> None:
    town.cap.mode = "slow"
    fall = town.given("school", "fall")
    told = town.heard(town.fire, fall)
    wait_until(lambda: _about(town, told.incident_id), LONG_S, "the CAP service to have it in hand")
    town.centre.collector.kill()
    story.tell("somebody falls; 119's CAP service has the message and no answer yet: kill -9")
    fight = town.given("school", "fight")
    story.tell("meanwhile a fight: the pole keeps it")
    town.cap.mode = "ack"
    town.centre.collector.start()
    town.console.acknowledged(told.incident_id)
    town.console.acknowledged(town.heard(town.police, fight).incident_id)
    first, *again = [one.identifier for one in _about(town, told.incident_id)]
    assert first in again, "the message that had no answer came again"
    story.tell("started again: the fall's message came once more, by the same name; 112 has both")


def _about(town: Town, incident_id: str) -> list[Any]:
    found = [read_by_another(one["body"]) for one in town.cap.requests()]
    return [one for one in found if one.incidents == incident_id]
