"""What lies on the pole's disk of lists and traces: AES-256-GCM under a key drawn from its own."""

from __future__ import annotations

import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

NONCE_BYTES: Final = 12


class AtRest:
    """Seals and opens; `purpose` parts the keys of different uses."""

    def __init__(self, device_key: OKPKey, purpose: bytes) -> None:
        """`device_key` is the identity's private key."""
        private = str(device_key.as_dict(private=True)["d"])
        derived = HKDF(SHA256(), 32, salt=None, info=purpose).derive(
            urlsafe_b64decode(private.encode())
        )
        self._cipher = AESGCM(derived)

    def seal(self, plain: bytes, bound: str) -> bytes:
        """Nonce and cipher; it opens with the same `bound` only."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, bound.encode())

    def open(self, sealed: bytes, bound: str) -> bytes:
        """Raises cryptography's InvalidTag, or ValueError, for anything foreign or altered."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return self._cipher.decrypt(nonce, rest, bound.encode())
