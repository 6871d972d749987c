"""A small fleet through all that a large one goes through, on either broker: the books balance."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 240
DEVICES, ROGUES = 60, 4
BURST, BACKLOG = 600, 10


def simulate(*options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """The command's exit and what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "polewatch", "fleet", "simulate", "--json", *options],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done, json.loads(done.stdout)


@pytest.mark.parametrize(("broker", "kill"), [("nats", "none"), ("mosquitto", "collector")])
def test_a_small_city_balances_its_books(tmp_path: Path, broker: str, kill: str) -> None:
    done, report = simulate(
        *("--devices", str(DEVICES), "--broker", broker, "--kill", kill),
        *("--seconds", "4", "--burst", str(BURST), "--backlog", str(BACKLOG)),
        *("--misbehaving", str(ROGUES), "--folder", str(tmp_path / "city")),
    )
    assert report["faults"] == []
    assert done.returncode == 0, done.stderr
    balance, stored = report["balance"], report["stored"]
    # Its epoch's first message, what was steady, the rogues' clocks, the burst and the backlogs.
    steady = report["steady"]["messages"] + 2 * ROGUES
    assert balance["put"] == DEVICES + steady + BURST + DEVICES * BACKLOG
    assert balance["put"] == balance["receipted"] == stored["messages"] - stored["forks"]
    assert balance["findings"] == balance["delivered"] > BURST / 2
    assert report["steady"]["latency_ms"]["findings"] > 0
    # What misbehaved is counted and kept, each kind where it belongs.
    for reason in ("signature", "oversized", "topic"):
        assert stored["quarantined"][reason] == ROGUES
    assert stored["forks"] == ROGUES
    assert stored["duplicates"] >= ROGUES
    assert report["off_clock"] >= ROGUES
    assert report["forged_stored"] == 0
    if kill != "none":
        assert report["killed_after"] >= DEVICES * BACKLOG / 2
