"""The demo's child processes: started, watched, and ended without leaving one behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Protocol

STOP_TIMEOUT_S = 10.0
KEPT_LINES = 200
_PR_SET_PDEATHSIG = 1


class ProcessError(Exception):
    """A part of the demo ended or did not get ready; holds its last words."""


def _die_with_parent() -> None:
    # A killed demo must not leave a broker behind; Linux alone offers this.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Started(Protocol):
    """What a child asks of its process; a `subprocess.Popen` in text mode."""

    pid: int
    stdout: IO[str] | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


def start(argv: Sequence[str]) -> Started:
    """A program in a session of its own, all that it says in one pipe; it ends when we do."""
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )


class Child:
    """One child process with its output read line by line and its log on disk."""

    def __init__(self, name: str, process: Started, log_file: Path) -> None:
        self.name = name
        self.log_file = log_file
        self._lines: queue.Queue[str] = queue.Queue(maxsize=10_000)
        self.dropped_lines = 0
        self._tail: deque[str] = deque(maxlen=KEPT_LINES)
        self._process = process
        self._reader = threading.Thread(target=self._read, name=f"log-{name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def lines(self) -> list[str]:
        """What it printed since the last call."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._lines.get_nowait())
        return found

    def wait_for(self, wanted: Callable[[str], bool], timeout_s: float, what: str) -> str:
        """The first line that is wanted; raises ProcessError with the last words otherwise."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(left, 0.2))
            except queue.Empty:
                if self._process.poll() is not None and self._lines.empty():
                    break
                continue
            if wanted(line):
                return line
        raise ProcessError(f"{self.name} did not get ready ({what}).\n{self.last_words()}")

    def last_words(self, count: int = 12) -> str:
        tail = "".join(f"    {line}\n" for line in list(self._tail)[-count:])
        return f"{tail}  whole log: {self.log_file}"

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """End it: asked first, killed after `timeout_s`. Returns its exit code."""
        self.terminate()
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            code = self._process.wait(timeout_s)
        self._reader.join(timeout_s)
        return code

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with self.log_file.open("a", encoding="utf-8") as log, stream:
            for line in stream:
                log.write(line)
                log.flush()
                text = line.rstrip("\n")
                self._tail.append(text)
                try:
                    self._lines.put_nowait(text)
                except queue.Full:
                    self.dropped_lines += 1


class Family:
    """All children of one run; ends them in the reverse order of their start."""

    def __init__(self, logs: Path, start: Callable[[Sequence[str]], Started] = start) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs, self._start = logs, start
        self.children: dict[str, Child] = {}

    def start(self, name: str, argv: Sequence[str]) -> Child:
        child = Child(name, self._start(argv), self._logs / f"{name}.log")
        self.children[name] = child
        return child

    def check(self) -> None:
        """Raises ProcessError when a child has ended by itself."""
        for child in self.children.values():
            if child.returncode is not None:
                raise ProcessError(
                    f"{child.name} ended by itself with {child.returncode}.\n{child.last_words()}"
                )

    def stop(self) -> None:
        """End all that still run."""
        for name in reversed(list(self.children)):
            self.children.pop(name).stop()

    def __enter__(self) -> Family:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
