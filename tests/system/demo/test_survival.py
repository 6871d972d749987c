"""Processes die and cameras vanish; nothing is lost, and people are told."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, Broker
from tests.support.demo import end, first_alarm, health, kill, reader, whole_demo
from tests.support.scrape import scrape
from tests.support.wait import wait_until


@pytest.fixture(params=["nats", "mosquitto"])
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Demo]:
    broker: Broker = request.param
    with whole_demo(tmp_path, broker) as running:
        yield running


def _stored(demo: Demo) -> list[sqlite3.Row]:
    path = demo.site.collector_config.parent / "data" / "collector.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(
            "SELECT id, epoch, seq, kind, finding_id, phase, forked FROM event"
        ).fetchall()


@pytest.mark.timeout(500)
def test_agent_killed_while_the_broker_is_down_loses_and_doubles_nothing(demo: Demo) -> None:
    first_alarm(demo)
    kill(demo, "broker")
    committed = health(demo).outbox.committed
    wait_until(
        lambda: health(demo).outbox.committed >= committed + 3,
        90,
        "findings committed while the broker is down",
    )
    centre, pole = demo.site.ports.collector_metrics, demo.site.ports.agent_metrics
    assert scrape(centre)["polewatch_collector_broker_up"] == 0
    wait_until(
        lambda: scrape(pole)["polewatch_agent_outbox_messages"] >= 3, 60, "the figures of the pole"
    )
    assert scrape(pole)[f"polewatch_agent_camera_up {CAMERA}"] == 1
    kill(demo, "agent")
    demo.start("broker")
    demo.start("agent")
    wait_until(
        lambda: (now := health(demo)).outbox.depth == 0 and now.outbox.receipts > 0,
        90,
        "an empty outbox after the restart",
    )
    online = f"polewatch_collector_device_online {demo.site.device}"
    wait_until(
        lambda: (told := scrape(centre))["polewatch_collector_broker_up"] == 1 == told[online],
        60,
        "the figures of the broker and the box that are back",
    )
    assert scrape(centre)["polewatch_collector_deliveries police mqtt done"] >= 1
    end(demo, "agent")
    left = demo.books.health()
    assert left is not None
    assert left.outbox.depth == 0
    rows = _stored(demo)
    assert len({row["epoch"] for row in rows}) == 1, "a restart is no new epoch"
    assert sorted(row["seq"] for row in rows) == list(range(1, left.outbox.committed + 1))
    assert not any(row["forked"] for row in rows)
    opened = Counter(row["finding_id"] for row in rows if row["phase"] == "open")
    assert opened
    assert set(opened.values()) == {1}
    assert not [row for row in rows if row["kind"] == "loss"]


@pytest.mark.timeout(500)
@pytest.mark.parametrize("demo", ["nats"], indirect=True)
def test_a_camera_that_vanishes_is_shown_and_comes_back_by_itself(demo: Demo) -> None:
    store = reader(demo)
    wait_until(lambda: store.cameras()[0].state == "up", 60, "the camera shown as up")
    before = health(demo).cameras[0].bytes_received
    end(demo, "camera")
    wait_until(lambda: store.cameras()[0].state == "down", 60, "the camera shown as down")
    assert store.cameras()[0].camera == CAMERA
    assert (store.cameras()[0].code or "").startswith("camera.")
    demo.start("camera")
    wait_until(lambda: store.cameras()[0].state == "up", 60, "the camera shown as up again")
    wait_until(
        lambda: health(demo).cameras[0].bytes_received > before + 200_000, 60, "video flowing again"
    )
    store.close()


@pytest.mark.timeout(500)
@pytest.mark.parametrize("demo", ["nats"], indirect=True)
def test_a_collector_killed_and_restarted_misses_nothing(demo: Demo) -> None:
    first_alarm(demo)
    kill(demo, "collector")
    committed = health(demo).outbox.committed
    wait_until(
        lambda: health(demo).outbox.committed >= committed + 2, 90, "findings without a collector"
    )
    demo.start("collector")
    wait_until(lambda: health(demo).outbox.depth == 0, 90, "an empty outbox")
    end(demo, "agent")
    rows = _stored(demo)
    left = demo.books.health()
    assert left is not None
    assert sorted(row["seq"] for row in rows) == list(range(1, left.outbox.committed + 1))
