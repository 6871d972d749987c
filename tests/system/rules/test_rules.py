"""Rules from the centre to a running box: tried on its ring, applied, and there after kill -9."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON, Asked
from tests.support.demo import forked, health, kill, running
from tests.support.wait import wait_until

STREET: Asked = {"id": "street", "polygon": [[0.0, 0.1], [1.0, 0.1], [1.0, 1.0], [0.0, 1.0]]}
IN_FILE: list[Asked] = [{"id": "old", "type": "loitering", "zone": "street", "seconds": 3}]
DRAFT = {
    "zones": [
        {"id": "yard", "polygon": [[0.0, 0.66], [0.34, 0.66], [0.34, 1.0], [0.0, 1.0]]},
        {"id": "sky", "polygon": [[0.6, 0.0], [1.0, 0.0], [1.0, 0.1]]},
    ],
    "lines": [],
    "rules": [
        {"id": "fresh", "type": "intrusion", "zone": "yard", "cooldown_s": 0},
        {"id": "never", "type": "intrusion", "zone": "sky"},
    ],
}
PLATES = DRAFT | {"rules": [{"id": "plates", "type": "plate"}]}
RECORDED_S = 20.0


class Centre:
    """The console's own questions about the one camera, as somebody who is signed in."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.url = f"/api/rules/{demo.site.device}/{CAMERA}"
        self.client = httpx.Client(
            base_url=demo.console, headers={"X-Polewatch": "1"}, timeout=30, trust_env=False
        )
        answer = self.client.post("/api/sign-in", json={"name": PERSON, "password": demo.secret})
        assert answer.status_code == 200, answer.text

    def get(self, path: str = "") -> Any:
        return self.client.get(self.url + path).json()

    def change(self, configuration: dict[str, Any], **changed: Any) -> httpx.Response:
        base = {} if "replaces_sha256" in changed else self.get("/base")
        body = {"configuration": configuration, "reason": "the yard is closed at night"}
        known = {"replaces_sha256": base.get("sha256")}
        return self.client.put(self.url, json={**body, **known, **changed})

    def try_(self) -> httpx.Response:
        body = {"configuration": DRAFT, "minutes": 60, "reason": "before the yard is closed"}
        return self.client.post(f"{self.url}/trial", json=body)

    def newest(self) -> Any:
        return self.get()["revisions"][0]

    def settled(self) -> Any:
        """The newest revision, once the box has said what it thinks of it."""
        wait_until(lambda: self.newest()["state"] != "waiting", 60, "the box's word")
        return self.newest()

    def intrusions(self) -> int:
        """Findings that only the drawn rules can have raised."""
        return self._count("type = 'intrusion'")

    def left_open(self) -> int:
        """Findings of the box's own rule that nobody has closed."""
        closed = "SELECT finding_id FROM event WHERE phase = 'close'"
        return self._count(f"type = 'loitering' AND finding_id NOT IN ({closed})")

    def _count(self, which: str) -> int:
        path = self.demo.site.collector_config.parent / "data" / "collector.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as run:
            asked = f"SELECT count(*) FROM event WHERE phase = 'open' AND {which}"
            return int(run.execute(asked).fetchone()[0])


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with running(Demo(tmp_path, zones=[STREET], rules=IN_FILE, launch=forked)) as demo:
        yield Centre(demo)


@pytest.mark.timeout(500)
def test_rules_are_tried_applied_and_stand_after_a_kill(centre: Centre) -> None:
    demo = centre.demo
    base = centre.get("/base")
    assert base["configuration"]["rules"][0]["id"] == "old"
    assert centre.change(PLATES).status_code == 200
    refused = centre.settled()
    assert (refused["state"], refused["code"]) == ("refused", "rules.no-plates")
    assert centre.get()["told"]["source"] == "file"

    def recorded_s() -> float:
        (camera,) = health(demo).cameras
        if camera.ring_start is None or camera.ring_end is None:
            return 0.0
        return (camera.ring_end - camera.ring_start).total_seconds()

    wait_until(lambda: recorded_s() >= RECORDED_S, 120, "enough recording to try rules on")
    trial = centre.try_()
    assert trial.status_code == 202, trial.text
    busy = centre.try_()
    assert (busy.status_code, busy.json()["code"]) == (409, "trial.busy")
    wait_until(lambda: centre.get("/trial")["state"] != "running", 240, "the trial's end")
    done = centre.get("/trial")
    assert done["state"] == "done", done
    found = {(one["rules"], one["rule"]) for one in done["findings"]}
    assert {("draft", "fresh"), ("in-force", "old")} <= found
    assert ("draft", "never") not in found
    (seen, *_) = (one for one in done["findings"] if one["rule"] == "fresh")
    assert seen["box"]["x"] < 0.34
    assert done["from_at"] <= seen["alarm_at"] <= done["to_at"]

    assert centre.change(DRAFT).status_code == 200
    assert centre.settled()["state"] == "applied"
    wait_until(lambda: centre.get()["told"]["source"] == "centre", 60, "the box's health")
    applied = centre.get()["told"]
    stale = centre.change(DRAFT, replaces_sha256=base["sha256"])
    assert (stale.status_code, stale.json()["code"]) == (409, "rules.stale")
    assert PERSON in stale.json()["detail"]
    wait_until(lambda: centre.intrusions() > 0, 120, "an incident of the new rule")
    wait_until(lambda: centre.left_open() == 0, 60, "the old rules' findings closed")

    began = centre.try_().json()
    kill(demo, "agent")
    demo.start("agent")
    wait_until(lambda: (centre.get("/trial") or {}).get("state"), 90, "the box to be back")
    cut = centre.get("/trial")
    assert (cut["trial_id"], cut["state"]) == (began["trial_id"], "interrupted")
    again = health(demo).cameras[0].rules
    assert again is not None
    assert (again.revision, again.sha256) == (applied["revision"], applied["sha256"])
    before = centre.intrusions()
    wait_until(lambda: centre.intrusions() > before, 120, "an incident after the restart")

    start, end = (datetime.fromisoformat(done[key]) for key in ("from_at", "to_at"))
    recorded = centre.client.get(
        f"/api/recordings/{demo.site.device}/{CAMERA}",
        params={"from": start.isoformat(), "to": datetime.now(UTC).isoformat()},
    ).json()["recording"]["spans"]
    assert datetime.fromisoformat(recorded[0]["start_at"]) <= start
    gone_on = datetime.fromisoformat(recorded[0]["end_at"])
    assert gone_on > datetime.fromisoformat(applied["since"]) > end, "recorded without a gap"
