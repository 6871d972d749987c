"""Delivery over real brokers: what was committed arrives, whatever dies in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.uplink.link import LinkSettings
from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.uplink import LOADED, Uplink
from tests.support.wait import wait_until
from tests.system.uplink.centre import SOON, Centre, PoleProcess
from wire.clock import SystemClock
from wire.command import EpochBegin
from wire.envelope import body
from wire.event import AuditEvent, EpochStart, LossRecord, TimeQuality
from wire.names import new_id

DEVICE = "pole-001-1"
EVENTS = 300


@pytest.fixture
def centre(city: Authority, broker: BrokerHandle) -> Iterator[Centre]:
    centre = Centre(city, broker, DEVICE)
    try:
        centre.wait_listening()
        yield centre
    finally:
        centre.close()


@pytest.fixture
def pole(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Iterator[PoleProcess]:
    pole = PoleProcess(city, broker, tmp_path / "pole")
    yield pole
    pole.close()


def emptied(pole: PoleProcess) -> bool:
    return pole.depth() == 0


def test_killed_while_the_broker_is_down_every_event_arrives_exactly_once(
    broker: BrokerHandle, centre: Centre, pole: PoleProcess
) -> None:
    broker.stop()
    pole.start("--events", str(EVENTS))
    wait_until(lambda: len(pole.put) >= EVENTS // 2, 60, "half of the events to be committed")
    pole.kill()
    first = len(pole.put)
    pole.start("--events", str(EVENTS - first))
    wait_until(lambda: len(pole.put) == EVENTS, 60, "the rest to be committed")
    pole.kill()
    broker.start()
    pole.start()
    wait_until(lambda: emptied(pole), 60, "an empty outbox")
    # One event may have been committed and the process killed before it could say so.
    assert set(pole.put) <= centre.findings()
    assert len(centre.findings()) <= EVENTS + 2
    numbers = {event.seq for event in centre.all_events()}
    assert numbers == set(range(1, len(numbers) + 1))
    assert set(centre.arrived.values()) == {1}
    pole.stop()


@pytest.mark.parametrize("point", ["link.marked:5", "link.published:5", "outbox.receipt.written:1"])
def test_killed_between_publishing_and_the_receipt_nothing_is_lost(
    centre: Centre, pole: PoleProcess, point: str
) -> None:
    pole.start("--events", "30", fault_point=point)
    pole.wait_killed(60)
    pole.start()
    wait_until(lambda: emptied(pole), 60, "an empty outbox")
    assert set(pole.put) <= centre.findings()
    print(f"redeliveries: {sum(centre.arrived.values()) - len(centre.arrived)}")


def test_a_broker_that_forgets_what_it_acknowledged_costs_nothing(
    broker: BrokerHandle, centre: Centre, pole: PoleProcess
) -> None:
    centre.receipting = False
    pole.start("--events", "60", "--still-bytes", "20000", *SOON)
    wait_until(lambda: len(pole.put) == 60, 60, "all events to be committed")
    broker.kill()
    broker.start()
    centre.receipting = True
    wait_until(lambda: emptied(pole), 90, "an empty outbox")
    assert set(pole.put) == centre.findings()
    assert len(centre.stills) == 60


def test_what_was_published_while_nobody_listened_arrives_when_somebody_does(
    city: Authority, broker: BrokerHandle, pole: PoleProcess
) -> None:
    pole.start("--events", "60", *SOON)
    wait_until(lambda: pole.last.get("connected") and len(pole.put) == 60, 60, "60 events")
    wait_until(lambda: int(pole.last["mqtt_bytes"]) > 60 * 1000, 30, "all to be published")
    centre = Centre(city, broker, DEVICE)
    try:
        wait_until(lambda: emptied(pole), 60, "an empty outbox")
        assert centre.findings() == set(pole.put)
    finally:
        centre.close()


def test_presence_is_retained_and_the_will_speaks_when_the_pole_cannot(
    centre: Centre, pole: PoleProcess
) -> None:
    pole.start()
    wait_until(lambda: [s.state for s in centre.states][-1:] == ["online"], 60, "online")
    pole.kill()
    wait_until(lambda: centre.states[-1].state == "offline", 60, "the last will")
    assert centre.states[-1].reason == "lost"
    pole.start()
    wait_until(lambda: centre.states[-1].state == "online", 60, "online again")
    pole.stop()
    wait_until(lambda: centre.states[-1].reason == "stopped", 30, "a goodbye")


def test_a_commanded_epoch_begins_and_the_reply_comes(centre: Centre, pole: PoleProcess) -> None:
    pole.start("--events", "3")
    wait_until(lambda: emptied(pole), 60, "an empty outbox")
    epoch = centre.all_events()[0].epoch
    assert epoch is not None
    command = centre.command(EpochBegin(forked_epoch=epoch), nonce=7)
    centre.send("command", command)
    wait_until(lambda: centre.replies, 30, "a reply")
    assert (centre.replies[0].command_id, centre.replies[0].ok) == (command.command_id, True)
    starts = wait_until(
        lambda: [event for event in centre.of_kind("epoch") if event.epoch != epoch],
        30,
        "the new epoch's first message",
    )
    assert body(starts[0], EpochStart).previous == epoch
    # What it loads meanwhile it says without a new connection.
    wait_until(lambda: centre.states[-1].models == LOADED, 30, "word of one more network")
    before, after = centre.states[-2:]
    assert (before.models, before.since) == ((), after.since)


def test_replayed_expired_stale_and_altered_commands_are_refused_and_reported(
    centre: Centre, pole: PoleProcess
) -> None:
    pole.start()
    action = EpochBegin(forked_epoch=new_id())
    good = centre.command(action, nonce=1)
    token = centre.send("command", good)
    wait_until(lambda: centre.replies, 30, "a reply")
    centre.send("command", good, token)
    centre.send("command", centre.command(action, nonce=2, expires_monotonic_s=0.0))
    centre.send("command", centre.command(action, nonce=3, window_id=new_id()))
    centre.send("command", centre.command(action, nonce=4, device="pole-002-1"))
    head, payload, signature = token.split(b".")
    altered = b".".join((head, payload[:-8] + b"AAAAAAAA", signature))
    centre.send("command", good, altered)

    def codes() -> set[str | None]:
        return {body(event, AuditEvent).code for event in centre.of_kind("audit")}

    wanted = {f"command.{w}" for w in ("replayed", "expired", "stale", "foreign", "invalid")}
    wait_until(lambda: codes() == wanted, 60, "all refusals in the audit")
    wait_until(lambda: len(centre.replies) == 3, 30, "three replies")
    assert sorted(r.code or "ok" for r in centre.replies) == [
        "command.expired", "command.stale", "ok",
    ]  # fmt: skip


def test_a_gap_is_filled_or_named(centre: Centre, pole: PoleProcess) -> None:
    pole.start("--events", "5")
    wait_until(lambda: emptied(pole), 60, "an empty outbox")
    epoch = centre.all_events()[0].epoch
    assert epoch is not None
    centre.gap(epoch, 2, 3)
    (event,) = wait_until(lambda: centre.of_kind("loss"), 30, "a loss record")
    loss = body(event, LossRecord)
    assert (loss.reason, loss.count) == ("receipted", 2)


def test_severe_news_overtakes_an_old_backlog_within_the_budget(
    broker: BrokerHandle, centre: Centre, pole: PoleProcess
) -> None:
    broker.stop()
    pole.start("--events", "60", "--still-bytes", "8000")
    wait_until(lambda: len(pole.put) == 60, 60, "all events to be committed")
    pole.stop()
    broker.start()
    centre.wait_listening()
    pole.start("--rate", "60000")
    wait_until(lambda: emptied(pole), 60, "an empty outbox")
    severities = [severity for kind, severity in centre.order if kind == "finding"]
    assert severities == ["severe"] * 20 + ["moderate"] * 20 + ["minor"] * 20
    assert centre.order[0][0] == "epoch"
    assert centre.health >= 1
    pole.stop()


def test_a_state_that_changes_does_not_wait_for_the_next_report(
    city: Authority, broker: BrokerHandle, centre: Centre, tmp_path: Path
) -> None:
    kept: list[TimeQuality] = ["unsynchronised"]
    settings = LinkSettings(broker.host, broker.port, health_interval_s=300.0)
    pole = Uplink(
        city.folder, DEVICE, tmp_path / "pole", settings, SystemClock(), quality=lambda: kept[0]
    )
    pole.link.start()
    try:
        wait_until(lambda: centre.health == 1, 60, "the first figures")
        kept[0] = "synchronised"
        wait_until(lambda: centre.health == 2, 60, "figures of a clock that is kept")
    finally:
        pole.close()


def test_a_revoked_pole_is_told_so(
    broker: BrokerHandle, city: Authority, pole: PoleProcess
) -> None:
    city.revoke(DEVICE)
    broker.reload()
    pole.start()
    wait_until(lambda: pole.last.get("fault") == "broker.refused", 60, "the refusal to be told")
    assert "PW-402" in pole.log()
