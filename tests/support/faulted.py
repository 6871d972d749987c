"""Runs a module in a process that may end by SIGKILL at a named point, or hold there.

`POLEWATCH_FAULT_POINT=outbox.committed:3 python -m tests.support.faulted MODULE ARGS…` kills the
process at its third arrival at that point. Only this launcher reads the variable; what is
installed knows nothing of it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys

from wire import faultpoint

VARIABLE = "POLEWATCH_FAULT_POINT"


def arm(setting: str) -> None:
    """Have this process killed at `point` or `point:nth` arrival."""
    point, _, nth = setting.partition(":")
    left = int(nth or 1)

    def arrived(here: str) -> None:
        nonlocal left
        if here == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    faultpoint.watch(arrived)


def main() -> None:
    setting = os.environ.get(VARIABLE)
    if setting:
        arm(setting)
    module, sys.argv = sys.argv[1], sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
