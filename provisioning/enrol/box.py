"""On the box: makes its key and request, and takes only an answer that is its own."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provisioning.certificates import make_request
from provisioning.enrol.messages import Answer, Request
from provisioning.files import write_private, write_public
from provisioning.problems import ProvisionError
from wire.identity import IdentityError, common_name, verify_chain


def request(folder: Path, pole: str, claim: str) -> Request:
    """The box's request; its key is made the first time and stays in `folder`/identity."""
    key = _key(folder / "identity")
    csr = make_request(pole, key).public_bytes(Encoding.PEM).decode()
    return Request(pole=pole, claim=claim.strip(), csr=csr)


def install(folder: Path, answer: Answer) -> None:
    """Put identity, trust and configuration in place; raises ProvisionError and changes nothing.

    `folder`/identity/ca.pem, when the image brought one, is the only authority that counts.
    """
    identity = folder / "identity"
    _check(identity, answer)
    (folder / "trust").mkdir(parents=True, exist_ok=True)
    write_public(folder / "trust" / "collector.pem", answer.collector.encode())
    write_public(folder / "trust" / "signer.pem", answer.signer.encode())
    write_public(identity / "ca.pem", answer.ca.encode())
    if answer.agent is not None:
        write_public(folder / "agent.yaml", answer.agent.encode())
    # Last, because with it the box counts as enrolled.
    write_public(identity / "cert.pem", answer.certificate.encode())


def _check(identity: Path, answer: Answer) -> None:
    try:
        key = load_pem_private_key((identity / "key.pem").read_bytes(), password=None)
    except (OSError, ValueError) as error:
        detail = f"{identity / 'key.pem'} cannot be read; make a request first"
        raise ProvisionError("enrol.mismatch", detail) from error
    known = identity / "ca.pem"
    if known.is_file() and known.read_text() != answer.ca:
        raise ProvisionError("enrol.mismatch", f"{known} names another authority")
    try:
        chain = x509.load_pem_x509_certificates(answer.certificate.encode())
        roots = x509.load_pem_x509_certificates(answer.ca.encode())
        name = common_name(chain[0])
        verify_chain(chain, roots)
        for pem in (answer.collector, answer.signer):
            verify_chain(x509.load_pem_x509_certificates(pem.encode()), roots)
    except (ValueError, TypeError, InvalidSignature, IdentityError) as error:
        raise ProvisionError("enrol.mismatch", f"its certificates do not hold ({error})") from error
    if chain[0].public_key() != key.public_key():
        raise ProvisionError("enrol.mismatch", f"{name} was made for another box's key")
    if name != answer.name:
        raise ProvisionError("enrol.mismatch", f"the certificate names {name}, not {answer.name}")


def _key(identity: Path) -> Ed25519PrivateKey:
    path = identity / "key.pem"
    if path.is_file():
        found = load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(found, Ed25519PrivateKey):
            return found
        raise ProvisionError("identity.invalid", f"{path} is no Ed25519 key")
    identity.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem)
    return key
