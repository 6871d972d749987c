"""A box enrolled by a laptop, and what its stolen key can do, on both brokers."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provisioning import certificates
from provisioning.authority import Authority
from provisioning.enrol import box
from provisioning.enrol.laptops import reconcile
from tests.provisioning.enrol.ladder import Ladder
from tests.support.broker import BrokerHandle
from tests.support.mqtt import MqttPeer, RefusedError
from wire.clock import SimulatedClock
from wire.topics import ALL_UP, DeviceAddress


@pytest.fixture
def ladder(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Ladder:
    """gy-001 enrolled by the laptop and taken in; brokers know."""
    made = Ladder.make(city, tmp_path / "ladder", SimulatedClock(datetime.now(UTC)))
    box.install(made.box("gy-001"), made.sign(made.request("gy-001")))
    assert [one.state for one in reconcile(city, made.laptop.folder)] == ["taken"]
    broker.reload()
    return made


def stolen(ladder: Ladder, *, cn: str, san: str) -> ssl.SSLContext:
    """A client with whatever a thief of the laptop's key signs for himself."""
    folder = ladder.folder / f"thief-{cn}-{san}"
    folder.mkdir()
    signing = load_pem_private_key((ladder.laptop.folder / "key.pem").read_bytes(), None)
    assert isinstance(signing, Ed25519PrivateKey)
    chain = (ladder.laptop.folder / "cert.pem").read_bytes()
    issuer = certificates.Signer(x509.load_pem_x509_certificate(chain), signing)
    key = Ed25519PrivateKey.generate()
    honest = certificates.make_leaf(
        certificates.Subject(san, "device"), key.public_key(), issuer, ladder.clock.now()
    )
    builder = x509.CertificateBuilder(
        issuer_name=honest.issuer,
        subject_name=certificates.subject_name(certificates.Subject(cn, "device")),
        public_key=key.public_key(),
        serial_number=honest.serial_number,
        not_valid_before=honest.not_valid_before_utc,
        not_valid_after=honest.not_valid_after_utc,
        extensions=list(honest.extensions),
    )
    leaf = builder.sign(issuer.key, algorithm=None)
    (folder / "cert.pem").write_bytes(leaf.public_bytes(Encoding.PEM) + chain)
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    tls = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(ladder.city.ca_file))
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return tls


def test_a_box_that_a_laptop_enrolled_speaks_at_its_own_topics(
    ladder: Ladder, broker: BrokerHandle, city: Authority
) -> None:
    entry = next(one for one in city.register.devices if one.pole == "gy-001")
    topic = city.register.address(entry).event()
    with (
        MqttPeer(broker, city.identity("collector")) as collector,
        MqttPeer(broker, ladder.box("gy-001") / "identity") as pole,
    ):
        collector.subscribe(ALL_UP)
        pole.publish(topic, b"from the ladder")
        collector.wait_for(topic, b"from the ladder")


def test_a_box_that_nobody_took_in_is_not_heard(
    ladder: Ladder, broker: BrokerHandle, city: Authority
) -> None:
    """nats-server does not let it in; mosquitto does, and gives it no rights."""
    home = ladder.box("gy-002")
    box.install(home, ladder.sign(ladder.request("gy-002")))
    if broker.kind == "nats":
        with pytest.raises(RefusedError), MqttPeer(broker, home / "identity"):
            pass
        return
    good = next(one for one in city.register.devices if one.name == "pole-001-1")
    topic = city.register.address(good).event()
    with (
        MqttPeer(broker, city.identity("collector")) as collector,
        MqttPeer(broker, city.identity("pole-001-1")) as pole,
        MqttPeer(broker, home / "identity") as stranger,
    ):
        collector.subscribe(ALL_UP)
        stranger.subscribe(ALL_UP)
        shard = ladder.laptop.limits.poles[1].shard
        address = DeviceAddress("testcity", shard, "gy-002-1")
        stranger.try_publish(address.event(), b"unheard")
        pole.publish(topic, b"heard")
        collector.wait_for(topic, b"heard")
        assert [payload for _, payload in collector.received] == [b"heard"]
        assert stranger.received == []


@pytest.mark.parametrize("name", ["pole-001-1", "collector"])
def test_a_stolen_laptop_key_makes_nobody_else(
    ladder: Ladder, broker: BrokerHandle, name: str
) -> None:
    with pytest.raises(RefusedError), MqttPeer(broker, tls=stolen(ladder, cn=name, san=name)):
        pass


def test_a_stolen_key_with_two_names_gets_no_more_than_its_own(
    ladder: Ladder, broker: BrokerHandle, city: Authority
) -> None:
    """The user of mosquitto is the CN, nats-server's is the DNS name: each is held to its own."""
    for cn, san in (("collector", "gy-001-1"), ("gy-001-1", "collector")):
        tls = stolen(ladder, cn=cn, san=san)
        if (broker.kind, san) == ("nats", "gy-001-1"):
            entry = next(one for one in city.register.devices if one.name == "pole-001-1")
            topic = city.register.address(entry).event()
            with MqttPeer(broker, tls=tls) as thief:
                assert all(code.is_failure for code in thief.subscribe(ALL_UP, topic))
            continue
        with pytest.raises(RefusedError), MqttPeer(broker, tls=tls):
            pass
