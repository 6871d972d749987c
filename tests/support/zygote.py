"""Processes that start in milliseconds: forked from one that has imported what they need.

They are processes like any other: memory, descriptors and process id of their own, ended by
SIGKILL when that is asked for. Only the second of importing is spared.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import faulted

PR_SET_PDEATHSIG = 1
MESSAGE_BYTES = 64 * 1024


@dataclass
class Forked:
    """A running, stopped or ended process."""

    pid: int
    _pidfd: int

    @property
    def alive(self) -> bool:
        ready, _, _ = select.select([self._pidfd], [], [], 0)
        return not ready

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing when it has ended."""
        if self.alive:
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """As a crash would end it; returns when it is gone."""
        self.send(signal.SIGKILL)
        assert self.wait(20), f"process {self.pid} outlives SIGKILL"

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; false when it has not ended in time."""
        ready, _, _ = select.select([self._pidfd], [], [], timeout_s)
        return bool(ready)


class Zygote:
    """`close` ends it, and what was forked with it."""

    def __init__(self, *modules: str) -> None:
        """A process that has imported `modules` and waits."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = here
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.zygote", str(there.fileno()), *modules],
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        there.close()

    def fork(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        environment: dict[str, str],
        stdin: int,
        stdout: int,
        log: Path,
    ) -> Forked:
        """Run `module` as `python -m` would; stderr goes to the end of `log`."""
        request = {"module": module, "arguments": list(arguments), "environment": environment}
        with log.open("ab") as errors:
            socket.send_fds(
                self._socket, [json.dumps(request).encode()], [stdin, stdout, errors.fileno()]
            )
        answer = self._socket.recv(MESSAGE_BYTES)
        assert answer, "the zygote has ended"
        pid = int(answer)
        return Forked(pid, os.pidfd_open(pid))

    def close(self) -> None:
        self._socket.close()
        self._process.wait(20)


def main() -> None:
    listening = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        importlib.import_module(module)
    # Whatever is here now stays shared between all children, and they never trace through it.
    gc.collect()
    gc.freeze()
    # Children are reaped at once; who started them watches their pidfd.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(listening, MESSAGE_BYTES, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            listening.close()
            _become(json.loads(message), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        listening.send(str(pid).encode())


def _become(request: dict[str, object], descriptors: list[int]) -> None:
    """In the child: run the module, never return."""
    os.setsid()
    # When whoever plays with us is gone, the zygote ends, and its children with it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    environment, arguments = request["environment"], request["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.update(environment)
    module = str(request["module"])
    sys.argv = [module, *arguments]
    code = 1
    try:
        faulted.arm()
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
