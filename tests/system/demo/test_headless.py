"""The headless demo as anyone would run it, held to what the README promises of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

CLIP_S = 40
"""The demo's clip is 36 s long: all that happens in it has happened once."""


@pytest.mark.timed
@pytest.mark.timeout(180)
def test_the_street_once_through_keeps_its_promises(tmp_path: Path) -> None:
    report = tmp_path / "summary.json"
    done = subprocess.run(
        [
            sys.executable, "-m", "polewatch", "demo", "--headless", "--seconds", str(CLIP_S),
            "--json", str(report),
        ],
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(report.read_text())
    assert summary["events"] >= 1
    assert summary["incidents"] >= 1
    assert summary["receipts"] == summary["events"]
    assert summary["outbox_depth"] == 0
    assert summary["deliveries"]["police"] >= 1
    assert summary["clip"]["frames"] >= 50
    assert summary["clip"]["codec"] == "h264"
    assert summary["clip"]["transcoded"] is False
    assert summary["clip"]["first_frame_ms"] <= 1500
    assert summary["mqtt_bytes"] < summary["camera_bytes"] / 20
    assert summary["clip_bytes"] > 0
    assert summary["event_latency_ms"]["p50"] > 0
    assert summary["agent_cpu_s_per_s"] > 0
    assert not _offspring(), "processes of the demo stayed behind"


def _offspring() -> list[str]:
    me = str(os.getpid())
    return [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline", "environ"])
        if (process.info["environ"] or {})
        .get("PYTEST_CURRENT_TEST", "")
        .startswith("tests/system/demo/test_headless.py")
        and str(process.pid) != me
    ]
