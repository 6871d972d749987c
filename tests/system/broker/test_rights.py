"""What a principal with a valid certificate may and may not do, on both brokers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.mqtt import MqttPeer
from wire.topics import (
    ALL_AGENCY_OUT,
    ALL_UP,
    DeviceAddress,
    agency_ack,
    agency_incident,
)


def peer(broker: BrokerHandle, city: Authority, name: str, client_id: str = "") -> MqttPeer:
    return MqttPeer(broker, city.identity(name), client_id=client_id or name)


def address(city: Authority, name: str) -> DeviceAddress:
    register = city.register
    return register.address(next(entry for entry in register.devices if entry.name == name))


def test_a_device_publishes_in_its_own_subtree_and_the_collector_receives(
    broker: BrokerHandle, city: Authority
) -> None:
    own = address(city, "pole-001-1")
    with peer(broker, city, "collector") as collector, peer(broker, city, "pole-001-1") as pole:
        collector.subscribe(ALL_UP)
        pole.subscribe(f"{own.down}/#")
        pole.publish(own.event(), b"an event")
        collector.wait_for(own.event(), b"an event")
        collector.publish(own.receipt(), b"a receipt")
        pole.wait_for(own.receipt(), b"a receipt")


def test_a_device_that_publishes_as_another_is_not_heard(
    broker: BrokerHandle, city: Authority
) -> None:
    own, other = address(city, "pole-001-1"), address(city, "pole-002-1")
    with peer(broker, city, "collector") as collector, peer(broker, city, "pole-001-1") as pole:
        collector.subscribe(ALL_UP)
        for topic in (other.event(), other.state(), own.receipt(), other.command()):
            pole.try_publish(topic, b"forged")
        with peer(broker, city, "pole-001-1", "pole-001-again") as again:
            again.publish(own.event(), b"control")
        collector.wait_for(own.event(), b"control")
        assert collector.received == [(own.event(), b"control")]


@pytest.mark.parametrize(
    "reach",
    ["{other}/#", "{other}/command", "#", "pw/#", "pw/down/#", "+/down/#", "$MQTT/sub/#", "$SYS/#"],
)
def test_a_device_that_listens_beyond_its_own_subtree_hears_nothing(
    broker: BrokerHandle, city: Authority, reach: str
) -> None:
    own, other = address(city, "pole-001-1"), address(city, "pole-002-1")
    with (
        peer(broker, city, "collector") as collector,
        peer(broker, city, "pole-001-1") as pole,
        peer(broker, city, "pole-002-1") as addressee,
    ):
        addressee.subscribe(f"{other.down}/#")
        pole.subscribe(f"{own.down}/#")
        pole.subscribe(reach.format(other=other.down))
        collector.publish(other.command(), b"for another")
        addressee.wait_for(other.command(), b"for another")
        collector.publish(own.command(), b"control")
        pole.wait_for(own.command(), b"control")
        assert set(pole.received) == {(own.command(), b"control")}


def test_an_agency_may_acknowledge_but_not_publish_events(
    broker: BrokerHandle, city: Authority
) -> None:
    pole = address(city, "pole-001-1")
    with peer(broker, city, "collector") as collector, peer(broker, city, "police") as police:
        collector.subscribe(ALL_UP, ALL_AGENCY_OUT)
        for topic in (pole.event(), pole.command(), agency_ack("fire"), agency_incident("fire")):
            police.try_publish(topic, b"forged")
        with peer(broker, city, "police", "police-again") as again:
            again.publish(agency_ack("police"), b"control")
        collector.wait_for(agency_ack("police"), b"control")
        assert collector.received == [(agency_ack("police"), b"control")]


def test_an_agency_hears_only_what_is_meant_for_it(broker: BrokerHandle, city: Authority) -> None:
    with peer(broker, city, "collector") as collector, peer(broker, city, "police") as police:
        police.subscribe("pw/agency/police/in/#")
        police.subscribe("pw/agency/fire/in/#")
        police.subscribe(ALL_UP)
        collector.publish(agency_incident("fire"), b"for fire")
        collector.publish(agency_incident("police"), b"control")
        police.wait_for(agency_incident("police"), b"control")
        assert police.received == [(agency_incident("police"), b"control")]


def test_a_taken_client_name_brings_neither_anothers_messages_nor_its_rights(
    broker: BrokerHandle, city: Authority
) -> None:
    """A client's name is its own choice; only the certificate may count."""
    victim, thief = address(city, "pole-002-1"), address(city, "pole-001-1")
    keeper = MqttPeer(broker, city.identity("pole-002-1"), client_id="victim", clean=False)
    with keeper:
        keeper.subscribe(f"{victim.down}/#")
    with peer(broker, city, "collector") as collector:
        collector.subscribe(ALL_UP)
        collector.publish(victim.command(), b"kept for the victim")
        robber = MqttPeer(broker, city.identity("pole-001-1"), client_id="victim", clean=False)
        with robber:
            robber.subscribe(f"{thief.down}/#")
            collector.publish(victim.command(), b"live for the victim")
            collector.publish(thief.command(), b"control")
            robber.wait_for(thief.command(), b"control")
            assert robber.received == [(thief.command(), b"control")]


def test_the_last_will_and_the_retained_state_reach_the_collector(
    broker: BrokerHandle, city: Authority
) -> None:
    own = address(city, "pole-001-1")
    pole = peer(broker, city, "pole-001-1")
    pole.will(own.state(), b"lost")
    pole.connect()
    pole.publish(own.state(), b"online", retain=True)
    with peer(broker, city, "collector") as collector:
        collector.subscribe(ALL_UP)
        collector.wait_for(own.state(), b"online")
        pole.drop()
        collector.wait_for(own.state(), b"lost")


def test_what_was_acknowledged_for_an_absent_collector_outlives_a_restart(
    broker: BrokerHandle, city: Authority
) -> None:
    kept_across(broker, city, broker.stop)


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_what_nats_acknowledged_outlives_its_being_killed(
    broker: BrokerHandle, city: Authority
) -> None:
    """mosquitto saves its store once a minute: there the receipts make good what it forgets."""
    kept_across(broker, city, broker.kill)


def kept_across(broker: BrokerHandle, city: Authority, end: Callable[[], None]) -> None:
    own = address(city, "pole-001-1")
    with MqttPeer(broker, city.identity("collector"), clean=False) as collector:
        collector.subscribe(ALL_UP)
    with peer(broker, city, "pole-001-1") as pole:
        pole.publish(own.event(), b"while you were away")
    end()
    broker.start()
    with MqttPeer(broker, city.identity("collector"), clean=False) as collector:
        collector.wait_for(own.event(), b"while you were away")
