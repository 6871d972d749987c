"""kill -9 while recording: at most the last second is lost, and recording goes on after it."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.rtsp import demo_camera
from tests.system.video.ring_kills import kill_again_and_again

KILLS = 4
"""`make ring-kills` does 50."""


def test_kill_9_costs_at_most_the_last_second(tmp_path: Path) -> None:
    with demo_camera() as camera:
        outcome = kill_again_and_again(camera.url, tmp_path, KILLS, random.Random(9))
    done = outcome.kills
    assert len(done) == KILLS
    assert max(kill.lost_s for kill in done) <= 1.0
    assert all(kill.kept > 0 for kill in done if kill.given > 1)
    # The chain of signed GOPs runs on over every kill; what was not complete is not signed.
    assert (outcome.proven.ok, outcome.proven.code) == (True, "intact"), outcome.proven.detail
    assert outcome.proven.pictures > 0
    assert outcome.unproven <= KILLS * 20
