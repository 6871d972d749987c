"""An agency that does not acknowledge in its time: the next contact is told, and does."""

from __future__ import annotations

from typing import Any

from tests.support.wait import wait_until
from tests.system.day import plan
from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "A room is silent"


def play(town: Town, story: Story) -> None:
    town.police.mode = "later"
    fight = town.given("corner", "fight", "severe")
    told = town.heard(town.police, fight)
    story.tell("a fight; 112's program has the message, and its room says nothing")

    def over() -> dict[str, Any] | None:
        detail = town.console.detail(told.incident_id)
        results = [one["result"] for one in detail["escalations"]]
        return detail if results == ["acknowledged"] else None

    detail = wait_until(over, LONG_S, "the next contact's word")
    assert detail is not None
    states = {one["channel"]: one["state"] for one in detail["incident"]["deliveries"]}
    assert states == {"mqtt": "sent", "webhook": "received"}
    notes = [step["note"] for step in detail["steps"]]
    within = plan.LADDER["within_s"]
    assert f"police has not acknowledged within {within:g} s: police by webhook is told" in notes
    story.tell(f"after {within:g} s the duty officer is told by webhook, and acknowledges")
    town.police.mode = "ack"
    town.console.acknowledged(told.incident_id)
    story.tell("112's room is back, and acknowledges too")
