"""Runs a module in a process that may end by SIGKILL at a named point.

`POLEWATCH_FAULT_POINT=outbox.committed:3 python -m tests.support.faulted MODULE ARGS…` kills the
process at its third arrival at that point. `POLEWATCH_FAULT_FILE` names a file that holds such a
setting, or nothing, and may be changed while the process runs. Only this launcher reads the
variables; what is installed knows nothing of them.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from wire import faultpoint

VARIABLE = "POLEWATCH_FAULT_POINT"
FILE_VARIABLE = "POLEWATCH_FAULT_FILE"


def arm() -> None:
    """Have this process killed where the environment says, if it says so."""
    setting, file = os.environ.get(VARIABLE), os.environ.get(FILE_VARIABLE)
    if setting:
        faultpoint.watch(_at(setting))
    elif file:
        faultpoint.watch(_as_the_file_says(Path(file)))


def _at(setting: str) -> Callable[[str], None]:
    point, _, nth = setting.partition(":")
    left = int(nth or 1)

    def arrived(here: str) -> None:
        nonlocal left
        if here == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return arrived


def _as_the_file_says(file: Path) -> Callable[[str], None]:
    stamp: int | None = None
    armed = _at("")

    def arrived(here: str) -> None:
        nonlocal stamp, armed
        with contextlib.suppress(OSError):
            found = file.stat().st_mtime_ns
            if found != stamp:
                armed = _at(file.read_text().strip())
                stamp = found
        armed(here)

    return arrived


def main() -> None:
    arm()
    module, sys.argv = sys.argv[1], sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
