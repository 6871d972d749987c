"""Ctrl-C ends the demo cleanly, and a second start works."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.wait import wait_until


def _running(pids: dict[str, int]) -> list[str]:
    """Who of them still runs. An ended one that nobody has reaped yet has ended."""
    left = []
    for name, pid in pids.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                left.append(f"{name}: {process.status()}, {' '.join(process.cmdline())[:120]}")
    return left


def _start(tmp_path: Path, name: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    ready = tmp_path / f"{name}.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "polewatch", "demo", "--ready", str(ready), "--port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: ready.exists() or process.poll() is not None, 120, "the demo to get ready")
    assert process.poll() is None, "the demo ended at its start"
    said: dict[str, Any] = json.loads(ready.read_text())
    return process, said


@pytest.mark.timeout(500)
def test_ctrl_c_leaves_nothing_behind_and_a_second_start_works(tmp_path: Path) -> None:
    for name in ("first", "second"):
        process, said = _start(tmp_path, name)
        assert httpx.get(said["console"], follow_redirects=True, timeout=30).status_code == 200
        assert set(said["pids"]) == {
            "broker", "camera", "signer", "collector", "police", "fire", "centre", "agent",
        }  # fmt: skip
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0
        assert _running(said["pids"]) == []
        assert not Path(said["folder"]).exists()


def test_a_killed_demo_takes_its_children_along(tmp_path: Path) -> None:
    process, said = _start(tmp_path, "killed")
    process.kill()
    process.wait(10)
    try:
        wait_until(lambda: not _running(said["pids"]), 90, "the children to end with their parent")
    except AssertionError as error:
        raise AssertionError(f"still running: {_running(said['pids'])}") from error
