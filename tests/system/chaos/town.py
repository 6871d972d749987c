"""The processes of a run: a pole's uplink, a broker, a collector, and an agency that receives."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
from pathlib import Path
from typing import Any, Protocol

import yaml
from joserfc.util import urlsafe_b64decode

from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from tests.support.broker import HOST
from tests.support.faulted import FILE_VARIABLE
from tests.support.impair import ImpairedPath
from tests.support.wait import wait_until
from tests.support.zygote import Forked, Zygote
from tests.system.chaos.agency import Agency
from tests.system.chaos.books import Number
from wire.envelope import CloudEvent, body
from wire.event import LossRecord

DISK_BYTES = 8 * 1024 * 1024
CENTRE_DISK_BYTES = 96 * 1024 * 1024
ROUTES = {"routes": [{"name": "all", "types": ["intrusion"], "agencies": ["police"]}]}
IMPORTS = ("collector.app", "tests.support.uplink", "tests.support.findings", "argparse")


class Brokers(Protocol):
    """A broker of one process or more."""

    ports: list[int]

    def start(self) -> None: ...

    def kill(self) -> None: ...

    def close(self) -> None: ...

    def forget(self) -> None:
        """While it is down: lose everything that it was given."""


class Program:
    """A process that is armed by a file, killed and started again."""

    def __init__(self, zygote: Zygote, folder: Path, name: str, module: str) -> None:
        self._zygote, self._module = zygote, module
        self._log = folder / f"{name}.log"
        self._faults = folder / f"{name}.fault"
        self._process: Forked | None = None
        self.disarm()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    def launch(self, arguments: list[str], stdin: int, stdout: int) -> None:
        environment = {FILE_VARIABLE: str(self._faults)}
        with self._log.open("ab") as errors:
            self._process = self._zygote.fork(
                self._module, arguments, environment=environment,
                stdin=stdin, stdout=stdout, stderr=errors.fileno(),
            )  # fmt: skip

    def arm(self, setting: str) -> None:
        """Have it end at `point:nth` from now on."""
        fresh = self._faults.with_suffix(".new")
        fresh.write_text(setting)
        fresh.replace(self._faults)

    def disarm(self) -> None:
        self.arm("")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)

    def send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


def _small_disk(where: Path, size: int) -> Path:
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", where], check=True)
    return where


class Pole:
    """The agent's uplink, on a small disk of its own."""

    def __init__(self, zygote: Zygote, folder: Path, authority: Path, port: int) -> None:
        self.disk = _small_disk(folder / "disk", DISK_BYTES)
        self.data = self.disk / "pole"
        self.data.mkdir()
        self.program = Program(zygote, folder, "pole", "tests.system.chaos.pole")
        self._arguments = [
            *("--authority", str(authority), "--folder", str(self.data)),
            *("--host", HOST, "--port", str(port)),
        ]
        self.committed: dict[str, Number] = {}
        self.depth: int | None = None
        self.connected = False
        self.done: int | None = None
        self.refused = 0
        self._told: Any = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start; returns at once."""
        there, self_in = os.pipe()
        out, there_out = os.pipe()
        self.depth, self.connected, self.done = None, False, None
        self.program.launch(self._arguments, there, there_out)
        os.close(there)
        os.close(there_out)
        self._told = os.fdopen(self_in, "w", buffering=1)
        self._reader = threading.Thread(target=self._read, args=(out,), daemon=True)
        self._reader.start()

    def tell(self, **what: object) -> None:
        """A line on its standard input; nothing when it is dead."""
        try:
            self._told.write(json.dumps(what) + "\n")
        except (OSError, ValueError):
            return

    def buried(self) -> None:
        """It is dead: hear its last words, and what it committed and could not say any more."""
        assert not self.program.alive
        if self._reader is not None:
            self._reader.join(10)
        with contextlib.suppress(OSError):
            self._told.close()
        self.committed.update(self._on_disk())

    def kill(self) -> None:
        self.program.kill()
        self.buried()

    def _on_disk(self) -> dict[str, Number]:
        """Findings that stand in the outbox, read from a copy: reading changes the original."""
        copy = self.disk.parent / "look"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for file in (self.data / "outbox").glob("outbox.db*"):
            shutil.copy(file, copy / file.name)
        if not (copy / "outbox.db").exists():
            return {}
        run = sqlite3.connect(copy / "outbox.db")
        try:
            rows = run.execute("SELECT id, epoch, seq FROM message WHERE kind = 'finding'")
            return {id: (epoch, seq) for id, epoch, seq in rows}
        except sqlite3.DatabaseError:
            return {}
        finally:
            run.close()

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor) as lines:
            for line in lines:
                if not line.endswith("\n"):
                    return
                said = json.loads(line)
                if "put" in said:
                    self.committed[said["put"]] = (said["epoch"], said["seq"])
                elif "done" in said:
                    self.done = said["done"]
                elif "refused" in said:
                    self.refused += 1
                else:
                    self.depth, self.connected = said["depth"], said["connected"]


class Collector:
    """The real collector, on a disk of its own, started again when it ends, as a service is."""

    def __init__(self, zygote: Zygote, folder: Path, city: Authority, port: int) -> None:
        self.disk = _small_disk(folder / "centre", CENTRE_DISK_BYTES)
        self._clock = folder / "centre.clock"
        self.step_clock(0)
        self._config = folder / "collector.yaml"
        (folder / "routing.yaml").write_text(yaml.safe_dump(ROUTES))
        self._config.write_text(
            yaml.safe_dump(
                {
                    "site": "testcity",
                    "identity": str(city.identity("collector")),
                    "register_file": str(city.register_file),
                    "data": str(self.disk / "data"),
                    "routing": "routing.yaml",
                    "broker": {
                        "host": HOST,
                        "port": port,
                        "words_identity": str(city.identity("words")),
                    },
                    "http": {"host": HOST, "port": free_port()},
                    "signer": {
                        "url": f"http://{HOST}:1",
                        "certificate": str(city.identity("signer") / "cert.pem"),
                    },
                    "dispatch": {"first_retry_s": 0.5, "longest_retry_s": 2.0},
                    "inbox": {"gap_after_s": 0.5, "gap_every_s": 0.5, "hold_stills_s": 60},
                }
            )
        )
        self.program = Program(zygote, folder, "collector", "tests.system.chaos.centre")
        self.database = self.disk / "data" / "collector.sqlite"
        self._losses: dict[str, LossRecord] = {}
        self.forgot = False
        """Its database was damaged once."""

    def start(self) -> None:
        with Path(os.devnull).open("r+b") as nothing:
            self.program.launch(
                [str(self._config), str(self._clock)], nothing.fileno(), nothing.fileno()
            )

    def step_clock(self, seconds: float) -> None:
        """Its wall clock is off by so much from now on."""
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self._clock)

    def heard(self, device: str) -> bool:
        """Whether it knows of the device yet."""
        try:
            return bool(self._rows(f"SELECT 1 FROM device WHERE device = '{device}'"))
        except sqlite3.OperationalError:
            return False

    def waiting(self) -> int:
        """Deliveries that no agency has acknowledged."""
        (row,) = self._rows("SELECT count(*) FROM delivery WHERE state <> 'done'")
        return int(row[0])

    def refused_because(self) -> list[str]:
        """The newest reasons in the quarantine, one each, with a topic."""
        rows = self._rows(
            "SELECT reason, topic, detail FROM quarantine WHERE number IN"
            " (SELECT max(number) FROM quarantine GROUP BY reason) ORDER BY number DESC LIMIT 3"
        )
        return [f"{reason} on {topic} ({detail})" for reason, topic, detail in rows]

    def losses(self) -> list[LossRecord]:
        """All loss records that it has."""
        for row in self._rows("SELECT id, token FROM event WHERE kind = 'loss'"):
            if row[0] not in self._losses:
                event = CloudEvent.model_validate_json(urlsafe_b64decode(row[1].split(b".")[1]))
                self._losses[row[0]] = body(event, LossRecord)
        return list(self._losses.values())

    def figures(self) -> tuple[int, int, int]:
        """Numbers missing, messages in quarantine, duplicates dropped."""
        # Of a delivery that went with a damaged database the agency's word may come again.
        known = "delivery" if self.forgot else ""
        (row,) = self._rows(
            "SELECT (SELECT coalesce(sum(missing), 0) FROM progress),"
            f" (SELECT count(*) FROM quarantine WHERE reason <> '{known}'),"
            " (SELECT coalesce(sum(duplicates), 0) FROM device)"
        )
        return row[0], row[1], row[2]

    def _rows(self, sql: str) -> list[Any]:
        run = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return run.execute(sql).fetchall()
        finally:
            run.close()


class Town:
    """Everything together; `close` ends it all."""

    def __init__(self, folder: Path, city: Authority, broker: Brokers, seed: int) -> None:
        self.folder = folder
        self.broker = broker
        self.zygote = Zygote(*IMPORTS)
        broker.start()
        self.path = ImpairedPath(HOST, broker.ports, seed)
        self.clear_path = ImpairedPath(HOST, broker.ports, seed)
        self.pole = Pole(self.zygote, folder, city.folder, self.path.port)
        self.collector = Collector(self.zygote, folder, city, self.clear_path.port)
        self.agency = Agency(city.identity("police"), HOST, self.clear_path.port)
        self.collector.start()
        self.pole.start()
        wait_until(lambda: self.pole.connected, 30, "the pole's first connection")
        wait_until(lambda: self.collector.heard("pole-001-1"), 30, "the collector to hear it")

    def close(self) -> None:
        self.agency.close()
        self.pole.program.kill()
        self.collector.program.kill()
        self.broker.close()
        self.path.close()
        self.clear_path.close()
        self.zygote.close()
        for disk in (self.pole.disk, self.collector.disk):
            subprocess.run(["umount", disk], check=False)
