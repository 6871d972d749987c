"""`polewatch bench crowd`, shorter than by hand: twenty viewers, and the analysis beside itself."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.timed
def test_twenty_viewers_see_motion_and_the_analysis_does_not_notice() -> None:
    command = [sys.executable, "-m", "polewatch", "bench", "crowd", "--json", "--seconds", "12"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout)
    print(found)
    assert (found["viewers"], found["cameras"]) == (20, 4)
    assert found["slowest_fps"] >= 20
    assert found["lost"] == 0
    assert found["analysed_before"] > 10
    assert found["analysis_drop"] < 0.05
