"""The box's own certificate, and the newer one that must prove itself before it takes its place.

cert.pem        the one that works; stays until a newer one has worked
cert.next.pem   the newer one, checked and whole on the disk, not yet used with success

A certificate is no secret. It is taken for the box's own key and name only, from the city's
authority, and never one that ends sooner than what the box has.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.uplink.trust import WallClockGuard, tls_context
from wire import faultpoint
from wire.identity import (
    Identity,
    IdentityError,
    common_name,
    load_authorities,
    load_certificate,
    verify_chain,
)

NEXT = "cert.next.pem"

Told = Callable[[str, str, str | None], None]
"""Takes an audit action, a detail, and a code of wire.codes for a refusal; must not block."""

log = structlog.get_logger()


class CertificateError(Exception):
    """A certificate that is not taken; `code` is one of wire.codes."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class OwnCertificate:
    """Which certificate the link shows the broker; safe from any thread."""

    def __init__(self, identity: Identity, guard: WallClockGuard, told: Told) -> None:
        """`guard` learns of each certificate that takes the place of its own."""
        self._identity = identity
        self._guard = guard
        self._told = told
        self._lock = threading.Lock()
        self._current = load_certificate(identity.cert_file)
        self._next = self._left_over()
        self._showing_next = False

    def offer(self, pem: str) -> bool:
        """Take a newer certificate on trial; true when the link should connect anew.

        False for the one that the box has already. Raises CertificateError.
        """
        with self._lock:
            leaf = self._check(pem)
            if leaf == self._current:
                return False
            try:
                _write(self._next_file, pem.encode())
            except OSError as error:
                code = "disk.full" if error.errno == 28 else "disk.read-only"
                raise CertificateError(code, f"{self._next_file}: {error.strerror}") from error
            faultpoint.reach("certificate.written")
            self._next = leaf
            return True

    def context(self) -> ssl.SSLContext:
        """For one connection: with the newer certificate where one is on trial."""
        with self._lock:
            self._showing_next = self._next is not None
            file = self._next_file if self._showing_next else self._identity.cert_file
            return tls_context(self._identity, self._guard, file)

    @property
    def shown(self) -> str:
        """SHA-256 of the certificate that the connection shows, in hexadecimal."""
        with self._lock:
            found = self._next if self._showing_next and self._next else self._current
            return found.fingerprint(SHA256()).hex()

    def worked(self) -> None:
        """The broker let us in: a newer certificate takes the old one's place."""
        with self._lock:
            if not self._showing_next or self._next is None:
                return
            try:
                self._next_file.replace(self._identity.cert_file)
                _sync(self._identity.folder)
            except OSError as error:
                # It stays on trial, and works; the next start shows it again.
                log.error("certificate.kept", error=str(error))
                return
            faultpoint.reach("certificate.replaced")
            self._current, self._next, self._showing_next = self._next, None, False
            self._guard.renew(self._current)
            detail = f"until {self._current.not_valid_after_utc:%Y-%m-%d}"
        log.info("certificate.taken", detail=detail)
        self._told("certificate.taken", detail, None)

    def failed(self, code: str) -> bool:
        """The connection did not come about; one that the broker refuses is given up: true.

        Whatever else it was says nothing of the certificate: it is tried again.
        """
        with self._lock:
            if not self._showing_next or code != "broker.refused":
                return False
            self._next_file.unlink(missing_ok=True)
            self._next, self._showing_next = None, False
        log.error("certificate.refused", code=code)
        self._told("certificate.refused", "the broker does not let it in", code)
        return True

    @property
    def _next_file(self) -> Path:
        return self._identity.folder / NEXT

    def _left_over(self) -> x509.Certificate | None:
        """One that was on trial when the box went down."""
        try:
            return self._check(self._next_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, CertificateError) as error:
            log.error("certificate.refused", file=str(self._next_file), error=str(error))
            return None

    def _check(self, pem: str) -> x509.Certificate:
        try:
            chain = x509.load_pem_x509_certificates(pem.encode())
            verify_chain(chain, load_authorities(self._identity.ca_file))
            name = common_name(chain[0])
        except (ValueError, TypeError, InvalidSignature, IdentityError) as error:
            raise CertificateError("certificate.invalid", str(error) or "bad signature") from error
        leaf = chain[0]
        if name != self._identity.name or leaf.public_key() != self._current.public_key():
            raise CertificateError("certificate.foreign", f"it is for {name}, or another key")
        if leaf.not_valid_after_utc < self._current.not_valid_after_utc:
            ends = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
            raise CertificateError("certificate.older", f"it ends on {ends}")
        now = self._guard.now()
        if now is not None and not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
            raise CertificateError("certificate.invalid", "it is outside its time")
        return leaf


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Have a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
