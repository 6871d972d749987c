"""The pole's outbox and the collector's inbox, as processes, killed in turn: the books balance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.centre import Centre
from tests.support.wait import wait_until
from tests.system.uplink.centre import SOON, PoleProcess

EVENTS = 300


@pytest.fixture
def centre(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Iterator[Centre]:
    """A collector that has been there before: brokers keep its session while it is away."""
    centre = Centre(tmp_path / "centre", city, broker)
    try:
        centre.collector.start()
        yield centre
    finally:
        centre.stop()


@pytest.fixture
def pole(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Iterator[PoleProcess]:
    pole = PoleProcess(city, broker, tmp_path / "pole")
    yield pole
    pole.close()


def emptied(pole: PoleProcess) -> bool:
    return pole.depth() == 0


def findings(centre: Centre) -> set[str]:
    return {row["id"] for row in centre.rows("SELECT id FROM event WHERE kind = 'finding'")}


def whole(centre: Centre) -> bool:
    """No number is missing in any epoch, and nothing was refused."""
    missing = centre.rows("SELECT missing FROM progress WHERE missing > 0")
    return not missing and not centre.rows("SELECT 1 FROM quarantine")


def test_killed_while_the_broker_is_down_every_event_arrives_exactly_once(
    broker: BrokerHandle, centre: Centre, pole: PoleProcess
) -> None:
    broker.stop()
    pole.start("--events", str(EVENTS))
    wait_until(lambda: len(pole.put) >= EVENTS // 2, 60, "half of the events to be committed")
    pole.kill()
    pole.start("--events", str(EVENTS - len(pole.put)))
    wait_until(lambda: len(pole.put) == EVENTS, 60, "the rest to be committed")
    pole.kill()
    broker.start()
    pole.start()
    wait_until(lambda: emptied(pole), 90, "an empty outbox")
    arrived = findings(centre)
    # At most two were committed by a process that was killed before it could say so.
    assert set(pole.put) <= arrived
    assert len(arrived) <= EVENTS + 2
    assert whole(centre)
    pole.stop()


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
@pytest.mark.parametrize("point", ["inbox.written:3", "inbox.committed:2", "inbox.announced:2"])
def test_the_collector_dies_around_its_commit(
    city: Authority, centre: Centre, pole: PoleProcess, point: str
) -> None:
    centre.collector.stop()
    centre.collector.start(faulted=point)
    pole.start("--events", "120", "--still-bytes", "3000", *SOON)
    centre.collector.wait_dead(60)
    centre.collector.start()
    wait_until(lambda: len(pole.put) == 120, 60, "all events to be committed")
    wait_until(lambda: emptied(pole), 90, "an empty outbox")
    assert findings(centre) == set(pole.put)
    assert whole(centre)
    stills = centre.rows("SELECT count(*) AS n FROM still WHERE named = 1")[0]["n"]
    assert stills == 120
    doubled = centre.rows("SELECT duplicates FROM device")[0]["duplicates"]
    print(f"redeliveries dropped: {doubled}")


def test_broker_pole_and_collector_all_die(
    broker: BrokerHandle, centre: Centre, pole: PoleProcess
) -> None:
    pole.start("--events", str(EVENTS))
    wait_until(lambda: len(pole.put) >= 60, 60, "some events")
    broker.kill()
    centre.collector.kill()
    pole.kill()
    before = len(pole.put)
    pole.start("--events", "60", *SOON)
    wait_until(lambda: len(pole.put) == before + 60, 60, "more events")
    broker.start()
    centre.collector.start()
    wait_until(lambda: emptied(pole), 90, "an empty outbox")
    assert set(pole.put) <= findings(centre)
    assert whole(centre)
    pole.stop()


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_a_lost_folder_is_told_and_closes_the_gap(
    broker: BrokerHandle, centre: Centre, pole: PoleProcess, tmp_path: Path
) -> None:
    pole.start("--events", "20")
    wait_until(lambda: emptied(pole) and len(pole.put) == 20, 60, "an empty outbox")
    broker.stop()
    pole.kill()
    pole.start("--events", "10")
    wait_until(lambda: len(pole.put) == 30, 60, "ten more")
    pole.kill()
    folder = tmp_path / "pole" / "outbox"
    for file in folder.iterdir():
        file.unlink()
    broker.start()
    pole.start("--events", "5")
    wait_until(lambda: emptied(pole) and len(pole.put) == 35, 60, "an empty outbox")
    assert findings(centre) == {*pole.put[:20], *pole.put[30:]}
    wait_until(lambda: whole(centre), 60, "closed gaps")
    assert len(centre.rows("SELECT 1 FROM event WHERE kind = 'loss'")) == 1


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_a_cloned_card_is_told_apart(
    city: Authority, broker: BrokerHandle, centre: Centre, pole: PoleProcess, tmp_path: Path
) -> None:
    pole.start("--events", "5")
    wait_until(lambda: emptied(pole) and len(pole.put) == 5, 60, "an empty outbox")
    pole.stop()
    (tmp_path / "copy").mkdir()
    for name in ("outbox", "outbox.mark"):
        _copy(tmp_path / "pole" / name, tmp_path / "copy" / name)
    pole.start("--events", "10")
    wait_until(lambda: emptied(pole) and len(pole.put) == 15, 60, "an empty outbox")
    pole.stop()
    clone = PoleProcess(city, broker, tmp_path / "copy").start("--events", "10")
    try:
        wait_until(lambda: emptied(clone) and len(clone.put) == 10, 60, "an empty outbox")
        assert findings(centre) == {*pole.put, *clone.put}
        assert centre.rows("SELECT 1 FROM security_log WHERE what = 'fork'")
        epochs = {row["epoch"] for row in centre.rows("SELECT epoch FROM progress")}
        assert len(epochs) == 2
    finally:
        clone.close()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir()
        for file in source.iterdir():
            _copy(file, target / file.name)
    else:
        target.write_bytes(source.read_bytes())
