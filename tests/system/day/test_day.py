"""A day at the centre: five services, five receivers, a crash, a backup; all books balance."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.day.scenes import play_day
from tests.system.day.story import Story
from tests.system.day.town import Town


@pytest.mark.timeout(900)
def test_a_day_at_the_centre(tmp_path: Path) -> None:
    story = Story(print)
    with Town(tmp_path) as town:
        story.tell("everything is up")
        play_day(town, story)
