"""Who signed an export, and whether its chain of signed GOPs is whole. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OKPKey

from edge_agent.clips.evidence.faults import EvidenceError
from edge_agent.clips.evidence.recorded import root_of
from edge_agent.clips.evidence.seals import link
from wire.envelope import CloudEvent, EnvelopeError, Verified, body, verify
from wire.evidence import GopRoot, Manifest, ManifestSignature, Statement
from wire.identity import IdentityError, common_name, signing_key_of

_HOLE_S = 5.0
"""A hole that the statement names ends this close to the GOP that follows it."""


class Signers:
    """The certificates that came with an export, and the keys that they are believed for."""

    def __init__(self, statement: Statement, authority: Sequence[x509.Certificate] | None) -> None:
        """Without `authority` the certificates vouch for themselves alone. Raises EvidenceError."""
        self.certificates: dict[str, x509.Certificate] = {}
        self._keys: dict[str, OKPKey] = {}
        for pem in statement.certificates:
            try:
                certificate = x509.load_pem_x509_certificate(pem.encode())
                name = common_name(certificate)
                self._keys[name] = _key(certificate, authority)
            except (ValueError, IdentityError) as error:
                raise EvidenceError("signer", f"a signer cannot be believed: {error}") from error
            self.certificates[name] = certificate
        if statement.device not in self.certificates:
            raise EvidenceError("signer", f"the certificate of {statement.device} is not there")

    def believed(self, token: str, what: str) -> Verified:
        """A signed message of one of them; raises EvidenceError."""
        try:
            signed = verify(token.encode(), self._keys.get)
        except (EnvelopeError, UnicodeError) as error:
            raise EvidenceError(
                "signature", f"the signature of {what} does not hold: {error}"
            ) from error
        certificate = self.certificates[signed.kid]
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begins <= signed.event.time <= ends and not _untimed(signed.event):
            raise EvidenceError(
                "signer", f"{what} was signed outside the validity of {signed.kid}'s certificate"
            )
        return signed


def check_signatures(manifest: Manifest, digest: str, signers: Signers) -> tuple[str, ...]:
    """Names of those who signed the statement, the device among them; raises EvidenceError.

    `digest` is the statement's, as it stands in the file.
    """
    names = []
    for token in manifest.signatures:
        signed = signers.believed(token, "the manifest")
        try:
            said = body(signed.event, ManifestSignature)
        except EnvelopeError as error:
            raise EvidenceError("manifest", f"a signature says nothing of it: {error}") from error
        if signed.event.kind != "manifest" or said.statement_sha256 != digest:
            raise EvidenceError(
                "manifest", f"the manifest is not what {signed.kid} signed: it was altered"
            )
        names.append(signed.kid)
    if manifest.statement.device not in names:
        raise EvidenceError("signer", f"{manifest.statement.device} did not sign the manifest")
    return tuple(names)


def check_chain(statement: Statement, signers: Signers) -> list[GopRoot]:
    """The signed roots in order; holes that the statement names are no fault.

    Raises EvidenceError.
    """
    chain: list[GopRoot] = []
    before = None
    for number, proof in enumerate(statement.gops, 1):
        signed = signers.believed(proof.token, f"GOP {number}")
        try:
            record = root_of(signed.event)
        except EnvelopeError as error:
            raise EvidenceError("manifest", f"GOP {number}: {error}") from error
        if signed.kid != statement.device or record.camera != statement.camera:
            raise EvidenceError(
                "signer", f"GOP {number} is of {signed.kid}/{record.camera}", record.start_at
            )
        if record.pictures != len(proof.since_90k):
            raise EvidenceError(
                "manifest", f"GOP {number} has {record.pictures} pictures", record.start_at
            )
        if before is not None and record.previous != before and not _told(statement, record):
            raise EvidenceError(
                "missing", f"between GOP {number - 1} and {number} one is missing", record.start_at
            )
        before = link(proof.token)
        chain.append(record)
    return chain


def _told(statement: Statement, record: GopRoot) -> bool:
    """Whether the signed statement says that pictures are missing just before this GOP."""
    return any(
        part.start_at < record.start_at
        and abs((record.start_at - part.end_at).total_seconds()) < _HOLE_S
        for part in statement.missing
    )


def _untimed(event: CloudEvent) -> bool:
    """A box without time may stamp a GOP outside its own certificate; it says so."""
    return event.data.get("time_quality") == "unsynchronised"


def _key(certificate: x509.Certificate, authority: Sequence[x509.Certificate] | None) -> OKPKey:
    if authority is None:
        public = certificate.public_key()
        return OKPKey.import_key(
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
    # Validity is judged by the time that was signed, not by today's.
    return signing_key_of(certificate, list(authority), now=certificate.not_valid_before_utc)
