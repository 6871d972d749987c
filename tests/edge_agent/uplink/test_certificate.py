"""A newer certificate takes the old one's place once it has worked, and not before."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from edge_agent.uplink.certificate import NEXT, CertificateError, OwnCertificate
from edge_agent.uplink.trust import WallClockGuard
from provisioning import certificates
from provisioning.authority import Authority
from provisioning.certificates import Signer, Subject
from wire import faultpoint
from wire.clock import SimulatedClock
from wire.identity import Identity, load_certificate

DAY_S = 86_400.0


@dataclass
class Box:
    """A pole's identity folder with a certificate of few days, and what was told of it."""

    city: Authority
    clock: SimulatedClock
    folder: Path
    told: list[tuple[str, str | None]] = field(default_factory=list)

    def own(self) -> OwnCertificate:
        """As the agent makes it at its start."""
        identity = Identity.load(self.folder)
        guard = WallClockGuard(
            load_certificate(identity.cert_file), self.clock, lambda: "synchronised"
        )
        return OwnCertificate(identity, guard, lambda what, _, code: self.told.append((what, code)))

    def make(
        self,
        *,
        name: str = "pole-001-1",
        key: Ed25519PrivateKey | None = None,
        by: Signer | None = None,
        days: float = 0,
    ) -> str:
        """A chain of the authority, made `days` from now."""
        signer = by or self.city.issuing()
        at = self.clock.now() + timedelta(days=days)
        own = (key or self.key).public_key()
        leaf = certificates.make_leaf(Subject(name, "device"), own, signer, at)
        return _pem(leaf) + _pem(signer.certificate)

    @property
    def key(self) -> Ed25519PrivateKey:
        found = load_pem_private_key((self.folder / "key.pem").read_bytes(), None)
        assert isinstance(found, Ed25519PrivateKey)
        return found

    @property
    def on_disk(self) -> str:
        return (self.folder / "cert.pem").read_text()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    clock = SimulatedClock(datetime.now(UTC))
    city = Authority.init(tmp_path / "authority", "testcity", clock)
    made = Box(city, clock, city.issue_device("pole-001"))
    short = certificates.make_laptop(
        "kim", ["pole-001-1"], city.issuing(), clock.now(), timedelta(days=7)
    )
    chain = made.make(by=short)
    (made.folder / "cert.pem").write_text(chain)
    return made


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _hash(chain: str) -> str:
    return x509.load_pem_x509_certificate(chain.encode()).fingerprint(SHA256()).hex()


def test_it_is_shown_then_takes_the_old_ones_place(box: Box) -> None:
    own, before, newer = box.own(), box.on_disk, box.make()
    assert own.offer(newer)
    assert (own.shown, box.on_disk) == (_hash(before), before), "nothing was shown yet"
    assert isinstance(own.context(), ssl.SSLContext)
    assert (own.shown, box.on_disk) == (_hash(newer), before), "it is on trial"
    own.worked()
    assert (own.shown, box.on_disk) == (_hash(newer), newer)
    assert not (box.folder / NEXT).exists()
    assert box.told == [("certificate.taken", None)]
    assert not own.offer(newer), "the one at hand is no news"
    assert Identity.load(box.folder).name == "pole-001-1"


def test_one_that_the_broker_refuses_is_given_up_and_the_old_one_goes_on(box: Box) -> None:
    own, before = box.own(), box.on_disk
    own.offer(box.make())
    own.context()
    assert own.failed("broker.refused")
    own.context()
    assert (own.shown, box.on_disk) == (_hash(before), before)
    assert not (box.folder / NEXT).exists()
    assert box.told == [("certificate.refused", "broker.refused")]
    assert not own.failed("broker.refused"), "that is no word about a newer one"


@pytest.mark.parametrize("code", ["broker.unreachable", "broker.untrusted"])
def test_a_broker_that_is_away_says_nothing_of_the_certificate(box: Box, code: str) -> None:
    own, newer = box.own(), box.make()
    own.offer(newer)
    own.context()
    assert not own.failed(code)
    own.context()
    own.worked()
    assert box.on_disk == newer


def test_an_old_connection_that_works_does_not_prove_a_newer_certificate(box: Box) -> None:
    own, before = box.own(), box.on_disk
    own.context()
    own.offer(box.make())
    own.worked()
    assert box.on_disk == before


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("certificate.foreign", lambda box: box.make(name="pole-002-1")),
        ("certificate.foreign", lambda box: box.make(key=Ed25519PrivateKey.generate())),
        ("certificate.older", lambda box: _short(box, days=3)),
        ("certificate.invalid", lambda box: box.make(days=30)),
        ("certificate.invalid", lambda box: box.make(by=_stranger(box))),
        ("certificate.invalid", lambda box: _signed_by_a_pole(box)),
        ("certificate.invalid", lambda _: "no certificate"),
        ("certificate.invalid", lambda _: ""),
    ],
)
def test_what_is_not_its_own_is_not_taken(box: Box, code: str, made: Callable[[Box], str]) -> None:
    own, before = box.own(), box.on_disk
    with pytest.raises(CertificateError) as raised:
        own.offer(made(box))
    assert raised.value.code == code
    own.context()
    assert own.shown == _hash(before)
    assert sorted(path.name for path in box.folder.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]


def _short(box: Box, days: int) -> str:
    life = timedelta(days=days)
    made = certificates.make_laptop(
        "lee", ["pole-001-1"], box.city.issuing(), box.clock.now(), life
    )
    return box.make(by=made)


def _stranger(box: Box) -> Signer:
    now = box.clock.now()
    return certificates.make_issuing("testcity", certificates.make_root("testcity", now), now)


def _signed_by_a_pole(box: Box) -> str:
    """What whoever holds one pole's key can sign with it."""
    key = Ed25519PrivateKey.generate()
    issuing = box.city.issuing()
    pole = certificates.make_leaf(
        Subject("pole-009-1", "device"), key.public_key(), issuing, box.clock.now()
    )
    return box.make(by=Signer(pole, key)) + _pem(issuing.certificate)


def test_a_clock_that_is_certainly_wrong_does_not_judge(box: Box) -> None:
    """A box without a battery starts years ago; no time service keeps it yet."""
    newer = box.make()
    box.clock.step_wall(-4000 * DAY_S)
    identity = Identity.load(box.folder)
    guard = WallClockGuard(
        load_certificate(identity.cert_file), box.clock, lambda: "unsynchronised"
    )
    own = OwnCertificate(identity, guard, lambda *_: None)
    assert own.offer(newer)


@pytest.mark.parametrize("point", ["certificate.written", "certificate.replaced"])
def test_cut_off_anywhere_it_goes_on_after_the_next_start(box: Box, point: str) -> None:
    newer = box.make()
    child = os.fork()
    if child == 0:
        faultpoint.watch(lambda here: os._exit(9) if here == point else None)
        own = box.own()
        own.offer(newer)
        own.context()
        own.worked()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    own = box.own()
    own.context()
    assert own.shown == _hash(newer)
    own.worked()
    assert box.on_disk == newer


def test_a_left_over_that_is_none_is_no_reason_not_to_start(box: Box) -> None:
    before = box.on_disk
    (box.folder / NEXT).write_text("torn")
    own = box.own()
    own.context()
    assert own.shown == _hash(before)


def test_a_disk_that_cannot_be_written_is_said_so(box: Box) -> None:
    own = box.own()
    (box.folder / f".{NEXT}.new").mkdir()
    with pytest.raises(CertificateError, match=r"disk\.read-only"):
        own.offer(box.make())
