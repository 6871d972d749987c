"""What a pole sees by itself: somebody walks into the street, and 112 knows."""

from __future__ import annotations

from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "A street is watched"


def play(town: Town, story: Story) -> None:
    seen = town.heard(town.police, type="intrusion", camera="street")
    told = town.console.acknowledged(seen.incident_id)
    assert [(one["agency"], one["channel"]) for one in told["deliveries"]] == [("police", "mqtt")]
    assert seen.evidence, "the pole's signature travels along"
    story.tell("somebody walks into the street; the pole sees it, 112 has it and says so")
