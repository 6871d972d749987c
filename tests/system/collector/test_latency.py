"""From the event at the broker to the police's own program, fifty a second, each an incident."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.centre import Centre
from tests.support.device import Wired, finding
from tests.support.wait import wait_until

RATE = 50
EVENTS = 600
P99_MS = 250


class Police:
    """`polewatch.receiver` as a process; it acknowledges what it gets."""

    def __init__(self, folder: Path, city: Authority, broker: BrokerHandle) -> None:
        self._out = folder / "police.jsonl"
        with self._out.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "polewatch.receiver", "--agency", "police",
                    "--identity", str(city.identity("police")), "--port", str(broker.port),
                ],
                stdout=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        wait_until(lambda: "connected" in self._out.read_text(), 20, "the police to connect")

    def latencies_ms(self) -> list[float]:
        """Of the first arrival of each incident, from its event's frame on."""
        found: dict[str, float] = {}
        for line in self._out.read_text().splitlines():
            told = json.loads(line)
            if "acknowledged" in told:
                found.setdefault(told["incident"], told["latency_ms"])
        return list(found.values())

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture
def police(tmp_path: Path, city: Authority, broker: BrokerHandle) -> Iterator[Police]:
    made = Police(tmp_path, city, broker)
    yield made
    made.stop()


@pytest.mark.timed
def test_the_police_have_it_within_a_quarter_of_a_second(
    centre: Centre, pole: Wired, police: Police
) -> None:
    centre.collector.start()
    pace = threading.Event()
    for n in range(EVENTS):
        # Every event opens an incident of its own: the costliest case.
        token = pole.device.put(finding(camera=f"cam-{n}"))
        pole.peer.publish_later(pole.device.address.event(), token)
        pace.wait(1 / RATE)
    wait_until(lambda: len(police.latencies_ms()) == EVENTS, 60, "all incidents at the police")
    took = sorted(police.latencies_ms())
    p50, p99 = took[EVENTS // 2], took[EVENTS * 99 // 100]
    print(
        f"event to police at {RATE}/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {took[-1]:.0f} ms"
    )
    assert p99 <= P99_MS
    wait_until(
        lambda: (
            centre.rows("SELECT count(*) AS n FROM delivery WHERE state = 'done'")[0]["n"] == EVENTS
        ),
        30,
        "all deliveries to be done",
    )
