"""The whole of Polewatch as one test's own: processes to be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Page

from collector.config import CollectorSettings
from collector.signer.accounts import Account, Role, SignerStore
from collector.signer.config import SignerSettings
from collector.store.reader import Reader
from polewatch.demo.processes import Started, start
from polewatch.demo.run import Demo
from polewatch.demo.site import PERSON, Asked, Broker
from tests.support.wait import wait_until
from tests.support.zygote import CENTRE, zygote
from wire.health import Health
from wire.settings import load_settings

FIRST_ALARM_S = 120.0

AnyDemo = TypeVar("AnyDemo", bound=Demo)

QUARTERS: list[Asked] = [
    {
        "id": f"q{number}",
        "polygon": [[x, y], [x + 0.5, y], [x + 0.5, y + 0.5], [x, y + 0.5]],
    }
    for number, (x, y) in enumerate([(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)])
]
BUSY: list[Asked] = [
    {"id": f"r{number}", "type": "intrusion", "zone": f"q{number}", "cooldown_s": 0}
    for number in range(4)
]
"""Somebody enters a quarter of the street every few seconds: tests need not wait for it."""


def forked(argv: Sequence[str]) -> Started:
    """A part of a demo that need not import: that is half of what its start costs."""
    interpreter, option, module, *arguments = argv
    # What an agent imports starts threads, which no child would have.
    if (interpreter, option) != (sys.executable, "-m") or arguments[:1] == ["agent"]:
        return start(argv)
    return zygote(*CENTRE).fork(module, arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@contextmanager
def running(demo: AnyDemo) -> Iterator[AnyDemo]:
    """`demo` while it runs; every process is gone afterwards."""
    with demo:
        try:
            yield demo
        finally:
            # Nobody asks any more how they end; in order, one after the other, it takes seconds.
            for child in demo.family.children.values():
                child.kill()


@contextmanager
def whole_demo(folder: Path, broker: Broker = "nats") -> Iterator[Demo]:
    """A running demo in `folder`, its rules busy; every process is gone afterwards."""
    with running(Demo(folder, broker=broker, zones=QUARTERS, rules=BUSY, launch=forked)) as demo:
        yield demo


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests of a module: `console`, `PERSON` and `secret` sign in."""
    with whole_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


def kill(demo: Demo, part: str) -> None:
    """End a part as a power cut would."""
    child = demo.family.children.pop(part)
    os.killpg(child.pid, signal.SIGKILL)
    child.stop()


def end(demo: Demo, part: str) -> None:
    """End a part in order; a demo that is left would kill it after ten seconds."""
    demo.family.children.pop(part).stop(100.0)


def first_alarm(demo: Demo) -> None:
    """Wait until the police acknowledged the first incident."""

    def arrived() -> bool:
        demo.tick()
        return demo.sighting() is not None

    wait_until(arrived, FIRST_ALARM_S, "an incident acknowledged by the police")


def health(demo: Demo) -> Health:
    """The agent's newest figures."""
    wait_until(lambda: demo.books.health() is not None, 60, "the agent's figures")
    figures = demo.books.health()
    assert figures is not None
    return figures


def recorded_s(demo: Demo) -> float:
    """How much the one camera's ring holds, as the agent told last."""
    demo.tick()
    (camera,) = health(demo).cameras
    if camera.ring_start is None or camera.ring_end is None:
        return 0.0
    return (camera.ring_end - camera.ring_start).total_seconds()


def reader(demo: Demo) -> Reader:
    """The collector's store, read beside it."""
    settings = load_settings(demo.site.collector_config, CollectorSettings)
    return Reader(settings.data / "collector.sqlite", settings.places())


def add_person(demo: Demo, name: str, agency: str, role: Role) -> None:
    """An account whose password is the demo's."""
    store = SignerStore(load_settings(demo.site.signer_config, SignerSettings).data)
    try:
        store.add(Account(name, agency, (role,)), demo.secret, datetime.now(UTC))
    finally:
        store.close()


def sign_in(page: Page, demo: Demo, person: str = PERSON) -> None:
    """By the door, as a person does; returns when the queue is loaded."""
    page.goto(f"{demo.console}/")
    page.wait_for_selector("html[data-ready] #sign-in")
    page.locator("[name=name]").fill(person)
    page.locator("[name=password]").fill(demo.secret)
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready] #camera-totals", state="attached")
