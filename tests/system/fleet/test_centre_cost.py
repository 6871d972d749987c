"""`make bench-quick`: the collector's pace in a burst, as a share of what Python can do at most."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PATIENCE_S = 240


@pytest.mark.timed
def test_the_collector_keeps_its_share_of_the_ceiling() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "polewatch", "bench", "centre", "--quick", "--json"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    print(f"{told['of_paho_sqlite']:.3f} of paho to SQLite, which checks and delivers nothing")
    assert told["fleet"]["faults"] == []
