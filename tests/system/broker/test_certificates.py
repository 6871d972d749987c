"""Who is let in at all: certificates and TLS versions, on both brokers."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle, make_city
from tests.support.mqtt import MqttPeer, RefusedError
from tests.support.wait import wait_until
from wire.clock import SimulatedClock
from wire.topics import ALL_UP


def context(city: Authority, identity: Path | None) -> ssl.SSLContext:
    """A client that trusts the city and shows what `identity` holds, whoever signed it."""
    made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(city.ca_file))
    if identity is not None:
        made.load_cert_chain(identity / "cert.pem", identity / "key.pem")
    return made


def assert_refused(broker: BrokerHandle, city: Authority, tls: ssl.SSLContext) -> str:
    """The reason of the refusal; a good client is let in before and after."""
    with MqttPeer(broker, city.identity("pole-001-1")):
        pass
    with pytest.raises(RefusedError) as refusal, MqttPeer(broker, tls=tls):
        pass
    with MqttPeer(broker, city.identity("pole-001-1")):
        pass
    return str(refusal.value)


def test_without_a_certificate_nobody_is_let_in(broker: BrokerHandle, city: Authority) -> None:
    assert_refused(broker, city, context(city, None))


def test_a_self_signed_certificate_with_an_enrolled_name_is_refused(
    broker: BrokerHandle, city: Authority, tmp_path: Path
) -> None:
    impostor = make_city(tmp_path / "impostor")
    assert_refused(broker, city, context(city, impostor.identity("pole-001-1")))
    assert_refused(broker, city, context(city, impostor.folder / "root"))


def test_an_expired_certificate_is_refused(
    broker: BrokerHandle, city: Authority, tmp_path: Path
) -> None:
    long_ago = SimulatedClock(datetime.now(UTC) - timedelta(days=5 * 365))
    expired = Authority(city.folder, long_ago).issue_device("pole-003")
    broker.reload()
    assert_refused(broker, city, context(city, expired))
    # With TLS 1.3 the client learns of it only after its own handshake; the broker says why.
    wait_until(lambda: "expired" in broker.log_file.read_text(), 30, "the broker's word")


def test_a_revoked_certificate_is_refused_after_a_reload(
    broker: BrokerHandle, city: Authority
) -> None:
    with MqttPeer(broker, city.identity("pole-002-1")):
        pass
    city.revoke("pole-002-1")
    broker.reload()
    assert_refused(broker, city, context(city, city.identity("pole-002-1")))


def test_a_reload_cuts_a_revoked_device_off_and_leaves_the_others(
    broker: BrokerHandle, city: Authority
) -> None:
    with MqttPeer(broker, city.identity("pole-001-1")) as other:
        revoked = MqttPeer(broker, city.identity("pole-002-1")).connect()
        city.revoke("pole-002-1")
        broker.reload()
        revoked.wait_cut(30)
        assert other.connected
        with pytest.raises(RefusedError):
            MqttPeer(broker, city.identity("pole-002-1")).connect()
        assert other.connected


def test_a_device_that_is_enrolled_while_the_broker_runs_is_let_in(
    broker: BrokerHandle, city: Authority
) -> None:
    city.issue_device("pole-003")
    broker.reload()
    register = city.register
    entry = next(one for one in register.devices if one.name == "pole-003-1")
    with (
        MqttPeer(broker, city.identity("collector")) as collector,
        MqttPeer(broker, city.identity("pole-003-1")) as pole,
    ):
        collector.subscribe(ALL_UP)
        pole.publish(register.address(entry).event(), b"new here")
        collector.wait_for(register.address(entry).event(), b"new here")


def test_a_renewed_certificate_is_let_in(broker: BrokerHandle, city: Authority) -> None:
    city.renew("pole-001-1")
    broker.reload()
    with MqttPeer(broker, city.identity("pole-001-1")) as pole:
        assert pole.connected


def test_tls_1_1_is_refused_and_1_2_and_1_3_are_not(broker: BrokerHandle, city: Authority) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = context(city, city.identity("pole-001-1"))
        tls.minimum_version = tls.maximum_version = version
        with MqttPeer(broker, tls=tls, client_id="pole") as pole:
            assert pole.connected
    old = context(city, city.identity("pole-001-1"))
    # Debian's OpenSSL refuses such old versions itself, unless it is told to be careless.
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert "alert protocol version" in assert_refused(broker, city, old)


def test_the_broker_does_not_speak_to_a_plain_client(broker: BrokerHandle, city: Authority) -> None:
    plain = MqttPeer(broker, city.identity("pole-001-1"), plain=True)
    with pytest.raises(RefusedError):
        plain.connect()
