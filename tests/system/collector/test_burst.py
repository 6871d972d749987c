"""A burst survives the collector's death: every event once, every event receipted."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import make_broker
from tests.support.centre import Centre
from tests.support.device import SimDevice, Wired, finding
from tests.support.mqtt import MqttPeer
from tests.support.wait import wait_until
from wire.topics import agency_incident, agency_rights

BURST = 5000
CAMERAS = 500
DRAINED_PER_S = 800
RESEND_AFTER_S = 3.0
"""Without a receipt."""


def _drained(pole: Wired) -> bool:
    """One look of a device at its outbox: hear, and send again what is due."""
    return not pole.hear().outbox


@pytest.mark.timeout(400)
def test_a_burst_survives_kill_9_of_the_collector(centre: Centre, pole: Wired) -> None:
    centre.collector.start()
    tokens = [pole.device.put(finding(camera=f"cam-{n % CAMERAS}")) for n in range(BURST)]
    sent = set(pole.device.outbox)
    pole.send(*tokens[: BURST // 2])
    wait_until(lambda: len(pole.hear().receipted) > BURST // 8, 60, "first receipts")
    centre.collector.kill()
    pole.send(*tokens[BURST // 2 :])
    centre.collector.start()
    heard, heard_at = 0, time.monotonic()

    def settled() -> bool:
        nonlocal heard, heard_at
        if _drained(pole):
            return True
        # What is on its way is not sent again: a slow collector would never come to its end.
        if len(pole.device.receipted) > heard:
            heard, heard_at = len(pole.device.receipted), time.monotonic()
        elif time.monotonic() - heard_at > RESEND_AFTER_S:
            pole.send(*(token for _, token in pole.device.outbox.values()))
            heard_at = time.monotonic()
        return False

    wait_until(settled, 180, "all receipts")
    assert pole.device.receipted == sent
    assert pole.device.refused == set()
    stored = [row["id"] for row in centre.rows("SELECT id FROM event")]
    assert len(stored) == BURST
    assert set(stored) == sent
    wait_until(lambda: pole.hear().contiguous == BURST, 30, "the last receipt")
    progress = centre.rows("SELECT contiguous, missing FROM progress")
    assert [tuple(row) for row in progress] == [(BURST, 0)]
    assert centre.rows("SELECT count(*) AS n FROM quarantine")[0]["n"] == 0


@pytest.mark.timed
def test_what_waited_while_the_collector_was_down_drains_fast(centre: Centre, pole: Wired) -> None:
    # The broker keeps the session of a collector that was there before.
    centre.collector.start()
    centre.collector.stop()
    pole.send(*(pole.device.put(finding(camera=f"cam-{n % CAMERAS}")) for n in range(BURST)))
    centre.collector.start()
    wait_until(lambda: _drained(pole), 60, "all receipts")
    over = datetime.now(UTC)
    first = centre.rows("SELECT min(received_at) FROM event")[0][0]
    took = (over - datetime.fromisoformat(first)).total_seconds()
    print(
        f"drained {BURST} events in {took:.2f} s from the first to the last receipt, "
        f"{BURST / took:.0f} a second; {centre.collector.cpu_s():.1f} CPU seconds since its start"
    )
    assert len(centre.rows("SELECT id FROM event")) == BURST
    assert BURST / took >= DRAINED_PER_S


@pytest.mark.parametrize(
    "point", ["inbox.written:2", "inbox.committed:2", "inbox.announced:2", "dispatch.sent:2"]
)
def test_it_may_die_between_any_two_steps(tmp_path: Path, city: Authority, point: str) -> None:
    broker = make_broker("nats", city, tmp_path / "broker")
    broker.start()
    centre = Centre(tmp_path / "centre", city, broker)
    device = SimDevice.load(city.register_file, city.identity("pole-001-1"))
    pole = Wired(device, broker).connect()
    police = MqttPeer(broker, city.identity("police")).connect()
    police.subscribe(*agency_rights("police").subscribe)
    try:
        centre.collector.start(faulted=point)
        tokens = [device.put(finding(camera=f"cam-{n}")) for n in range(5)]
        sent = set(device.outbox)
        for left, token in zip(range(4, -1, -1), tokens, strict=True):
            pole.send(token)
            # One by one: what waits together is committed together, and reaches the point once.
            wait_until(partial(_heard_or_dead, pole, left, centre), 60, "a receipt, or its death")
        centre.collector.wait_dead(60)
        centre.collector.start()

        def settled() -> bool:
            if not _drained(pole):
                pole.send(*(token for _, token in device.outbox.values()))
            return not device.outbox

        wait_until(settled, 60, "all receipts")
        assert {row["id"] for row in centre.rows("SELECT id FROM event")} == sent
        assert centre.rows("SELECT count(*) AS n FROM incident")[0]["n"] == 5
        wait_until(lambda: len(_deliveries(police)) == 5, 60, "five deliveries at the police")
    finally:
        police.close()
        pole.close()
        centre.stop()
        broker.stop()


def _heard_or_dead(pole: Wired, left: int, centre: Centre) -> bool:
    return len(pole.hear().outbox) <= left or not centre.collector.alive


def _deliveries(police: MqttPeer) -> set[str]:
    return {
        json.loads(payload)["data"]["delivery_id"]
        for topic, payload in police.received
        if topic == agency_incident("police")
    }
