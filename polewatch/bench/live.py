"""What benchmarks of running processes share: a camera, a process that answers, its CPU time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Served:
    """A clip that a process of its own serves."""

    url: str
    pid: int


@contextlib.contextmanager
def camera(clip: Path) -> Iterator[str]:
    """The URL of the demo's RTSP camera with this clip in a loop; raises as `served` does."""
    with served(clip) as found:
        yield found.url


@contextlib.contextmanager
def served(clip: Path) -> Iterator[Served]:
    """The demo's RTSP camera with this clip in a loop, in a process of its own.

    Raises OSError when it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "polewatch.rtsp", "--file", str(clip)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise OSError("the camera did not start; see its message above")
        yield Served(url, process.pid)
    finally:
        process.terminate()
        process.wait(10)


class Answering:
    """A process of this project that answers each line on its input with one of JSON."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def ask(self) -> dict[str, Any]:
        """Raises OSError when the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise OSError("the measured process has ended; see its message above")
        told: dict[str, Any] = json.loads(line)
        return told

    def end(self) -> None:
        self._process.kill()
        self._process.wait(10)


def cpu_of(pids: Sequence[int], seconds: float) -> float:
    """CPU seconds a second that these processes use together during `seconds`."""
    before, began = sum(map(cpu_s, pids)), time.monotonic()
    time.sleep(seconds)
    return (sum(map(cpu_s, pids)) - before) / (time.monotonic() - began)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
