"""Real brokers for tests: nats-server from its wheel and Debian's mosquitto, mutual TLS on both.

`broker` runs a test on either; a handle restarts on the same port with the same store.
"""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import pytest

from collector.broker.live import bring_up_to_date
from collector.broker.mosquitto import mosquitto_config, mosquitto_program, mosquitto_rights
from collector.broker.nats import nats_config
from collector.broker.runner import EmbeddedBroker
from collector.broker.settings import BrokerSettings
from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from tests.support.lines import whole_lines
from tests.support.wait import wait_until
from wire.register import Register, load_register

Kind = Literal["nats", "mosquitto"]
HOST = "127.0.0.1"
PATIENCE_S = 30.0


class BrokerHandle(Protocol):
    """A running broker of the test's own."""

    kind: Kind
    host: str
    port: int
    log_file: Path

    def start(self) -> None:
        """Start, or start again on the same port and store; returns when the port answers."""

    def stop(self) -> None:
        """End in order."""

    def kill(self) -> None:
        """End as a crash would (SIGKILL)."""

    def reload(self) -> None:
        """Write the configuration anew from the authority's register and have it read."""


class NatsHandle:
    kind: Kind = "nats"

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.host, self.port, self.log_file = HOST, free_port(), folder / "broker.log"
        self._authority = authority
        self._settings = _settings(authority, folder, self.port)
        self._config = folder / "nats.conf"
        self._broker = EmbeddedBroker(
            self._config, host=HOST, port=self.port, log_file=self.log_file
        )

    def start(self) -> None:
        self._write()
        self._broker.start()

    def stop(self) -> None:
        self._broker.stop()

    def kill(self) -> None:
        self._broker.kill()

    def reload(self) -> None:
        self._write()
        before = self._reloads()
        self._broker.reload()
        wait_until(lambda: self._reloads() > before, PATIENCE_S, "nats-server to reload")

    def _reloads(self) -> int:
        said = whole_lines(self.log_file)
        return sum("Reloaded server configuration" in line for line in said)

    def _write(self) -> None:
        text = nats_config(_register(self._authority), self._settings, log_file=self.log_file)
        self._config.write_text(text)


class MosquittoHandle:
    kind: Kind = "mosquitto"

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.host, self.port, self.log_file = HOST, free_port(), folder / "broker.log"
        self._authority = authority
        self._settings = _settings(authority, folder, self.port)
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.watched = False
        """Whether its debug lines go through the sieve, as by 'broker run mosquitto --log'."""

    def start(self) -> None:
        self._write()
        program = [str(mosquitto_program()), "-c", str(self._config)]
        if self.watched:
            witness = [sys.executable, "-m", "collector.broker.witness", str(self.log_file)]
            program = [*witness, *program, "-v"]
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(
                program,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, PATIENCE_S, "mosquitto to answer")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def reload(self) -> None:
        self._write()
        assert self._process is not None
        before = self._reloads()
        self._process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._reloads() > before, PATIENCE_S, "mosquitto to reload")
        bring_up_to_date(_register(self._authority), self._settings)

    def _reloads(self) -> int:
        return sum("Reloading config" in line for line in whole_lines(self.log_file))

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail(f"mosquitto ended at its start:\n{self.log_file.read_text()}")
        return answers(HOST, self.port)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(number)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def _write(self) -> None:
        register = _register(self._authority)
        rights = self._config.with_suffix(".json")
        if self._process is None:
            # While it runs the file is the plugin's own.
            rights.write_text(mosquitto_rights(register))
        self._config.write_text(
            mosquitto_config(
                register,
                self._settings,
                rights=rights,
                revocations=self._authority.crl_file,
                # As root mosquitto would turn into an account that cannot read this test's files.
                user=pwd.getpwuid(os.getuid()).pw_name,
            )
        )


def make_city(folder: Path) -> Authority:
    """An authority with two poles, police and fire, and the processes of a centre."""
    city = Authority.init(folder, "testcity")
    with city.batch():
        city.issue_device("pole-001")
        city.issue_device("pole-002")
        city.issue_agency("police")
        city.issue_agency("fire")
        city.issue_service("collector", "collector", hosts=(HOST, "localhost"))
        city.issue_service("words", "words")
        city.issue_service("signer", "signer", hosts=(HOST, "localhost"))
        city.issue_service("broker", "broker", hosts=(HOST, "localhost"))
    return city


def make_broker(kind: Kind, authority: Authority, folder: Path) -> BrokerHandle:
    """A broker that is not started yet; `folder` takes its files."""
    folder.mkdir(parents=True, exist_ok=True)
    handle: BrokerHandle
    handle = NatsHandle(authority, folder) if kind == "nats" else MosquittoHandle(authority, folder)
    return handle


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
def city(tmp_path: Path) -> Authority:
    return make_city(tmp_path / "authority")


@pytest.fixture(params=["nats", "mosquitto"])
def broker(
    request: pytest.FixtureRequest, city: Authority, tmp_path: Path
) -> Iterator[BrokerHandle]:
    handle = make_broker(request.param, city, tmp_path / "broker")
    try:
        handle.start()
        yield handle
    finally:
        handle.stop()


def _register(authority: Authority) -> Register:
    return load_register(authority.register_file)


def _settings(authority: Authority, folder: Path, port: int) -> BrokerSettings:
    store = folder / "store"
    store.mkdir(exist_ok=True)
    return BrokerSettings(authority.identity("broker"), store, HOST, port)
