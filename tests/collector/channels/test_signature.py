"""What a signature proves, and what it says when it does not hold."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from collector.channels.signature import SignatureError, check, sign

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
BODY = '{"구":1}'.encode()


def test_it_is_the_hmac_that_the_guide_describes() -> None:
    seconds = int(NOW.timestamp())
    expected = hmac.new(SECRET, f"{seconds}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert sign(SECRET, BODY, NOW) == f"t={seconds},v1={expected}"
    check(SECRET, BODY, sign(SECRET, BODY, NOW), NOW)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, "must be t=SECONDS"),
        ("", "must be t=SECONDS"),
        ("t=1,v1=xyz", "must be t=SECONDS"),
        (sign(b"x" * 32, BODY, NOW), "the same secret"),
        (sign(SECRET, BODY + b" ", NOW), "the same secret"),
        (sign(SECRET, BODY, NOW - timedelta(seconds=301)), "clock is 301 s behind ours"),
        (sign(SECRET, BODY, NOW + timedelta(hours=9)), "clock is 32400 s ahead of ours"),
    ],
)
def test_what_does_not_hold_says_why(header: str | None, said: str) -> None:
    with pytest.raises(SignatureError, match=said):
        check(SECRET, BODY, header, NOW)
