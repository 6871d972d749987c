"""A backup by the real command while the collector takes in a burst, and the way back from it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from typing import Any

import pytest

from tests.support.centre import Centre
from tests.support.device import Wired, finding
from tests.support.wait import wait_until

FIRST, MEANWHILE = 200, 400


def run(centre: Centre, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "collector", *words, "--config", str(centre.config)],
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def told(centre: Centre, *words: str) -> dict[str, Any]:
    done = run(centre, *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(600)
def test_backed_up_while_running_and_restored(centre: Centre, pole: Wired) -> None:
    centre.collector.start()
    pole.send(*(pole.device.put(finding(camera=f"cam-{n % 40}")) for n in range(FIRST)))
    wait_until(lambda: len(pole.hear().receipted) == FIRST, 60, "the first events' receipts")
    safe = set(pole.device.receipted)
    tokens = [pole.device.put(finding(camera=f"cam-{n % 40}")) for n in range(MEANWHILE)]
    sender = threading.Thread(target=pole.send, args=tokens)
    sender.start()
    target = centre.folder / "saved.sqlite"
    saved = told(centre, "backup", str(target))
    sender.join(60)
    assert saved["events"] >= FIRST
    wait_until(lambda: not pole.hear().outbox, 60, "the other events' receipts")
    refused = run(centre, "restore", str(target))
    assert refused.returncode == 1
    assert "stop that one first" in refused.stderr
    centre.collector.kill()
    # The machine is lost with all that came after the backup.
    shutil.rmtree(centre.folder / "data")
    restored = told(centre, "restore", str(target))
    assert (restored["events"], restored["aside"]) == (saved["events"], None)
    centre.collector.start()
    check = told(centre, "ledger", "verify")
    assert (check["fault"], check["head"]) == (None, saved["ledger_head"])
    assert {row["id"] for row in centre.rows("SELECT id FROM event")} >= safe
    pole.send(pole.device.put(finding()))
    wait_until(lambda: not pole.hear().outbox, 60, "the receipt of an event after the restore")
    # What came after the backup is missed, and asked for.
    if saved["events"] < FIRST + MEANWHILE:
        wait_until(lambda: pole.hear().gaps, 60, "a question for the numbers that are missing")
