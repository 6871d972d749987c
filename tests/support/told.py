"""A process that is told what to do, line by line, and says what it did."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Process:
    """One process that may be killed; its standard error goes to `log_file`."""

    def __init__(self, module: str, arguments: Sequence[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log_file = folder / "process.log"
        self._module, self._arguments = module, list(arguments)
        self._process: subprocess.Popen[str] | None = None

    def start(self, fault_point: str | None = None) -> None:
        environment = dict(os.environ)
        if fault_point is not None:
            environment["POLEWATCH_FAULT_POINT"] = fault_point
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.faulted", self._module, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                env=environment,
            )

    def wait_killed(self, timeout_s: float) -> None:
        """Until it has ended at its fault point."""
        assert self._process is not None
        assert self._process.wait(timeout_s) == -signal.SIGKILL, self.log_file.read_text()

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(20)

    def say(self, line: str) -> dict[str, Any]:
        """Write a line, and read one JSON line back."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self.log_file.read_text()
        said: dict[str, Any] = json.loads(answer)
        return said

    def end(self) -> None:
        """End its input, and with it the process."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(60) == 0, self.log_file.read_text()
