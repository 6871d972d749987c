"""Whom a pole believes: exactly the certificates that its configuration names."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from cryptography import x509
from joserfc.jwk import OKPKey

from wire.clock import Clock
from wire.event import TimeQuality
from wire.identity import (
    Identity,
    IdentityError,
    common_name,
    load_authorities,
    load_certificate,
    signing_key_of,
)

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME; Python's ssl names it nowhere.
NO_CHECK_TIME = 0x200000


class WallClockGuard:
    """Whether the wall clock may judge certificates, on a box that may not know what time it is.

    A pole without a battery starts in the past. While no time service keeps the clock and it
    stands outside the box's own certificate, it is certainly wrong, and certificates' times are
    not looked at, so that the box can connect, obey and learn the time. Signatures, names and the
    issuing authority always count.
    """

    def __init__(
        self, own: x509.Certificate, clock: Clock, quality: Callable[[], TimeQuality]
    ) -> None:
        self._own = own
        self._clock = clock
        self._quality = quality

    def renew(self, own: x509.Certificate) -> None:
        """The box's own certificate is another one from now on."""
        self._own = own

    def now(self) -> datetime | None:
        """The time to judge by; None while the clock is certainly wrong."""
        now = self._clock.now()
        if self._own.not_valid_before_utc <= now <= self._own.not_valid_after_utc:
            return now
        return now if self._quality() == "synchronised" else None


class PeerTrust:
    """The centre's keys by certificate name."""

    def __init__(self, files: Mapping[str, Path], ca_file: Path, guard: WallClockGuard) -> None:
        """`files` maps the name that a certificate must bear to its file.

        Raises IdentityError when one cannot be read, bears another name, or the authority did not
        issue it.
        """
        self._guard = guard
        self._authorities = load_authorities(ca_file)
        self._certificates: dict[str, x509.Certificate] = {}
        for name, file in files.items():
            certificate = load_certificate(file)
            if common_name(certificate) != name:
                raise IdentityError(f"{file} is the certificate of {common_name(certificate)!r}")
            signing_key_of(certificate, self._authorities, now=certificate.not_valid_before_utc)
            self._certificates[name] = certificate

    def key_of(self, name: str) -> OKPKey | None:
        """The key of that name; None for anybody else, and outside the certificate's time."""
        certificate = self._certificates.get(name)
        if certificate is None:
            return None
        try:
            now = self._guard.now() or certificate.not_valid_before_utc
            return signing_key_of(certificate, self._authorities, now=now)
        except IdentityError:
            return None

    def key_of_only(self, name: str) -> Callable[[str], OKPKey | None]:
        """Like `key_of`, for one signer alone: a grant's signer may not command."""
        return lambda kid: self.key_of(name) if kid == name else None


def tls_context(
    identity: Identity, guard: WallClockGuard, cert_file: Path | None = None
) -> ssl.SSLContext:
    """Mutual TLS to the broker; times are not checked while the clock is certainly wrong."""
    context = identity.tls_client(cert_file)
    if guard.now() is None:
        context.verify_flags |= NO_CHECK_TIME
    return context
