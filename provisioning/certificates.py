"""X.509 certificates of the city: built here from plain values, without files and without clocks.

A root signs an issuing authority, the issuing authority signs everybody. All keys are Ed25519
(RFC 8410), because the same key also signs what its owner says (JWS EdDSA).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Kind = Literal["device", "agency", "service", "operator"]

ROOT_LIFE = timedelta(days=20 * 365)
ISSUING_LIFE = timedelta(days=10 * 365)
LEAF_LIFE: dict[Kind, timedelta] = {
    "device": timedelta(days=3 * 365),
    "agency": timedelta(days=2 * 365),
    "service": timedelta(days=2 * 365),
    "operator": timedelta(days=365),
}
BACKDATE = timedelta(days=1)
"""A box whose clock runs a little behind must not refuse a certificate made a minute ago."""


@dataclass(frozen=True, slots=True)
class Signer:
    """An authority's certificate with its private key."""

    certificate: x509.Certificate
    key: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for. `hosts` are DNS names or addresses at which it may be a server."""

    name: str
    kind: Kind
    hosts: tuple[str, ...] = ()


def make_root(site: str, now: datetime) -> Signer:
    """A fresh self-signed root of one site."""
    key = Ed25519PrivateKey.generate()
    subject = _authority_name(f"Polewatch {site} root")
    builder = _authority(subject, subject, key.public_key(), now, ROOT_LIFE, path_length=2)
    return Signer(builder.sign(key, algorithm=None), key)


def make_issuing(site: str, root: Signer, now: datetime) -> Signer:
    """A fresh issuing authority; one shorter-lived authority may stand below it (a laptop's)."""
    key = Ed25519PrivateKey.generate()
    subject = _authority_name(f"Polewatch {site} issuing")
    issuer = root.certificate.subject
    builder = _authority(subject, issuer, key.public_key(), now, ISSUING_LIFE, path_length=1)
    builder = builder.add_extension(_issuer_key(root), critical=False)
    return Signer(builder.sign(root.key, algorithm=None), key)


def make_laptop(
    name: str, devices: Sequence[str], issuing: Signer, now: datetime, life: timedelta
) -> Signer:
    """A short-lived authority that can certify the named devices and nobody else.

    See docs/design/enrolment.md for why its constraints are not critical.
    """
    key = Ed25519PrivateKey.generate()
    subject = _authority_name(f"Polewatch {name}")
    issuer = issuing.certificate.subject
    permitted: list[x509.GeneralName] = []
    for device in devices:
        permitted.append(x509.DNSName(device))
        permitted.append(x509.DirectoryName(subject_name(Subject(device, "device"))))
    nowhere = [
        x509.IPAddress(ipaddress.ip_network(everywhere)) for everywhere in ("0.0.0.0/0", "::/0")
    ]
    builder = (
        _authority(subject, issuer, key.public_key(), now, life, path_length=0)
        .add_extension(_issuer_key(issuing), critical=False)
        .add_extension(x509.NameConstraints(permitted, nowhere), critical=False)
    )
    return Signer(builder.sign(issuing.key, algorithm=None), key)


def make_leaf(
    subject: Subject, public_key: Ed25519PublicKey, issuer: Signer, now: datetime
) -> x509.Certificate:
    """A certificate of one principal: CN and first SAN are its name, OU is its kind.

    Only services and principals with `hosts` may act as TLS servers, so that a stolen device
    cannot stand in for the broker.
    """
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if subject.kind == "service" or subject.hosts:
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
    expiry = min(now + LEAF_LIFE[subject.kind], issuer.certificate.not_valid_after_utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject_name(subject))
        .issuer_name(issuer.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(expiry)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(subject)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(_issuer_key(issuer), critical=False)
        .sign(issuer.key, algorithm=None)
    )


def make_revocations(
    revoked: Iterable[tuple[int, datetime]], issuer: Signer, now: datetime
) -> x509.CertificateRevocationList:
    """The issuing authority's revocation list of (serial number, time of revocation).

    It stays current as long as the authority lives: a list that runs out makes OpenSSL refuse
    every certificate, which would silence a city because nobody was revoked for a while.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(issuer.certificate.not_valid_after_utc)
        .add_extension(_issuer_key(issuer), critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
    )
    for serial, moment in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, algorithm=None)


def public_key_of(request: bytes) -> Ed25519PublicKey:
    """The key of a PEM signing request whose signature holds.

    Raises ValueError for anything else. The names in a request are never used: who it is for is
    the authority's decision.
    """
    csr = x509.load_pem_x509_csr(request)
    if not csr.is_signature_valid:
        raise ValueError("the signing request's own signature does not hold")
    key = csr.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the signing request's key is not Ed25519")
    return key


def make_request(name: str, key: Ed25519PrivateKey) -> x509.CertificateSigningRequest:
    """A signing request, as a box makes it for the key that never leaves it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, algorithm=None)


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: Ed25519PublicKey,
    now: datetime,
    life: timedelta,
    *,
    path_length: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def subject_name(subject: Subject) -> x509.Name:
    """OU is the kind, CN the name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, subject.kind),
            x509.NameAttribute(NameOID.COMMON_NAME, subject.name),
        ]
    )


def _authority_name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _issuer_key(issuer: Signer) -> x509.AuthorityKeyIdentifier:
    known = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _names(subject: Subject) -> Sequence[x509.GeneralName]:
    # The own name comes first: nats-server takes the first DNS name that it knows for the user.
    names: list[x509.GeneralName] = [x509.DNSName(subject.name)]
    for host in dict.fromkeys(subject.hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            if host != subject.name:
                names.append(x509.DNSName(host))
    return names
