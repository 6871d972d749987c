"""`polewatch bench ring` measures real recording: its figures are there and hang together."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PARTS = {
    "read the cameras",
    "write segments",
    "index and evict",
    "hash pictures",
    "sign GOPs",
    "split NAL units once",
}


@pytest.mark.timed
def test_what_recording_costs_is_measured_on_pictures_that_arrive() -> None:
    command = [sys.executable, "-m", "polewatch", "bench", "ring", "--json", "--no-peer"]
    run = subprocess.run(
        [*command, "--cameras", "1", "--seconds", "4"],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    found = json.loads(run.stdout)
    assert (found["peer"], found["ratio"]) == (None, None)
    assert 3 < found["mbit_per_s"] < 5
    assert 0.8 < found["pictures"] / found["expected"] < 1.2
    parts = {one["name"]: one["cpu_s_per_s"] for one in found["parts"]}
    assert set(parts) == PARTS
    assert min(parts.values()) > 0
    assert 0 < found["cpu_s_per_s"] < 1
