"""Identities: one Ed25519 key and X.509 certificate for TLS and signatures alike."""

from __future__ import annotations

import itertools
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from joserfc.jwk import OKPKey

from wire.envelope import sign_bytes
from wire.names import is_name


class IdentityError(Exception):
    """A key or certificate that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A principal's own key and certificate, loaded from a folder of three PEM files."""

    name: str
    key: OKPKey
    folder: Path

    @property
    def key_file(self) -> Path:
        return self.folder / "key.pem"

    @property
    def cert_file(self) -> Path:
        return self.folder / "cert.pem"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def client_id(self) -> str:
        """What this principal is called as an MQTT client: its name, and what nobody can guess.

        The name of a client is its own choice, and who takes another's takes its place and session
        where the broker does not look at certificates (nats-server). Ed25519 signatures depend on
        nothing but key and text, so it is the same at each start.
        """
        secret = sha256(sign_bytes(b"MQTT client id", self.name, self.key)).hexdigest()[:20]
        return f"{self.name}-{secret}"

    @classmethod
    def load(cls, folder: Path) -> Identity:
        """Read `key.pem`, `cert.pem` and `ca.pem`; raises IdentityError."""
        for name in ("key.pem", "cert.pem", "ca.pem"):
            if not (folder / name).is_file():
                raise IdentityError(
                    f"{folder / name} is missing; enrol again or run "
                    f"'polewatch provision authority issue'"
                )
        key_file = folder / "key.pem"
        if key_file.stat().st_mode & 0o077:
            raise IdentityError(f"{key_file} may be read by others; run: chmod 600 {key_file}")
        certificate = load_certificate(folder / "cert.pem")
        try:
            key = OKPKey.import_key(key_file.read_bytes())
        except ValueError as error:
            raise IdentityError(f"{key_file} holds no Ed25519 private key ({error})") from error
        if not key.is_private or _public_pem(certificate) != key.as_pem(private=False):
            raise IdentityError(f"{key_file} does not belong to {folder / 'cert.pem'}; enrol again")
        return cls(common_name(certificate), key, folder)

    def tls_client(self, cert_file: Path | None = None) -> ssl.SSLContext:
        """Mutual TLS 1.2 or newer, towards peers of the city's authority only.

        `cert_file` is another certificate of the same key.
        """
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(self.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(cert_file or self.cert_file, self.key_file)
        return context


def load_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file; raises IdentityError."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise IdentityError(f"{path} holds no readable certificate ({error})") from error


def common_name(certificate: x509.Certificate) -> str:
    """The certificate's name; raises IdentityError when it is not a name of ours."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else ""
    if not is_name(name):
        raise IdentityError(f"certificate name {name!r} does not match [a-z0-9-]{{1,32}}")
    return name


def signing_key_of(
    certificate: x509.Certificate, authorities: list[x509.Certificate], *, now: datetime
) -> OKPKey:
    """The public key of a certificate that one of `authorities` issued and that is valid `now`.

    Raises IdentityError naming why it is not trusted.
    """
    name = common_name(certificate)
    if (
        not certificate.not_valid_before_utc
        <= now.astimezone(UTC)
        <= certificate.not_valid_after_utc
    ):
        raise IdentityError(f"certificate {name} is outside its time of validity")
    for authority in authorities:
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return OKPKey.import_key(_public_pem(certificate))
    raise IdentityError(f"certificate {name} was not issued by a trusted authority")


def verify_chain(chain: list[x509.Certificate], roots: list[x509.Certificate]) -> None:
    """Each link up to an authority of ours; raises ValueError, TypeError or InvalidSignature.

    What each certificate may be used for, and its time, is the TLS peer's to judge.
    """
    if not chain:
        raise ValueError("it holds no certificate")
    for certificate, issuer in itertools.pairwise(chain):
        if not _may_issue(issuer):
            raise ValueError("one of its issuers is no authority")
        certificate.verify_directly_issued_by(issuer)
    top = chain[-1]
    if top in roots:
        return
    for root in roots:
        if root.subject == top.issuer:
            top.verify_directly_issued_by(root)
            return
    raise ValueError("no authority of ours is at its end")


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def load_authorities(path: Path) -> list[x509.Certificate]:
    """All certificates of a CA file; raises IdentityError."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise IdentityError(f"{path} holds no readable CA certificate ({error})") from error


def _public_pem(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise IdentityError("certificate key is not Ed25519")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
