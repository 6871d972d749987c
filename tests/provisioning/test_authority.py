"""The authority's promises: who is trusted, for how long, and what is refused."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from provisioning.authority import Authority, AuthorityError
from provisioning.certificates import make_request
from wire.clock import SimulatedClock
from wire.identity import Identity
from wire.register import Trust, load_register


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime.now(UTC))


@pytest.fixture
def city(tmp_path: Path, clock: SimulatedClock) -> Authority:
    return Authority.init(tmp_path / "authority", "here", clock)


def openssl_verify(city: Authority, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(city.ca_file), *options]
    target = str(city.identity(name) / "cert.pem")
    return subprocess.run([*command, target], capture_output=True, text=True, check=False)


def certificate(city: Authority, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((city.identity(name) / "cert.pem").read_bytes())


def test_an_issued_identity_loads_and_openssl_and_the_register_trust_it(
    city: Authority, clock: SimulatedClock
) -> None:
    folder = city.issue_device("pole-001")
    assert Identity.load(folder).name == "pole-001-1"
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert openssl_verify(city, "pole-001-1", "-purpose", "sslclient").returncode == 0
    trust = Trust(city.register_file, now=clock.now())
    assert trust.devices() == ("pole-001-1",)
    assert not trust.refused


def test_private_keys_are_their_owners_alone(city: Authority) -> None:
    city.issue_agency("police")
    keys = list(city.folder.rglob("key.pem"))
    assert len(keys) == 3
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)


def test_only_a_service_may_stand_as_a_server(city: Authority) -> None:
    city.issue_device("pole-001")
    city.issue_service("broker", "broker", hosts=("127.0.0.1", "centre.example"))
    assert openssl_verify(city, "pole-001-1", "-purpose", "sslserver").returncode != 0
    for check in (("-verify_ip", "127.0.0.1"), ("-verify_hostname", "centre.example")):
        assert openssl_verify(city, "broker", "-purpose", "sslserver", *check).returncode == 0


def test_the_own_name_is_the_common_name_and_the_first_dns_name(city: Authority) -> None:
    city.issue_service("broker", "broker", hosts=("localhost", "::1"))
    names = certificate(city, "broker").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["broker", "localhost"]
    assert certificate(city, "broker").subject.rfc4514_string() == "CN=broker,OU=service"


def test_a_signing_request_keeps_the_key_at_home(city: Authority) -> None:
    own = Ed25519PrivateKey.generate()
    request = make_request("another-name", own).public_bytes(Encoding.PEM)
    folder = city.issue_device("pole-001", csr=request)
    assert not (folder / "key.pem").exists()
    issued = certificate(city, "pole-001-1")
    assert issued.public_key() == own.public_key()
    assert "another-name" not in issued.subject.rfc4514_string()


@pytest.mark.parametrize(
    "request_text", [b"", b"no request", b"-----BEGIN CERTIFICATE REQUEST-----"]
)
def test_what_is_no_signing_request_is_refused_and_nothing_is_enrolled(
    city: Authority, request_text: bytes
) -> None:
    with pytest.raises(AuthorityError, match="pole-001-1"):
        city.issue_device("pole-001", csr=request_text)
    assert Authority(city.folder).issued() == ()
    assert load_register(city.register_file).devices == ()


def test_the_next_board_of_a_pole_gets_the_next_name_the_same_shard_and_ends_the_old_one(
    city: Authority,
) -> None:
    city.issue_device("pole-001")
    city.issue_device("pole-001", replace=True)
    old, new = city.register.devices
    assert (old.name, old.revoked) == ("pole-001-1", True)
    assert (new.name, new.generation, new.revoked) == ("pole-001-2", 2, False)
    assert old.shard == new.shard


def test_a_revoked_name_is_on_the_list_and_never_comes_back(city: Authority) -> None:
    city.issue_agency("police")
    city.revoke("police")
    refused = openssl_verify(city, "police", "-crl_check", "-CRLfile", str(city.crl_file))
    assert "certificate revoked" in refused.stderr
    assert city.register.agencies[0].revoked
    for attempt in (city.issue_agency, city.renew, city.revoke):
        with pytest.raises(AuthorityError, match="police"):
            attempt("police")


def test_a_renewal_keeps_name_key_and_hosts(city: Authority, clock: SimulatedClock) -> None:
    city.issue_service("broker", "broker", hosts=("127.0.0.1",))
    before = certificate(city, "broker")
    clock.advance(timedelta(days=700).total_seconds())
    city.renew("broker")
    after = certificate(city, "broker")
    assert after.public_key() == before.public_key()
    assert after.not_valid_after_utc - before.not_valid_after_utc == timedelta(days=700)
    assert city.issued()[-1].hosts == ("127.0.0.1",)
    assert Identity.load(city.identity("broker")).name == "broker"


def test_revoking_a_renewed_name_revokes_each_of_its_certificates(city: Authority) -> None:
    city.issue_agency("police")
    city.renew("police")
    city.revoke("police")
    crl = x509.load_pem_x509_crl(city.crl_file.read_bytes())
    assert {f"{entry.serial_number:x}" for entry in crl} == {i.serial for i in city.issued()}
    assert len(city.issued()) == 2


@pytest.mark.parametrize(
    "name", ["", "Police", "a b", "police\n", "../police", "x" * 33, "localhost"]
)
def test_what_is_no_name_is_refused(city: Authority, name: str) -> None:
    with pytest.raises(AuthorityError, match="PW-554"):
        city.issue_agency(name)
    assert not (city.folder / "identities").exists()


def test_a_batch_that_fails_leaves_everything_as_it_was(city: Authority) -> None:
    def enrol_two_of_one_name() -> None:
        with city.batch():
            city.issue_agency("police")
            city.issue_agency("police")

    with pytest.raises(AuthorityError, match="PW-555"):
        enrol_two_of_one_name()
    assert city.issued() == ()
    assert not city.identity("police").exists()
    city.issue_agency("police")


def test_two_openers_do_not_lose_each_others_work(city: Authority) -> None:
    other = Authority(city.folder)
    city.issue_agency("police")
    other.issue_agency("fire")
    assert [entry.name for entry in load_register(city.register_file).agencies] == [
        "police",
        "fire",
    ]


def test_daily_work_needs_no_root_key(city: Authority, tmp_path: Path) -> None:
    (city.folder / "root").rename(tmp_path / "offline")
    Authority(city.folder).issue_device("pole-001")
    assert openssl_verify(city, "pole-001-1").returncode == 0


def test_a_folder_is_made_an_authority_once(city: Authority, tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="PW-552"):
        Authority.init(city.folder, "here")
    with pytest.raises(AuthorityError, match="PW-551"):
        Authority(tmp_path / "nothing")


def test_certificates_never_outlive_their_issuer(city: Authority, clock: SimulatedClock) -> None:
    clock.advance(timedelta(days=9.5 * 365).total_seconds())
    city.issue_device("pole-001")
    issuing = x509.load_pem_x509_certificate((city.folder / "issuing" / "cert.pem").read_bytes())
    assert certificate(city, "pole-001-1").not_valid_after_utc == issuing.not_valid_after_utc
