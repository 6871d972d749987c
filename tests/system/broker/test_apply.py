"""A revoked pole is out within a minute, by the command that follows the register."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.broker.runner import server_program
from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from tests.support.broker import HOST, Kind, answers
from tests.support.mqtt import MqttPeer, RefusedError
from tests.support.wait import wait_until


@dataclass
class Running:
    """A broker started with what the command wrote."""

    kind: Kind
    port: int
    log_file: Path
    options: tuple[str, ...]
    host: str = HOST


@pytest.fixture(params=["nats", "mosquitto"])
def running(request: pytest.FixtureRequest, city: Authority, tmp_path: Path) -> Iterator[Running]:
    kind: Kind = request.param
    port, out = free_port(), tmp_path / f"{kind}.conf"
    options: tuple[str, ...] = (
        *("--out", str(out), "--register", str(city.register_file)),
        *("--identity", str(city.identity("broker")), "--store", str(tmp_path / "store")),
        *("--host", HOST, "--port", str(port)),
    )
    if kind == "mosquitto":
        options += ("--user", pwd.getpwuid(os.getuid()).pw_name)
    _polewatch("broker", "config", kind, *options)
    program = str(server_program()) if kind == "nats" else _mosquitto()
    log_file = tmp_path / "broker.log"
    with log_file.open("wb") as output:
        process = subprocess.Popen([program, "-c", out], stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: answers(HOST, port), 30, f"the broker: {log_file}")
        yield Running(kind, port, log_file, options)
    finally:
        process.kill()
        process.wait(20)


def test_who_is_revoked_is_cut_off_within_a_minute_and_stays_out(
    running: Running, city: Authority, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "polewatch", "broker", "apply", running.kind]
    follower = subprocess.Popen([*command, *running.options, "--follow"], stdout=subprocess.PIPE)
    try:
        assert follower.stdout is not None
        assert follower.stdout.readline()
        with MqttPeer(running, city.identity("pole-001-1")) as other:
            revoked = MqttPeer(running, city.identity("pole-002-1")).connect()
            city.revoke("pole-002-1")
            began = time.monotonic()
            revoked.wait_cut(60)
            print(f"{running.kind}: cut off after {time.monotonic() - began:.1f} s")
            with pytest.raises(RefusedError):
                MqttPeer(running, city.identity("pole-002-1")).connect()
            assert other.connected
    finally:
        follower.send_signal(signal.SIGTERM)
        try:
            code = follower.wait(30)
        finally:
            follower.kill()
        assert code == 0


def test_without_a_running_broker_it_says_so(city: Authority, tmp_path: Path) -> None:
    done = _polewatch(
        *("broker", "apply", "nats", "--out", str(tmp_path / "nats.conf")),
        *("--register", str(city.register_file), "--store", str(tmp_path / "store")),
        *("--identity", str(city.identity("broker"))),
        code=1,
    )
    assert "no running broker" in done


def _polewatch(*arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "polewatch", *arguments],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def _mosquitto() -> str:
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.fail("mosquitto is not installed; run: bash tests/support/debian.sh")
    return found
