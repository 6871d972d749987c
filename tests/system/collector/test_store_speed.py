"""The console's questions to a store as large as a centre's year, over HTTP, each timed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from collector.store.moments import stamp
from tests.support.console_server import served
from tests.support.console_store import PLACES, Delivered, FilledStore, Told
from wire.event import SEVERITY_ORDER
from wire.incident import IncidentState
from wire.names import new_id

EVENTS = 50_000
INCIDENTS = 6_000
DELIVERIES = 20_000
LONG = 1_000
"""Events of one incident that went on and on."""
P95_MS = 100
ROUNDS = 40
STATES: tuple[IncidentState, ...] = ("open", "notified", "confirmed", "rejected", "closed")


def fill(store: FilledStore) -> list[str]:
    """Ids of the incidents, newest first."""
    channels = ("mqtt", "cap", "webhook", "mqtt")
    agencies = ("police", "fire", "centre", "city")
    told = []
    for n in range(INCIDENTS):
        count = 4 if n < DELIVERIES - 3 * INCIDENTS else 3
        told.append(
            Told(
                severity=SEVERITY_ORDER[n % 3],
                place=n % len(PLACES),
                ago=timedelta(minutes=5 * n),
                lasts=timedelta(seconds=20) if n >= 10 else None,
                state=STATES[n % len(STATES)],
                picture=(20, 120, 240)[n % 3],
                deliveries=tuple(
                    Delivered(agencies[k], channel=channels[k], state=("done", "sent")[n < 50])
                    for k in range(count)
                ),
            )
        )
    store.tell_all(told)
    ids = [one.id for one in told]
    epoch, now = new_id(), datetime.now(UTC)
    rest = (EVENTS - LONG) // INCIDENTS
    owners = [*ids[:1] * LONG, *(id for id in ids for _ in range(rest))]
    owners += ids[1 : EVENTS - len(owners) + 1]
    events = [
        (
            new_id(), PLACES[0][0], epoch, seq, "finding", "gate", new_id(), "update", "intrusion",
            "moderate", stamp(now - timedelta(minutes=seq)), stamp(now - timedelta(minutes=seq)),
            secrets.token_bytes(1_200),
        )
        for seq in range(1, EVENTS + 1)
    ]  # fmt: skip
    with store.database.transaction() as run:
        run.executemany(
            "INSERT INTO event (id, device, epoch, seq, kind, camera, finding_id, phase, type,"
            " severity, at, received_at, token) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            events,
        )
        run.executemany(
            "INSERT INTO incident_event VALUES (?, ?)",
            [(owner, event[0]) for owner, event in zip(owners, events, strict=True)],
        )
    return ids


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FilledStore]:
    made = FilledStore(tmp_path)
    yield made
    made.close()


@pytest.mark.timed
def test_every_question_is_answered_in_a_tenth_of_a_second(store: FilledStore) -> None:
    ids = fill(store)
    with store.database.reading() as run:
        counts = [
            run.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("event", "incident", "delivery", "incident_event")
        ]
    assert counts == [EVENTS, INCIDENTS, DELIVERIES, EVENTS]
    with (
        served(store) as url,
        httpx.Client(base_url=url, cookies={"pw_person": "yes"}, timeout=30) as client,
    ):
        middle = client.get("/api/incidents", params={"limit": 500}).json()["before"]
        questions = {
            "the newest hundred": ["/api/incidents"],
            "an older page": [f"/api/incidents?before={middle}"],
            "one incident": [f"/api/incidents/{id}" for id in ids[5 :: INCIDENTS // ROUNDS]],
            "the longest incident": [f"/api/incidents/{ids[0]}"],
            "the counts": ["/api/summary"],
            "the cameras": ["/api/cameras"],
            "the suggestions": ["/api/suggestions"],
        }
        took: dict[str, list[float]] = {name: [] for name in questions}
        for n in range(ROUNDS):
            for name, paths in questions.items():
                began = time.perf_counter()
                answer = client.get(paths[n % len(paths)])
                took[name].append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, name
    found = {name: sorted(each)[int(len(each) * 0.95)] for name, each in took.items()}
    print({name: f"p95 {p95:.1f} ms" for name, p95 in found.items()})
    assert {name: p95 for name, p95 in found.items() if p95 > P95_MS} == {}
