"""Two hours of what is taken for fire and smoke, by `make accuracy-fire-long`.

Its measurement is kept (KEPT of polewatch.accuracy.measurement) and committed, so that the page
has it without running it each time.
"""

from __future__ import annotations

from typing import Final

import pytest

from polewatch.accuracy.measurement import KEPT, rate
from tests.accuracy import fire_footage as footage
from tests.accuracy.fire_heard import ALONE, KINDS, listed, model
from tests.accuracy.reporting import leave
from tests.accuracy.test_fire import composed_alarms

pytestmark = pytest.mark.timeout(4 * 3600)

CLIPS: Final = 120
PROCESSES: Final = 2


def test_two_hours() -> None:
    heard, hours = composed_alarms(CLIPS, processes=PROCESSES)
    assert hours >= 2, f"only {hours:.3f} h"
    leave(
        "fire-long",
        "Fire and smoke: two hours of what is taken for them",
        [rate(f"{kind}-long.false", kind, len(heard[kind]), hours) for kind in KINDS],
        footage=(
            f"{CLIPS} clips of {footage.NEGATIVE_S:g} s each of brake lights and indicators, "
            "lamps, sunset, high-visibility vests, fog and steam painted over held-back scenes "
            "(a street, a campus, a worker in a restricted zone), no two alike, none played twice"
        ),
        condition=ALONE,
        tuned="the thresholds on other paintings of the same kinds over other scenes",
        test="fire_long.py",
        model=model(),
        command="make accuracy-fire-long",
        folder=KEPT,
        notes=listed(line for kind in KINDS for line in heard[kind]),
    )
