"""A burst survives the collector's death: every event once, every event receipted."""

from __future__ import annotations

import time

from tests.support.centre import Centre
from tests.support.device import Wired, finding
from tests.support.wait import wait_until

BURST = 2000
RESEND_EVERY_S = 3.0


def _drained(pole: Wired) -> bool:
    """One look of a device at its outbox: hear, and send again what is due."""
    return not pole.hear().outbox


def test_a_burst_survives_kill_9_of_the_collector(centre: Centre, pole: Wired) -> None:
    centre.collector.start()
    tokens = [pole.device.put(finding(camera=f"cam-{n % 40}")) for n in range(BURST)]
    sent = set(pole.device.outbox)
    pole.send(*tokens[: BURST // 2])
    wait_until(lambda: len(pole.hear().receipted) > BURST // 8, 30, "first receipts")
    centre.collector.kill()
    pole.send(*tokens[BURST // 2 :])
    centre.collector.start()
    last_sent = time.monotonic()

    def settled() -> bool:
        nonlocal last_sent
        if _drained(pole):
            return True
        if time.monotonic() - last_sent > RESEND_EVERY_S:
            pole.send(*(token for _, token in pole.device.outbox.values()))
            last_sent = time.monotonic()
        return False

    wait_until(settled, 60, "all receipts")
    assert pole.device.receipted == sent
    assert pole.device.refused == set()
    stored = [row["id"] for row in centre.rows("SELECT id FROM event")]
    assert len(stored) == BURST
    assert set(stored) == sent
    wait_until(lambda: pole.hear().contiguous == BURST, 10, "the last receipt")
    progress = centre.rows("SELECT contiguous, missing FROM progress")
    assert [tuple(row) for row in progress] == [(BURST, 0)]
    assert centre.rows("SELECT count(*) AS n FROM quarantine")[0]["n"] == 0


def test_what_waited_while_the_collector_was_down_drains_fast(centre: Centre, pole: Wired) -> None:
    # The broker keeps the session of a collector that was there before.
    centre.collector.start()
    centre.collector.stop()
    pole.send(*(pole.device.put(finding(camera=f"cam-{n % 40}")) for n in range(BURST)))
    began = time.monotonic()
    centre.collector.start()
    started = time.monotonic()
    wait_until(lambda: _drained(pole), 60, "all receipts")
    took = time.monotonic() - began
    print(f"drained {BURST} events in {took:.2f} s, {took - (started - began):.2f} s after ready")
    assert len(centre.rows("SELECT id FROM event")) == BURST
    # A measured figure stands in the documentation; this bound only catches a collapse.
    assert BURST / took > 100
