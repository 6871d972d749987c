"""The day in its order."""

from __future__ import annotations

from tests.system.day import (
    disaster,
    drill,
    emergency_video,
    evening,
    fire_dispatch,
    police_dispatch,
    power_cut,
    rejection,
    safekeeping,
    sighting,
    silence,
    sos,
)
from tests.system.day.story import Story
from tests.system.day.town import Town

SCENES = (
    (sighting.TITLE, sighting.play),
    (emergency_video.TITLE, emergency_video.play),
    (police_dispatch.TITLE, police_dispatch.play),
    (silence.TITLE, silence.play),
    (fire_dispatch.TITLE, fire_dispatch.play),
    (power_cut.TITLE, power_cut.play),
    (rejection.TITLE, rejection.play),
    (drill.TITLE, drill.play),
    (disaster.TITLE, disaster.play),
    (sos.TITLE, sos.play),
    (safekeeping.TITLE, safekeeping.play),
    (evening.TITLE, evening.play),
)


def play_day(town: Town, story: Story) -> None:
    """Every scene; raises AssertionError for what does not happen as it must."""
    for title, play in SCENES:
        story.scene(title)
        play(town, story)
