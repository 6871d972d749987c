"""The HMAC that a webhook and its answers carry: over the time and the body, with a shared secret.

`X-Polewatch-Signature: t=1772368200,v1=…`: seconds since 1970, and the HMAC-SHA-256 in hex of
`t`, a point, and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

HEADER = "X-Polewatch-Signature"
MAX_APART_S = 300
"""Clocks may differ by so much; older messages could be somebody's recording."""
_FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


class SignatureError(Exception):
    """A signature that does not hold; says what to do."""


def sign(secret: bytes, body: bytes, at: datetime) -> str:
    """The header's value."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def check(secret: bytes, body: bytes, header: str | None, now: datetime) -> None:
    """Raises SignatureError unless `header` signs `body` with `secret` about now."""
    found = _FORM.fullmatch(header or "")
    if found is None:
        raise SignatureError(f"the header {HEADER} must be t=SECONDS,v1=HEX")
    seconds = int(found[1])
    if not hmac.compare_digest(_digest(secret, seconds, body), found[2]):
        raise SignatureError("the signature does not hold; both sides need the same secret")
    apart = seconds - now.timestamp()
    if abs(apart) > MAX_APART_S:
        raise SignatureError(
            f"the signature's clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} "
            f"ours; at most {MAX_APART_S} s are accepted, set it by NTP"
        )


def _digest(secret: bytes, seconds: int, body: bytes) -> str:
    return hmac.new(secret, b"%d.%b" % (seconds, body), hashlib.sha256).hexdigest()
