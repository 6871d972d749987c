"""What one device alone may read: JWE (RFC 7516), ECDH-ES over X25519 and AES-256-GCM.

A device makes an X25519 key at every boot, keeps it in memory only, and offers the public half in
its signed nonce window: the certificate's key vouches for it, and what was once sent cannot be read
later, not even with the device in hand.
"""

from __future__ import annotations

import re

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

_HEADER = {"alg": "ECDH-ES", "enc": "A256GCM"}
_ALGORITHMS = list(_HEADER.values())
_X25519 = re.compile(r"[A-Za-z0-9_-]{43}")


class SealError(ValueError):
    """A key that is none, or a cipher that does not open; never says what was inside."""


class BootKey:
    """A device's X25519 key, for as long as it runs."""

    def __init__(self) -> None:
        self._key = OKPKey.generate_key("X25519", private=True)

    @property
    def public(self) -> str:
        """The public half, base64url (RFC 8037's `x`)."""
        return str(self._key.as_dict(private=False)["x"])

    def open(self, cipher: str) -> bytes:
        """What was sealed to this key; raises SealError for anything foreign or altered."""
        try:
            opened = jwe.decrypt_compact(cipher, self._key, algorithms=_ALGORITHMS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SealError(f"not sealed to this boot's key ({type(error).__name__})") from error
        return opened.plaintext or b""


def seal(plain: bytes, public: str) -> str:
    """Encrypt to the public half of a boot key; raises SealError when that is no key."""
    if not _X25519.fullmatch(public):
        raise SealError("the device's encryption key is no X25519 key")
    key = OKPKey.import_key({"kty": "OKP", "crv": "X25519", "x": public})
    try:
        return jwe.encrypt_compact(dict(_HEADER), plain, key, algorithms=_ALGORITHMS)
    except (JoseError, ValueError) as error:
        raise SealError("the device's encryption key is not usable") from error
