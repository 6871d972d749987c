"""mosquitto's debug log through a sieve of ours: what it refuses is told there and nowhere else.

mosquitto 2.0.11 writes four debug lines for every message; a denied publish, a denied subscription
and a packet that is too large are among them. They go down a pipe whose writing end never blocks: a
reader that is slow, stopped or dead costs lines, never the broker's time. What is kept goes to a
file of bounded size, which the collector follows (`collector.broker_log`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from collector.broker.sieve import Sieve

PIPE_BYTES = 1024 * 1024
PAUSE_S = 0.02
"""Between two looks, so that lines come in bulk: a hundredth of a second of the fastest log."""
AGAIN_S = 1.0
FULL = 0.9
"""Of a pipe: lines are not divided between its pages, so it is full before its last byte."""
LOG_BYTES = 16 * 1024 * 1024
LOGS_KEPT = 3


def run(program: list[str], log: Path) -> NoReturn:
    """Become `program` (its path first), its standard error read by a process of ours.

    The broker keeps this process's place: signals and the exit code are its own.
    """
    reading, writing = os.pipe()
    with contextlib.suppress(OSError):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    os.set_blocking(writing, False)
    if os.fork() == 0:
        os.close(writing)
        _keep_reading(reading, log)
    os.close(reading)
    os.dup2(writing, 2)
    os.close(writing)
    # Without a reader a write fails; it must not end the broker.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.execv(program[0], program)


def _keep_reading(pipe: int, log: Path) -> NoReturn:
    """Until the broker has closed its end; a reader that dies is followed by another."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        reader = os.fork()
        if reader == 0:
            code = 1
            with contextlib.suppress(Exception):
                _read(pipe, log)
                code = 0
            os._exit(code)
        _, status = os.waitpid(reader, 0)
        if status == 0:
            os._exit(0)
        time.sleep(AGAIN_S)


def _read(pipe: int, log: Path) -> None:
    sieve, out = Sieve(), RotatedFile(log)
    capacity = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    while True:
        data = os.read(pipe, capacity)
        if not data:
            out.write(sieve.rest())
            return
        kept = sieve.feed(data)
        if len(data) > capacity * FULL:
            kept += sieve.missed()
        out.write(kept)
        time.sleep(PAUSE_S)


class RotatedFile:
    """Appends; at `size` bytes the file is moved to `.1`, the older ones further, the last goes."""

    def __init__(self, path: Path, size: int = LOG_BYTES, kept: int = LOGS_KEPT) -> None:
        self._path, self._size, self._kept = path, size, kept
        self._lost = 0

    def write(self, data: bytes) -> None:
        """Append; on a disk that refuses the lines are counted and told when there is room."""
        if not data:
            return
        lines = data.count(b"\n")
        if self._lost:
            told = f"{time.time():.0f}: Polewatch: {self._lost} lines found no room on the disk\n"
            data = told.encode() + data
        try:
            self._append(data)
        except OSError:
            self._lost += lines
        else:
            self._lost = 0

    def _append(self, data: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size + len(data) > self._size:
                self._rotate()
        with self._path.open("ab", buffering=0) as file:
            file.write(data)

    def _rotate(self) -> None:
        names = [self._path, *(Path(f"{self._path}.{n}") for n in range(1, self._kept + 1))]
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)


def main() -> NoReturn:
    """`python -m collector.broker.witness LOG PROGRAM ARGS…`"""
    run(sys.argv[2:], Path(sys.argv[1]))


if __name__ == "__main__":
    main()
