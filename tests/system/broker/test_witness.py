"""mosquitto's log is read by a process of ours, whose death or sleep costs the broker nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import MosquittoHandle
from tests.support.mqtt import MqttPeer
from tests.support.raw_mqtt import RawClient, publishes
from tests.support.wait import wait_until
from wire.topics import ALL_UP, DeviceAddress

BYTES = 1000
BURST = 8000
BLOCK = 20_000
LEAST_RATIO = 0.5


@pytest.fixture
def broker(tmp_path: Path, city: Authority) -> Iterator[MosquittoHandle]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    handle = MosquittoHandle(city, folder)
    handle.watched = True
    try:
        handle.start()
        yield handle
        for pid in readers(handle):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    finally:
        handle.stop()


def readers(broker: MosquittoHandle) -> list[int]:
    """Process ids of the one that keeps reading and of the reader itself, as far as they live."""
    found: list[int] = []
    seek = [broker.pid]
    while seek:
        pid = seek.pop(0)
        # Between two looks one may have ended.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            found += [int(child) for child in children]
            seek += [int(child) for child in children]
    return found


def both_readers(broker: MosquittoHandle) -> tuple[int, int]:
    """The one that keeps reading and the reader, which is born while the broker starts."""
    keeper, reader = wait_until(
        lambda: found if len(found := readers(broker)) == 2 else [], 30, "both readers"
    )
    return keeper, reader


def address(city: Authority, name: str) -> DeviceAddress:
    return city.register.address(next(one for one in city.register.devices if one.name == name))


def is_told_of(broker: MosquittoHandle, city: Authority, topic: str) -> None:
    """Whether a denied publish still gets into the file."""
    with MqttPeer(broker, city.identity("pole-001-1")) as peer:
        peer.try_publish(topic, b"forged")
    wait_until(lambda: f"'{topic}'" in broker.log_file.read_text(), 40, f"{topic} in the log")


def burst(broker: MosquittoHandle, city: Authority, count: int) -> float:
    """Publish to a subscriber; seconds until every message was confirmed and had arrived."""
    began = time.monotonic()
    own = address(city, "pole-001-1").event()
    packets = publishes(own, BYTES, range(1, count + 1))
    with contextlib.closing(RawClient(broker, city.identity("collector"))) as collector:
        collector.subscribe(ALL_UP)
        taking = threading.Thread(target=collector.take, args=(packets,))
        taking.start()
        with contextlib.closing(RawClient(broker, city.identity("pole-001-1"))) as pole:
            pole.publish_all(packets)
            taking.join(100)
        assert not taking.is_alive()
    return time.monotonic() - began


def test_refusals_are_kept_and_no_message_is(broker: MosquittoHandle, city: Authority) -> None:
    burst(broker, city, 500)
    is_told_of(broker, city, address(city, "pole-002-1").event())
    text = broker.log_file.read_text()
    assert "PUBACK" not in text
    assert len(text) < 10_000


def test_a_dead_reader_is_followed_by_another(broker: MosquittoHandle, city: Authority) -> None:
    keeper, reader = both_readers(broker)
    os.kill(reader, signal.SIGKILL)
    wait_until(lambda: readers(broker)[1:] not in ([], [reader]), 30, "another reader")
    is_told_of(broker, city, "pw/up/after")
    os.kill(keeper, signal.SIGKILL)
    is_told_of(broker, city, "pw/up/orphan")


def test_readers_that_sleep_stop_nothing_and_say_that_lines_are_missing(
    broker: MosquittoHandle, city: Authority
) -> None:
    both = both_readers(broker)
    for pid in both:
        os.kill(pid, signal.SIGSTOP)
    # Four lines of a hundred bytes each: three times what the pipe holds.
    burst(broker, city, BURST)
    for pid in both:
        os.kill(pid, signal.SIGCONT)
    is_told_of(broker, city, "pw/up/awake")
    assert "some are missing" in broker.log_file.read_text()


def test_without_any_reader_the_broker_goes_on(broker: MosquittoHandle, city: Authority) -> None:
    for pid in both_readers(broker):
        os.kill(pid, signal.SIGKILL)
    burst(broker, city, 500)


@pytest.mark.timed
def test_what_the_sieve_costs(broker: MosquittoHandle, city: Authority) -> None:
    rates: dict[bool, list[float]] = {False: [], True: []}
    for watched in (False, True) * 3:
        broker.stop()
        broker.watched = watched
        broker.start()
        rates[watched].append(BLOCK / burst(broker, city, BLOCK))
    without, within = (sorted(rates[watched])[1] for watched in (False, True))
    print(
        f"mosquitto, {BYTES} bytes, QoS 1, one publisher, one subscriber: {without:.0f} messages/s"
        f" without its debug log, {within:.0f} with it through the sieve: {within / without:.2f}"
    )
    assert within / without > LEAST_RATIO
