"""A drill: nobody can take it for the real thing."""

from __future__ import annotations

from tests.support.cap import read_by_another
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "A drill"


def play(town: Town, story: Story) -> None:
    drill = town.given("corner", "fire", "severe", drill=True)
    told = town.heard(town.fire, drill)
    shown = town.console.acknowledged(told.incident_id)
    assert (shown["drill"], told.drill, told.text_ko[:4]) == (True, True, "[훈련]")
    bodies = [one["body"] for one in town.cap.requests()]
    (first, *_) = [read_by_another(one) for one in bodies if told.incident_id.encode() in one]
    assert (first.status.value, (first.infos[0].headline or "")[:4]) == ("Exercise", "[훈련]")
    story.tell("119 exercises: marked at the console, in the MQTT text and as a CAP Exercise")
