"""`polewatch bench ring`, shorter than by hand: what is promised, beside ffmpeg in one run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PARTS = {
    "read the cameras",
    "write segments",
    "index and evict",
    "hash pictures",
    "sign GOPs",
    "split NAL units once",
}
BAR = 0.06
TRIES = 2
"""What else the machine does only ever adds to a figure, so the lower one is nearer the truth."""
DEAREST_RATIO = 1.6
"""To ffmpeg, which neither hashes nor signs nor indexes: 1.38 measured in quiet, 0.8 when busy."""


@pytest.mark.timed
@pytest.mark.timeout(400)
def test_recording_four_cameras_is_cheap_also_beside_copying_them() -> None:
    found = _measured()
    for _ in range(TRIES - 1):
        if found["cpu_s_per_s"] > BAR or found["ratio"] > DEAREST_RATIO:
            found = _measured()
    assert found["cpu_s_per_s"] <= BAR
    assert found["ratio"] <= DEAREST_RATIO


def _measured() -> dict[str, Any]:
    command = [sys.executable, "-m", "polewatch", "bench", "ring", "--json", "--seconds", "12"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, Any] = json.loads(run.stdout)
    print(found)
    assert found["cameras"] == 4
    assert 3.5 < found["mbit_per_s"] < 4.5
    assert 0.9 < found["pictures"] / found["expected"] < 1.1
    assert found["peer"]["cpu_s_per_s"] > 0
    parts = {one["name"]: one["cpu_s_per_s"] for one in found["parts"]}
    assert set(parts) == PARTS
    assert min(parts.values()) > 0
    return found
