"""A collector and a signer as real processes, for a broker and a city of the test's own."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from collector.config import CollectorSettings
from collector.signer.accounts import SignerStore
from collector.signer.permit import CameraName, PermitRequest
from collector.signer.permits import Permits
from collector.store.reader import Reader
from polewatch.bench.live import cpu_s
from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from tests.support.broker import HOST, BrokerHandle
from tests.support.lines import whole_lines
from tests.support.wait import wait_until
from tests.support.zygote import CENTRE, Forked, zygote
from wire.grant import PersonToken
from wire.identity import Identity
from wire.names import new_id
from wire.settings import load_settings

READY_S = 60.0
END_S = 60.0
ROUTES = {
    "routes": [
        {"name": "crime", "types": ["intrusion", "fight", "plate"], "agencies": ["police"]},
        {"name": "rescue", "types": ["fire", "smoke", "fall"], "agencies": ["fire"]},
    ],
}


class Program:
    """One process of the centre."""

    def __init__(self, arguments: list[str], log_file: Path) -> None:
        """`arguments` as of `python -m`."""
        self._arguments = arguments
        self.log_file = log_file
        self._process: Forked | None = None
        self.url = ""

    def start(self, *, faulted: str | None = None) -> None:
        """Start and wait for the ready line; `faulted` arms a fault point."""
        before = self.log_file.stat().st_size if self.log_file.exists() else 0
        module, *arguments = self._arguments
        with self.log_file.open("ab") as output:
            self._process = zygote(*CENTRE).fork(
                module,
                arguments,
                stdout=output.fileno(),
                stderr=subprocess.STDOUT,
                environment={"POLEWATCH_FAULT_POINT": faulted} if faulted else None,
            )
        line = wait_until(lambda: self._ready(before), READY_S, f"ready: {self.log_file}")
        assert line is not None
        self.url = str(line["http"])

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def cpu_s(self) -> float:
        """CPU seconds since its start."""
        assert self._process is not None
        return cpu_s(self._process.pid)

    def kill(self) -> None:
        """End as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End in order; returns the exit code."""
        return self._end(signal.SIGTERM)

    def wait_dead(self, timeout_s: float) -> None:
        """Wait until it has ended by itself."""
        process = self._process
        assert process is not None
        wait_until(lambda: process.poll() is not None, timeout_s, f"end of {self._arguments[0]}")
        self._process = None

    def _ready(self, skip: int) -> dict[str, Any] | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"it ended at its start:\n{self.log_file.read_text()[-3000:]}")
        for line in whole_lines(self.log_file, skip):
            if line.startswith('{"ready"'):
                found: dict[str, Any] = json.loads(line)
                return found
        return None

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


class Centre:
    """Configuration, processes and the store of one centre."""

    def __init__(
        self,
        folder: Path,
        city: Authority,
        broker: BrokerHandle,
        changed: dict[str, Any] | None = None,
    ) -> None:
        """`changed` replaces top-level keys of collector.yaml."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.signer_port = free_port()
        self.config = folder / "collector.yaml"
        self.signer_config = folder / "signer.yaml"
        (folder / "routing.yaml").write_text(yaml.safe_dump(ROUTES))
        settings: dict[str, Any] = {
            "site": "testcity",
            "identity": str(city.identity("collector")),
            "register_file": str(city.register_file),
            "data": "data",
            "routing": "routing.yaml",
            "broker": {
                "host": broker.host,
                "port": broker.port,
                "words_identity": str(city.identity("words")),
            },
            "http": {"host": HOST, "port": 0},
            "signer": {
                "url": f"http://{HOST}:{self.signer_port}",
                "certificate": str(city.identity("signer") / "cert.pem"),
                # Hashing a password takes seconds where ten others want the same core.
                "timeout_s": 30,
            },
            "cameras": [
                {
                    "device": "pole-001-1",
                    "camera": "cam-1",
                    "title": "정문",
                    "title_en": "Main gate",
                    "lat": 37.5,
                    "lon": 126.7,
                }
            ],
        }
        settings.update(changed or {})
        self.config.write_text(yaml.safe_dump(settings, allow_unicode=True))
        self.signer_config.write_text(
            yaml.safe_dump(
                {
                    "identity": str(city.identity("signer")),
                    "register_file": str(city.register_file),
                    "data": "signer-data",
                    "http": {"host": HOST, "port": self.signer_port},
                }
            )
        )
        self.collector = Program(
            ["collector", "run", "--config", str(self.config), "--print-ready"],
            folder / "collector.log",
        )
        self.signer = Program(
            ["collector", "signer", "--config", str(self.signer_config), "--print-ready"],
            folder / "signer.log",
        )

    def add_person(self, name: str, password: str, agency: str, role: str) -> None:
        """Make an account by the real command."""
        done = subprocess.run(
            [
                sys.executable, "-m", "collector", "user", "add", name, "--agency", agency,
                "--role", role, "--config", str(self.signer_config), "--password-stdin",
            ],
            input=password + "\n", text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def reader(self) -> Reader:
        """The store, read beside the collector."""
        settings = load_settings(self.config, CollectorSettings)
        return Reader(settings.data / "collector.sqlite", settings.places())

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """A query on the store."""
        path = self.folder / "data" / "collector.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as run:
            run.row_factory = sqlite3.Row
            return run.execute(sql, values).fetchall()

    def stop(self) -> None:
        """End whatever runs."""
        self.collector.stop()
        self.signer.stop()


def permit_officers(store: SignerStore, city: Authority, *agencies: str) -> None:
    """An operator has permitted their officers the one camera for the case of these tests."""
    now = datetime.now(UTC)
    operator = PersonToken(
        token_id=new_id(), person="oper", agency="centre", roles=("operator",),
        issued_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    permits = Permits(store, Identity.load(city.identity("signer")))
    for agency in agencies:
        wanted = PermitRequest(
            service="emergency-video", agency=agency, case="2026-1", basis="PIPA 18(2)3",
            cameras=(CameraName(device="pole-001-1", camera="cam-1"),), purpose="search",
            start_at=now - timedelta(days=2),
        )  # fmt: skip
        permits.give(operator, wanted, now, lambda: ("pole-001-1",))
