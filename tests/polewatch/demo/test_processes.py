"""Children are waited for with a bound, their last words kept, and none stays behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from polewatch.demo.processes import Child, Family, ProcessError, start


def _child(tmp_path: Path, code: str) -> Child:
    return Child("part", start([sys.executable, "-c", code]), tmp_path / "part.log")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_ready_is_a_line(tmp_path: Path) -> None:
    child = _child(tmp_path, "print('up', flush=True); import time; time.sleep(60)")
    assert child.wait_for(lambda line: line == "up", 20, "says up") == "up"
    child.stop()
    assert not _alive(child.pid)


def test_one_that_ends_early_is_quoted(tmp_path: Path) -> None:
    child = _child(tmp_path, "print('port 1883 is in use'); raise SystemExit(1)")
    with pytest.raises(ProcessError, match="port 1883 is in use"):
        child.wait_for(lambda line: line == "up", 20, "says up")
    assert child.stop() == 1
    assert "port 1883" in (tmp_path / "part.log").read_text()


def test_one_that_will_not_end_is_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(60)"
    )
    child = _child(tmp_path, deaf)
    child.wait_for(lambda line: line == "up", 20, "says up")
    assert child.stop(timeout_s=0.2) == -9
    assert not _alive(child.pid)


def test_a_family_notices_who_left_and_takes_all_along(tmp_path: Path) -> None:
    with Family(tmp_path) as family:
        stays = family.start("stays", [sys.executable, "-c", "import time; time.sleep(60)"])
        leaves = family.start("leaves", [sys.executable, "-c", "raise SystemExit(3)"])
        with pytest.raises(ProcessError):
            leaves.wait_for(lambda _: False, 20, "ends")
        with pytest.raises(ProcessError, match="leaves ended by itself with 3"):
            family.check()
    assert not _alive(stays.pid)
