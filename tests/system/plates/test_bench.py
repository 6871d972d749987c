"""`polewatch bench plates`: every step of reading plates is timed, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.timeout(180)

CROPS: Final = Path(__file__).parents[2] / "edge_agent" / "plates" / "crops"


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "polewatch", "bench", "plates", "--no-peer", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


def test_reading_locating_and_both_are_timed_with_their_memory() -> None:
    done = bench("--crops", str(CROPS), "--scenes", str(CROPS), "--most", "6", "--json")
    assert done.returncode == 0, done.stderr
    read, locate, both = json.loads(done.stdout)
    assert read["name"] == "read a plate"
    assert locate["name"] == "locate in a vehicle crop"
    assert 0 < read["ms"] < both["ms"]
    assert 0 < locate["ms"] < both["ms"]
    assert all(0 < step["megabytes"] < 1000 for step in (read, locate, both))


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    done = bench("--crops", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path}: no pictures; name a folder that has some" in done.stderr
