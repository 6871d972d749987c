"""The box's own certificate and those that it believes, well and not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from edge_agent.check import EXPIRY_WARNING, check_identity, check_trust
from edge_agent.config import AgentSettings
from provisioning.authority import Authority
from provisioning.certificates import LEAF_LIFE, Subject, make_laptop, make_leaf
from tests.edge_agent.checks.settings import pole_settings
from wire.clock import SimulatedClock


@pytest.fixture
def clock() -> SimulatedClock:
    # Certificates count whole seconds.
    return SimulatedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def city(tmp_path: Path, clock: SimulatedClock) -> Authority:
    return Authority.init(tmp_path / "authority", "gyeyang", clock)


@pytest.fixture
def settings(city: Authority, tmp_path: Path) -> AgentSettings:
    return pole_settings(city, tmp_path)


def test_both_are_well(settings: AgentSettings, clock: SimulatedClock) -> None:
    own, others = check_identity(settings, clock), check_trust(settings, clock)
    assert (own.ok, others.ok) == (True, True), (own.detail, others.detail)
    assert "pole-001-1, valid for 1095 days" in own.detail


@pytest.mark.parametrize("damage", ["missing", "readable", "foreign"])
def test_a_key_that_cannot_be_used(
    settings: AgentSettings, city: Authority, clock: SimulatedClock, damage: str
) -> None:
    key = settings.identity / "key.pem"
    if damage == "missing":
        key.unlink()
    elif damage == "readable":
        key.chmod(0o644)
    else:
        key.write_bytes((city.identity("collector") / "key.pem").read_bytes())
    found = check_identity(settings, clock)
    assert (found.code, found.number) == ("identity.invalid", "PW-503"), found.detail
    assert str(key) in found.detail


def test_a_certificate_near_its_end_and_a_clock_before_its_begin(
    settings: AgentSettings, clock: SimulatedClock
) -> None:
    clock.advance((LEAF_LIFE["device"] - EXPIRY_WARNING + timedelta(days=1)).total_seconds())
    found = check_identity(settings, clock)
    assert (found.code, found.detail) == ("identity.invalid", "pole-001-1 expires in 29 days")
    clock.step_wall(-timedelta(days=4000).total_seconds())
    early = check_identity(settings, clock)
    assert (early.code, early.number) == ("clock.unsynchronised", "PW-504")
    assert check_trust(settings, clock).code == "clock.unsynchronised"


def test_what_a_laptop_signed_is_well_until_its_last_day(
    settings: AgentSettings, city: Authority, clock: SimulatedClock
) -> None:
    key = load_pem_private_key((settings.identity / "key.pem").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    laptop = make_laptop("kim", ["pole-001-1"], city.issuing(), clock.now(), timedelta(days=7))
    leaf = make_leaf(Subject("pole-001-1", "device"), key.public_key(), laptop, clock.now())
    (settings.identity / "cert.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    found = check_identity(settings, clock)
    assert found.ok
    assert "valid for 7 days; the ordinary certificate comes" in found.detail
    clock.advance(timedelta(days=6.5).total_seconds())
    assert check_identity(settings, clock).detail == "pole-001-1 expires in 0 days"


@pytest.mark.parametrize("role", ["collector", "signer"])
def test_a_service_that_is_missing_foreign_or_near_its_end_is_named(
    city: Authority, settings: AgentSettings, clock: SimulatedClock, tmp_path: Path, role: str
) -> None:
    path = city.folder / "certs" / f"{role}.pem"
    own = path.read_bytes()
    path.unlink()
    assert str(path) in check_trust(settings, clock).detail
    stranger = Authority.init(tmp_path / "stranger", "gyeyang", clock)
    path.write_bytes((stranger.issue_service(role, role) / "cert.pem").read_bytes())  # type: ignore[arg-type]  # the parameter is a role
    foreign = check_trust(settings, clock)
    assert (foreign.code, foreign.number) == ("identity.invalid", "PW-503")
    assert f"{path}: certificate {role} was not issued by a trusted authority" in foreign.detail
    path.write_bytes((city.folder / "certs" / "pole-001-1.pem").read_bytes())
    assert "is the certificate of 'pole-001-1'" in check_trust(settings, clock).detail
    path.write_bytes(own)
    clock.advance((LEAF_LIFE["service"] - timedelta(days=10)).total_seconds())
    late = check_trust(settings, clock)
    assert (late.code, late.detail) == ("identity.invalid", "collector expires in 10 days")
