"""`polewatch bench ring`, shorter than by hand: what is promised, beside ffmpeg in one run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.timed
def test_recording_four_cameras_is_cheap_and_no_dearer_than_copying_them() -> None:
    command = [sys.executable, "-m", "polewatch", "bench", "ring", "--json", "--seconds", "12"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout)
    print(found)
    assert found["cameras"] == 4
    assert 3.5 < found["mbit_per_s"] < 4.5
    assert 0.9 < found["pictures"] / found["expected"] < 1.1
    assert found["cpu_s_per_s"] <= 0.06
    assert found["peer"]["cpu_s_per_s"] > 0
    assert found["ratio"] <= 1.1
