"""A finding's video is held on the pole until its incident is closed; a case's until released."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.signer.accounts import Account, SignerStore
from collector.signer.config import SignerSettings
from edge_agent.clips.holds import FILE_NAME
from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA
from tests.support.demo import first_alarm, health, kill, whole_demo
from tests.support.lines import whole_lines
from tests.support.wait import wait_until
from wire.settings import load_settings

CHIEF, PASSWORD = "chief", "correct horse battery"


def _held(demo: Demo) -> dict[str, str]:
    """Kind of each hold by its id, as the pole's journal says."""
    path = demo.site.agent_data / "ring" / CAMERA / FILE_NAME
    holds: dict[str, str] = {}
    for line in whole_lines(path):
        change = json.loads(line)
        if "place" in change:
            holds[change["place"]["id"]] = change["place"]["kind"]
        else:
            holds.pop(change["release"], None)
    return holds


def _rows(demo: Demo, sql: str, *values: str) -> list[Any]:
    path = demo.site.collector_config.parent / "data" / "collector.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as connection:
        return connection.execute(sql, values).fetchall()


def _device(demo: Demo) -> str:
    return str(_rows(demo, "SELECT device FROM incident LIMIT 1")[0][0])


@pytest.mark.timeout(400)
def test_held_until_the_incident_is_closed_and_the_case_is_released(tmp_path: Path) -> None:
    with whole_demo(tmp_path) as demo:
        store = SignerStore(load_settings(demo.site.signer_config, SignerSettings).data)
        store.add(Account(CHIEF, "centre", ("supervisor",)), PASSWORD, datetime.now(UTC))
        store.close()
        first_alarm(demo)
        (incident,) = _rows(demo, "SELECT incident_id FROM incident ORDER BY opened_at LIMIT 1")[0]
        of_it = "SELECT finding_id FROM incident_finding WHERE incident_id = ?"
        (finding,) = _rows(demo, of_it, incident)[0]
        wait_until(lambda: _held(demo).get(finding) == "event", 60, "the hold around the finding")
        with httpx.Client(base_url=demo.console, headers={"X-Polewatch": "1"}, timeout=60) as chief:
            answer = chief.post("/api/sign-in", json={"name": CHIEF, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            now = datetime.now(UTC)
            asked = {
                "device": _device(demo),
                "camera": CAMERA,
                "start_at": (now - timedelta(seconds=20)).isoformat(),
                "end_at": now.isoformat(),
                "case": "2026-1187",
                "reason": "an investigation is open",
            }
            answer = chief.post("/api/holds", json=asked)
            assert answer.status_code == 201, answer.text
            hold_id = answer.json()["hold_id"]
            assert _held(demo)[hold_id] == "case"
            decided = chief.post(f"/api/incidents/{incident}/decision", json={"decision": "closed"})
            assert decided.status_code == 204
            wait_until(lambda: finding not in _held(demo), 60, "the hold to end with the incident")
            # What is held for a case outlives the agent, and is let go when it is back.
            kill(demo, "agent")
            released = chief.post(f"/api/holds/{hold_id}/release", json={"reason": "case closed"})
            assert released.status_code == 204, released.text
            assert _held(demo)[hold_id] == "case"
            demo.start("agent")
            wait_until(lambda: hold_id not in _held(demo), 90, "the case's hold to be released")
        kinds = ("pole.hold.placed", "pole.hold.released")

        def entered() -> list[str]:
            sql = "SELECT kind FROM ledger WHERE kind IN (?, ?) ORDER BY number"
            return [row[0] for row in _rows(demo, sql, *kinds)]

        wait_until(lambda: entered() == list(kinds), 30, "both entries in the ledger")
        figures = health(demo).cameras[0]
        assert figures.ring_hours > 0
        assert figures.ring_budget_bytes > 0
