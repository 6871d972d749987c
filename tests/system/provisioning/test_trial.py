"""A certificate that the broker refuses never takes the place of one that works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from edge_agent.uplink.certificate import NEXT
from edge_agent.uplink.link import LinkSettings
from provisioning import certificates
from provisioning.authority import Authority
from provisioning.certificates import Subject
from tests.support.broker import BrokerHandle
from tests.support.uplink import Uplink
from tests.support.wait import wait_until
from wire.clock import SystemClock

DEVICE = "pole-001-1"


@pytest.fixture
def box(city: Authority) -> Path:
    """Its identity folder, with a certificate that ends within days."""
    folder = city.identity(DEVICE)
    key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    issuing = city.issuing()
    ago = SystemClock().now() - certificates.LEAF_LIFE["device"] + timedelta(days=5)
    leaf = certificates.make_leaf(Subject(DEVICE, "device"), key.public_key(), issuing, ago)  # type: ignore[arg-type]  # the city's keys are Ed25519
    pems = (one.public_bytes(Encoding.PEM) for one in (leaf, issuing.certificate))
    (folder / "cert.pem").write_bytes(b"".join(pems))
    return folder


@pytest.fixture
def pole(city: Authority, broker: BrokerHandle, box: Path, tmp_path: Path) -> Iterator[Uplink]:
    settings = LinkSettings(
        broker.host, broker.port, health_interval_s=0.5, retry_first_s=0.1, retry_limit_s=0.5
    )
    pole = Uplink(city.folder, DEVICE, tmp_path / "pole", settings, SystemClock())
    pole.link.start()
    wait_until(lambda: pole.link.connected, 30, "the pole with its old certificate")
    yield pole
    pole.close()


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_one_that_the_broker_refuses_is_given_up_and_the_old_one_connects_again(
    city: Authority, pole: Uplink, box: Path
) -> None:
    """Its issuer is a laptop of which this broker has no revocation list."""
    before = (box / "cert.pem").read_text()
    now = SystemClock().now()
    laptop = certificates.make_laptop("kim", [DEVICE], city.issuing(), now, timedelta(days=14))
    key = load_pem_private_key((box / "key.pem").read_bytes(), None)
    leaf = certificates.make_leaf(Subject(DEVICE, "device"), key.public_key(), laptop, now)  # type: ignore[arg-type]  # the city's keys are Ed25519
    chain = (leaf, laptop.certificate, city.issuing().certificate)
    text = "".join(one.public_bytes(Encoding.PEM).decode() for one in chain)
    assert pole.certificate.offer(text)
    pole.link.connect_anew()
    wait_until(lambda: pole.certified != [], 60, "the refused one to be given up")
    wait_until(lambda: pole.link.connected, 60, "the old one to connect again")
    assert not (box / NEXT).exists()
    assert (box / "cert.pem").read_text() == before
    assert pole.certified == ["certificate.refused"]


def test_one_that_works_takes_the_old_ones_place_though_the_broker_was_away(
    city: Authority, broker: BrokerHandle, pole: Uplink, box: Path
) -> None:
    before = (box / "cert.pem").read_text()
    newer = (city.renew(DEVICE) / "cert.pem").read_text()
    # The authority keeps what it hands out in the folder that is this box's own here.
    (box / "cert.pem").write_text(before)
    broker.stop()
    wait_until(lambda: not pole.link.connected, 30, "the pole to notice")
    assert pole.certificate.offer(newer)
    pole.link.connect_anew()
    wait_until(lambda: pole.link.fault == "broker.unreachable", 30, "a try that says nothing")
    assert (box / "cert.pem").read_text() == before
    broker.start()
    wait_until(lambda: pole.link.connected, 60, "the pole with its new certificate")
    # It is told after the files are in place.
    wait_until(lambda: pole.certified != [], 30, "the new one to be taken")
    assert pole.certified == ["certificate.taken"]
    assert (box / "cert.pem").read_text() == newer
