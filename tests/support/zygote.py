"""Processes that start in milliseconds: forked from one that has imported what they need.

They are processes like any other: memory, descriptors, session and process id of their own, ended
by SIGKILL when that is asked for. Only the second of importing is spared.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
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
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.support import faulted

PR_SET_PDEATHSIG = 1
MESSAGE_BYTES = 128 * 1024

CENTRE = (
    "collector.app",
    "collector.commands",
    "collector.signer.app",
    "collector.user_commands",
    "collector.broker.commands",
    "polewatch.cli",
    "polewatch.receiver",
    "polewatch.rtsp",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
"""What the centre's processes import, and those around them."""


class Forked:
    """A running, stopped or ended process; has what is used of `subprocess.Popen`."""

    def __init__(self, pid: int, pidfd: int, told: int, stdout: IO[str] | None) -> None:
        """`told` is read for its exit code; both descriptors are this object's from now on."""
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = stdout
        self._pidfd, self._told = pidfd, told
        self._ending = threading.Lock()

    @property
    def alive(self) -> bool:
        if self.returncode is not None:
            return False
        ready, _, _ = select.select([self._pidfd], [], [], 0)
        return not ready

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises TimeoutExpired."""
        with self._ending:
            if self.returncode is None:
                ready, _, _ = select.select([self._told], [], [], timeout)
                if not ready:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                # Nothing is told where the zygote has ended, and all its children with it.
                self.returncode = int(os.read(self._told, 16) or -signal.SIGKILL)
                os.close(self._told)
                os.close(self._pidfd)
            return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing when it has ended."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """As a crash would end it."""
        self.send_signal(signal.SIGKILL)


class Zygote:
    """`close` ends it, and what was forked with it."""

    def __init__(self, *modules: str) -> None:
        """A process that has imported `modules` and waits."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = here
        self._asking = threading.Lock()
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
        stdin: int = subprocess.DEVNULL,
        stdout: int,
        stderr: int,
        environment: Mapping[str, str] | None = None,
    ) -> Forked:
        """Run `module` as `python -m` would, with `environment` beside that of this process.

        Descriptors may be DEVNULL, `stdout` also PIPE, and `stderr` STDOUT.
        """
        request = {
            "module": module,
            "arguments": list(arguments),
            "environment": {**os.environ, **(environment or {})},
            "folder": str(Path.cwd()),
        }
        told, tells = os.pipe()
        with contextlib.ExitStack() as opened:
            opened.callback(os.close, tells)
            nothing = os.open(os.devnull, os.O_RDWR)
            opened.callback(os.close, nothing)
            stream: IO[str] | None = None
            if stdout == subprocess.PIPE:
                reads, stdout = os.pipe()
                opened.callback(os.close, stdout)
                stream = os.fdopen(reads, encoding="utf-8", errors="replace")
            given = [nothing if one == subprocess.DEVNULL else one for one in (stdin, stdout)]
            given.append(given[1] if stderr == subprocess.STDOUT else stderr)
            with self._asking:
                socket.send_fds(self._socket, [json.dumps(request).encode()], [*given, tells])
                answer, (pidfd,), _, _ = socket.recv_fds(self._socket, MESSAGE_BYTES, 1)
        return Forked(int(answer), pidfd, told, stream)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(20)


@functools.cache
def zygote(*modules: str) -> Zygote:
    """The one of this process for these modules; it ends with this process."""
    made = Zygote(*modules)
    atexit.register(made.close)
    return made


def main() -> None:
    listening = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        importlib.import_module(module)
    # A child has none of the threads that a library began, and would wait for them when it ends.
    # numpy's end by themselves at the first fork.
    os.waitpid(os.fork() or os._exit(0), 0)
    assert len([*Path("/proc/self/task").iterdir()]) == 1, f"one of {sys.argv[2:]} starts a thread"
    # Whatever is here now stays shared between all children, and they never trace through it.
    gc.collect()
    gc.freeze()
    # By pidfd: process id, and where its exit code is awaited.
    living: dict[int, tuple[int, int]] = {}
    while True:
        ready, _, _ = select.select([listening.fileno(), *living], [], [])
        for pidfd in living.keys() & set(ready):
            pid, tells = living.pop(pidfd)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with contextlib.suppress(BrokenPipeError):
                os.write(tells, str(code).encode())
            os.close(tells)
            os.close(pidfd)
        if listening.fileno() not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(listening, MESSAGE_BYTES, 4)
        if not message:
            return
        *given, tells = descriptors
        pid = os.fork()
        if pid == 0:
            listening.close()
            for pidfd, (_, other) in living.items():
                os.close(pidfd)
                os.close(other)
            os.close(tells)
            _become(json.loads(message), given)
            return
        for descriptor in given:
            os.close(descriptor)
        pidfd = os.pidfd_open(pid)
        living[pidfd] = (pid, tells)
        socket.send_fds(listening, [str(pid).encode()], [pidfd])


def _become(request: dict[str, object], descriptors: list[int]) -> None:
    """In the child: run the module; what it raises ends the process as it would have."""
    os.setsid()
    # When whoever plays with us is gone, the zygote ends, and its children with it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    environment, arguments = request["environment"], request["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(str(request["folder"]))
    module = str(request["module"])
    sys.argv = [module, *arguments]
    faulted.arm()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
