"""One run of the demo: starts every part as a process of its own, watches, and ends them all."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from collector.signer.accounts import Account, SignerStore
from collector.signer.config import SignerSettings
from polewatch.demo.books import Books, ClipSummary, Summary, summarise
from polewatch.demo.clip import HEADERS, ClipError, Sighting, pull
from polewatch.demo.ports import free_port
from polewatch.demo.processes import Family, ProcessError, Started, start
from polewatch.demo.site import (
    CAMERA,
    CLIP,
    PERSON,
    RULES,
    ZONES,
    Asked,
    Broker,
    DemoSite,
    Ports,
    make_site,
    write_agent,
)
from wire.clock import SystemClock
from wire.settings import load_settings

READY_TIMEOUT_S = 60.0
CLIP_SECONDS = 8.0
CLIP_AFTER_S = 4.0
DRAIN_TIMEOUT_S = 8.0
CONSOLE_PORT = 8600
RECEIVERS = ("police", "fire", "centre")


def password() -> str:
    """A random password that can be read out and typed: about 77 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


@dataclass(slots=True)
class Demo:
    """All parts of one run. Use as a context manager; leaving it ends every process."""

    folder: Path
    console_port: int = 0
    broker: Broker = "nats"
    zones: Sequence[Asked] = ZONES
    rules: Sequence[Asked] = RULES
    clip_file: Path = CLIP
    lines: Sequence[Asked] = ()
    health_s: float = 1
    neighbours: Sequence[Asked] = ()
    """Cameras of poles that are enrolled and do not run."""
    departments: Sequence[str] = ()
    """Agencies that are enrolled beside the usual ones; nobody receives for them."""
    launch: Callable[[Sequence[str]], Started] = start
    """What makes a process of a part's command line."""
    secret: str = field(default_factory=password)
    site: DemoSite = field(init=False)
    books: Books = field(init=False)
    family: Family = field(init=False)
    clip: ClipSummary | None = None
    camera_url: str = ""

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.site.ports.console}"

    def __enter__(self) -> Demo:
        self.site = make_site(
            self.folder,
            Ports(
                broker=free_port(),
                signer=free_port(),
                console=free_port(self.console_port),
                collector_metrics=free_port(),
                agent_metrics=free_port(),
            ),
            self.broker,
            self.neighbours,
            self.departments,
        )
        self.books = Books(self.site.agent_data / "health.json")
        self.family = Family(self.folder / "logs", self.launch)
        try:
            self._start()
        except BaseException:
            self.family.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.family.stop()

    def _start(self) -> None:
        # All are asked to start before any is waited for: most of it is Python importing.
        self._spawn("broker")
        self._spawn("camera")
        self._add_person()
        self._spawn("signer")
        self._ready("broker")
        self._spawn("collector")
        for agency in RECEIVERS:
            self._spawn(agency)
        self._ready("camera")
        self._spawn("agent")
        for part in ("signer", "collector", *RECEIVERS, "agent"):
            self._ready(part)

    def start(self, part: str) -> None:
        """Start a part that was ended, on its own port and data; raises ProcessError."""
        self._spawn(part)
        self._ready(part)

    def _spawn(self, part: str) -> None:
        argv = self._argv(part)
        if argv[0] == "-m":
            argv = [sys.executable, *argv]
        self.family.start(part, argv)

    def _ready(self, part: str) -> None:
        marks = {"broker": ("Server is ready", " running"), "camera": ("rtsp://",)}
        wanted = marks.get(part, ('"ready": true', '"connected": true'))
        line = self.family.children[part].wait_for(
            lambda line: any(mark in line for mark in wanted), READY_TIMEOUT_S, "ready"
        )
        if part == "camera":
            self.camera_url = line
            write_agent(self.site, line, self.zones, self.rules, self.lines, self.health_s)

    def _argv(self, part: str) -> list[str]:
        """The part's command line; one that begins with -m is this interpreter's."""
        site = self.site
        if part == "broker" and site.broker == "mosquitto":
            program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
            if program is None:
                raise ProcessError("mosquitto is not installed; install it: apt install mosquitto")
            return [program, "-c", str(site.broker_config)]
        # Its port is kept over its restarts, so it is none that an outgoing connection may take.
        port = urlsplit(self.camera_url).port if self.camera_url else free_port()
        programs = {
            "broker": ["broker", "run", "--config", str(site.broker_config)],
            "signer": ["collector", "signer", "--config", str(site.signer_config)],
            "collector": ["collector", "run", "--config", str(site.collector_config)],
            "agent": ["agent", "run", "--config", str(site.agent_config)],
        }
        if part in programs:
            ready = [] if part == "broker" else ["--print-ready"]
            return ["-m", "polewatch", *programs[part], *ready]
        if part == "camera":
            return ["-m", "polewatch.rtsp", "--file", str(self.clip_file), "--port", str(port)]
        return [
            "-m", "polewatch.receiver", "--agency", part,
            "--identity", str(site.identity(part)), "--port", str(site.ports.broker),
        ]  # fmt: skip

    def _add_person(self) -> None:
        settings = load_settings(self.site.signer_config, SignerSettings)
        store = SignerStore(settings.data)
        try:
            account = Account(PERSON, "centre", ("operator",))
            store.add(account, self.secret, SystemClock().now())
        finally:
            store.close()

    def tick(self) -> None:
        """Take in what the receivers said; raises ProcessError when a part has ended."""
        for agency in RECEIVERS:
            for line in self.family.children[agency].lines():
                self.books.take_receiver_line(agency, line)
        self.family.check()

    def sighting(self) -> Sighting | None:
        """The first incident that reached an agency."""
        for said in self.books.acknowledged.get("police", {}).values():
            return Sighting(
                said["device"],
                said["camera"],
                datetime.fromisoformat(said["opened_at"]),
                said["incident"],
            )
        return None

    def pull_clip(self) -> None:
        """Pull the first incident's clip; raises ClipError."""
        seen = self.sighting()
        if seen is None:
            raise ClipError("no incident reached the police in time; see the agent's log")
        ring = self.site.agent_data / "ring" / CAMERA
        self.clip = asyncio.run(pull(self.console, PERSON, self.secret, seen, ring, CLIP_SECONDS))

    def finish(self) -> Summary:
        """End the agent, let the last receipts and acknowledgements come, and close the books."""
        self.tick()
        agent = self.family.children.pop("agent")
        agent.stop(DRAIN_TIMEOUT_S + 10)
        _until(self._settled, DRAIN_TIMEOUT_S)
        health = self.books.health()
        if health is None:
            raise ProcessError(f"the agent left no figures.\n{agent.last_words()}")
        return summarise(self.books, health, self._incidents(), self.clip)

    def _settled(self) -> bool:
        before = sum(self.books.deliveries().values())
        self.tick()
        return sum(self.books.deliveries().values()) == before

    def _incidents(self) -> int:
        with httpx.Client(base_url=self.console, timeout=10, headers=HEADERS) as client:
            answer = client.post("/api/sign-in", json={"name": PERSON, "password": self.secret})
            answer.raise_for_status()
            summary = client.get("/api/summary")
            summary.raise_for_status()
            return int(summary.json()["incidents"])


def _until(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False


def run_headless(demo: Demo, seconds: float, stop: threading.Event) -> Summary:
    """Watch for `seconds`, pulling one clip on the way; raises ProcessError or ClipError."""
    deadline = time.monotonic() + seconds
    pull_at: float | None = None
    while time.monotonic() < deadline and not stop.is_set():
        demo.tick()
        if pull_at is None and demo.sighting() is not None:
            pull_at = time.monotonic() + CLIP_AFTER_S
        if demo.clip is None and pull_at is not None and time.monotonic() >= pull_at:
            demo.pull_clip()
        stop.wait(0.2)
    if demo.clip is None:
        demo.pull_clip()
    return demo.finish()


def write_ready(path: Path, demo: Demo) -> None:
    """For scripts: where the console is, who signs in, which processes run."""
    values = {
        "console": demo.console,
        "person": PERSON,
        "password": demo.secret,
        "folder": str(demo.folder),
        "device": demo.site.device,
        "pids": {name: child.pid for name, child in demo.family.children.items()},
    }
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file)
    fresh.replace(path)
