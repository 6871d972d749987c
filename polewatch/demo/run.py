"""One run of the demo: starts every part as a process of its own, watches, and ends them all."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from polewatch.demo.books import Books, ClipSummary, Summary, summarise
from polewatch.demo.clip import HEADERS, ClipError, Sighting, pull
from polewatch.demo.processes import Child, Family, ProcessError
from polewatch.demo.site import (
    CAMERA,
    CLIP,
    PERSON,
    Broker,
    DemoSite,
    Ports,
    free_port,
    make_site,
    write_agent,
)

READY_TIMEOUT_S = 30.0
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
    clip_file: Path = CLIP
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
            Ports(free_port(), free_port(), free_port(self.console_port)),
            self.broker,
        )
        self.books = Books(self.site.agent_data / "health.json")
        self.family = Family(self.folder / "logs")
        try:
            self._start()
        except BaseException:
            self.family.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.family.stop()

    def _start(self) -> None:
        self.start_broker()
        self.start_camera()
        self._add_person()
        self.start_signer()
        self.start_collector()
        for agency in RECEIVERS:
            self.start_receiver(agency)
        self.start_agent()

    # Each part can be ended and started again alone, on its own port and data.

    def start_broker(self) -> Child:
        config = str(self.site.broker_config)
        if self.broker == "mosquitto":
            program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
            if program is None:
                raise ProcessError("mosquitto is not installed; install it: apt install mosquitto")
            child = self.family.start("broker", [program, "-c", config])
            child.wait_for(lambda line: "running" in line, READY_TIMEOUT_S, "running")
            return child
        child = self.family.start_python("broker", "polewatch", "broker", "run", "--config", config)
        child.wait_for(lambda line: "Server is ready" in line, READY_TIMEOUT_S, "ready")
        return child

    def start_camera(self) -> Child:
        port = urlsplit(self.camera_url).port if self.camera_url else 0
        child = self.family.start_python(
            "camera", "polewatch.rtsp", "--file", str(self.clip_file), "--port", str(port)
        )
        self.camera_url = child.wait_for(
            lambda line: line.startswith("rtsp://"), READY_TIMEOUT_S, "an URL"
        )
        write_agent(self.site, self.camera_url)
        return child

    def start_signer(self) -> Child:
        return self._start_program("signer", "collector", "signer", self.site.signer_config)

    def start_collector(self) -> Child:
        return self._start_program("collector", "collector", "run", self.site.collector_config)

    def start_agent(self) -> Child:
        return self._start_program("agent", "agent", "run", self.site.agent_config)

    def start_receiver(self, agency: str) -> Child:
        child = self.family.start_python(
            agency, "polewatch.demo.receiver", "--agency", agency,
            "--identity", str(self.site.identity(agency)), "--port", str(self.site.ports.broker),
        )  # fmt: skip
        child.wait_for(lambda line: '"connected": true' in line, READY_TIMEOUT_S, "connected")
        return child

    def _start_program(self, name: str, program: str, command: str, config: Path) -> Child:
        child = self.family.start_python(
            name, "polewatch", program, command, "--config", str(config), "--print-ready"
        )
        child.wait_for(lambda line: '"ready": true' in line, READY_TIMEOUT_S, "ready")
        return child

    def _add_person(self) -> None:
        done = subprocess.run(
            [
                sys.executable, "-m", "polewatch", "collector", "user", "add", PERSON,
                "--config", str(self.site.signer_config), "--agency", "centre",
                "--role", "operator", "--password-stdin",
            ],
            input=self.secret + "\n", text=True, capture_output=True,
            timeout=READY_TIMEOUT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ProcessError(f"the operator's account was not made:\n{done.stderr[-800:]}")

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


def stop_on_signals() -> threading.Event:
    """Set by Ctrl-C or SIGTERM; the first one ends the run cleanly."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
