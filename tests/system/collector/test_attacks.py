"""Whoever tries what the broker forbids is turned away, and stands in the security log."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle, MosquittoHandle, make_city
from tests.support.centre import Centre
from tests.support.mqtt import MqttPeer, RefusedError
from tests.support.wait import wait_until
from tests.system.uplink.centre import Centre as CommandingCentre
from tests.system.uplink.centre import PoleProcess
from wire.clock import SimulatedClock
from wire.command import EpochBegin
from wire.identity import Identity
from wire.names import new_id
from wire.topics import DeviceAddress

FLOOD = 140


@pytest.fixture
def watching(tmp_path: Path, city: Authority, broker: BrokerHandle) -> Iterator[Centre]:
    """A collector that reads the log of a broker that tells all it refuses."""
    if isinstance(broker, MosquittoHandle):
        broker.stop()
        broker.watched = True
        broker.start()
    where = {"host": broker.host, "port": broker.port, "log_file": str(broker.log_file)}
    centre = Centre(tmp_path / "centre", city, broker, {"broker": where})
    try:
        centre.collector.start()
        yield centre
    finally:
        centre.stop()


def logged(centre: Centre) -> set[tuple[str, str | None]]:
    return {(r["what"], r["device"]) for r in centre.rows("SELECT what, device FROM security_log")}


def told(centre: Centre, what: str, device: str | None = None) -> None:
    wait_until(lambda: (what, device) in logged(centre), 40, f"{what} of {device} in the log")


def test_certificates_that_are_not_valid(
    watching: Centre, city: Authority, broker: BrokerHandle, tmp_path: Path
) -> None:
    impostor = make_city(tmp_path / "impostor").identity("pole-001-1")
    long_ago = SimulatedClock(datetime.now(UTC) - timedelta(days=5 * 365))
    expired = Authority(city.folder, long_ago).issue_device("pole-003")
    for number, identity in enumerate((None, impostor, expired), 1):
        with pytest.raises(RefusedError), MqttPeer(broker, tls=_tls(city, identity)):
            pass
        wait_until(partial(_reached, watching, number), 40, f"refusal {number}")
    old = _tls(city, city.identity("pole-001-1"))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(RefusedError), MqttPeer(broker, tls=old):
        pass
    wait_until(lambda: _times(watching) >= 4, 40, "TLS 1.1")


def test_a_revoked_pole(watching: Centre, city: Authority, broker: BrokerHandle) -> None:
    city.revoke("pole-002-1")
    broker.reload()
    with pytest.raises(RefusedError), MqttPeer(broker, city.identity("pole-002-1")):
        pass
    if broker.kind == "nats":
        told(watching, "broker.stranger", "pole-002-1")
    else:
        told(watching, "broker.certificate")


def test_reaching_beyond_ones_rights(
    watching: Centre, city: Authority, broker: BrokerHandle
) -> None:
    other = _address(city, "pole-002-1")
    for name in ("pole-001-1", "police"):
        with MqttPeer(broker, city.identity(name)) as peer:
            peer.try_publish(other.event(), b"forged")
        told(watching, "broker.rights", name)
    with MqttPeer(broker, city.identity("pole-002-1")) as peer:
        peer.try_publish("$SYS/broker/log", b"forged")
    told(watching, "broker.rights", "pole-002-1")
    with MqttPeer(broker, city.identity("fire")) as peer:
        peer.subscribe(other.command())
    told(watching, "broker.rights", "fire")
    with MqttPeer(broker, city.identity("pole-001-1")) as peer:
        peer.try_publish(_address(city, "pole-001-1").event(), b"x" * 3_000_000)
    told(watching, "broker.oversized", "pole-001-1")


def test_taking_anothers_place(watching: Centre, city: Authority, broker: BrokerHandle) -> None:
    """The place of a client belongs to its certificate, or has a name that nobody can guess."""
    victim = Identity.load(city.identity("pole-002-1"))
    with MqttPeer(broker, victim.folder, client_id=victim.client_id) as pole:
        for guessed in ("pole-002-1", "collector", f"pole-002-1-{'0' * 20}"):
            with MqttPeer(broker, city.identity("pole-001-1"), client_id=guessed):
                pass
        known = MqttPeer(broker, city.identity("pole-001-1"), client_id=victim.client_id)
        assert pole.connected
        with known:
            if broker.kind == "mosquitto":
                assert pole.connected
            else:
                told(watching, "broker.taken-over", "pole-001-1")


def test_commands_that_are_replayed_altered_foreign_or_late(
    centre: Centre, city: Authority, broker: BrokerHandle, tmp_path: Path
) -> None:
    """The pole refuses them, and its word stands in the collector's log."""
    attacker = CommandingCentre(city, broker, "pole-001-1")
    attacker.receipting = False
    attacker.wait_listening()
    pole = PoleProcess(city, broker, tmp_path / "pole").start()
    try:
        action = EpochBegin(forked_epoch=new_id())
        good = attacker.command(action, nonce=1)
        token = attacker.send("command", good)
        attacker.send("command", good, token)
        at = len(token) // 2
        attacker.send("command", good, token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :])
        attacker.send("command", attacker.command(action, nonce=2, device="pole-002-1"))
        attacker.send("command", attacker.command(action, nonce=3, expires_monotonic_s=0.0))
        wait_until(lambda: _refusals(attacker) >= 4, 60, "the pole's four refusals")
        attacker.close()
        centre.collector.start()
        for code in ("replayed", "invalid", "foreign", "expired"):
            told(centre, f"pole.command.{code}", "pole-001-1")
    finally:
        attacker.close()
        pole.close()


def _refusals(centre: CommandingCentre) -> int:
    return len(centre.of_kind("audit"))


@pytest.mark.parametrize("topic", [b"pw/up/#", b"pw/up/+/x", b"pw/up/\0/x"])
def test_topics_that_are_none(
    watching: Centre, city: Authority, broker: BrokerHandle, topic: bytes
) -> None:
    body = len(topic).to_bytes(2, "big") + topic + b"forged"
    packet = bytes([0x30, len(body)]) + body
    with MqttPeer(broker, city.identity("pole-001-1")) as peer:
        peer.send_raw(packet)
        peer.wait_cut(30)
    wanted = {("broker.topic", "pole-001-1"), ("broker.protocol", "pole-001-1")}
    wait_until(lambda: logged(watching) & wanted, 40, "the refusal in the log")


def test_a_flood_of_connections_is_held_to_a_bound(
    watching: Centre, city: Authority, broker: BrokerHandle
) -> None:
    with contextlib.ExitStack() as open_ones:
        flood = [
            MqttPeer(broker, city.identity("pole-001-1"), client_id=f"flood-{n}")
            for n in range(FLOOD)
        ]
        refused = 0
        for peer in flood:
            try:
                open_ones.enter_context(peer)
            except RefusedError:
                refused += 1
        if broker.kind == "nats":
            assert refused > 0
        else:
            # It keeps one connection of a certificate: each new one ends the one before.
            wait_until(lambda: sum(peer.connected for peer in flood) <= 1, 30, "the others' end")
        told(watching, "broker.flood", None if broker.kind == "nats" else "pole-001-1")
    wait_until(partial(_is_let_in, broker, city, "pole-002-1"), 30, "room for another")


def _is_let_in(broker: BrokerHandle, city: Authority, name: str) -> bool:
    try:
        with MqttPeer(broker, city.identity(name)) as peer:
            return peer.connected
    except RefusedError:
        return False


def _reached(centre: Centre, times: int) -> bool:
    return _times(centre) >= times


def _times(centre: Centre) -> int:
    rows = centre.rows("SELECT sum(times) AS n FROM security_log WHERE what = 'broker.certificate'")
    return rows[0]["n"] or 0


def _tls(city: Authority, identity: Path | None) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(city.ca_file))
    if identity is not None:
        made.load_cert_chain(identity / "cert.pem", identity / "key.pem")
    return made


def _address(city: Authority, name: str) -> DeviceAddress:
    register = city.register
    return register.address(next(entry for entry in register.devices if entry.name == name))
