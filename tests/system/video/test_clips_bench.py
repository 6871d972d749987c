"""`polewatch bench clips`, shorter than by hand: what is promised, beside a peer in one run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.timed
def test_passing_on_is_cheap_fast_and_whole() -> None:
    command = [
        sys.executable, "-m", "polewatch", "bench", "clips", "--json",
        "--tries", "10", "--seconds", "6",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    print(found)
    assert found["frames_lost"] == 0
    assert found["passthrough_cpu_s_per_s"] <= 0.06
    assert found["passthrough_cpu_s_per_s"] <= found["reencode_cpu_s_per_s"] / 10
    for name in ("first_frame_ms", "first_frame_clip_ms"):
        assert found[name]["p95"] <= 500
    assert found["peer"]["name"] == "GStreamer webrtcbin"
    assert found["peer"]["cpu_s_per_s"] > 0
