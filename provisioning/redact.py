"""Takes secrets and personal data out of text: first what is known, then what looks like it.

What a box's own files say to be secret (passwords, keys) is taken out wherever it stands and
however it is written; patterns catch what nobody told us of. Better too much than too little.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

GONE = "[redacted]"
SHORT = 4
"""Shorter secrets are taken out only as whole words, or nothing readable would be left."""

_WORDS = (
    r"pass(?:word|wd|phrase|code)|pwd|psk|secret|token|credential(?!s?_file)|api[-_]?key|"
    r"private[-_]?key|session[-_]?key|비밀번호|비번|암호"
)
"""Anywhere in a name."""
_NAMES = r"(?<![\w-])(?:pass|pw|pin|otp|totp|auth|claim|grant|ice-pwd|ice-ufrag)(?![\w-])"
"""Only as the whole name: `mapping` and `PW-401` are no secrets."""
_SECRET = rf"(?:[\w-]*(?:{_WORDS})[\w-]*|{_NAMES})"
_VALUE = r"(\\?\"(?:[^\"\\\r\n]|\\[^\"\r\n])*(?:\\?\")?|'[^'\r\n]*'?|[^\s,;&<>\"'}\]\\]+)"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, flags), kept)
    for pattern, flags, kept in (
        # Keys in PEM, also with \n written out and cut off at the end of the text.
        (
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)",
            re.S,
            GONE,
        ),
        # user:password@ of any URL; a password may hold an @ itself, a host cannot.
        (r"([a-z][a-z0-9+.-]*://)[^\s/\"'<>]*@", re.I, rf"\1{GONE}@"),
        # JWS and JWT, also without their signature.
        (r"\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}", 0, GONE),
        (
            r"(authorization|proxy-authorization|set-cookie|cookie)(\W{1,4})[^\r\n]*",
            re.I,
            rf"\1\2{GONE}",
        ),
        (r"\b(basic|bearer|digest)\s+[\w+/=.~-]{4,}", re.I, rf"\1 {GONE}"),
        # name = value, name: value, "name": "value", --name value, <name>value</name>
        (rf"({_SECRET}\\?[\"']?\s*(?:[:=>]+|\bis\b|\bwas\b)\s*){_VALUE}", re.I, rf"\1{GONE}"),
        (rf"(--?{_SECRET}\s+)(\S+)", re.I, rf"\1{GONE}"),
        (r"\b(ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+)\s+\S+", 0, rf"\1 {GONE}"),
        # Personal data: number plates, telephone, resident registration, mail.
        (r"(?<!\d)\d{2,3}\s?[가-힣]\s?\d{4}(?!\d)", 0, "[plate]"),
        (r"(?<![\d.])01[016789][- ]?\d{3,4}[- ]?\d{4}(?!\d)", 0, "[phone]"),
        (r"(?<!\d)\d{6}-[1-8]\d{6}(?!\d)", 0, "[resident number]"),
        (r"[\w.+-]+@[\w-]+\.[\w.-]*\w", 0, "[mail]"),
    )
)


class Redactor:
    """Knows the secrets of one box."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` as they stand in their files; lines of a key count one by one."""
        forms = {form for secret in secrets for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = [
            re.compile(
                re.escape(form) if len(form) >= SHORT else rf"(?<!\w){re.escape(form)}(?!\w)",
                re.I,
            )
            for form in longest_first
        ]

    def text(self, text: str) -> str:
        """The text without secrets and personal data."""
        for known in self._known:
            text = known.sub(GONE, text)
        for pattern, kept in _PATTERNS:
            text = pattern.sub(kept, text)
        return text

    def value(self, value: object) -> object:
        """A value of JSON with every text and key redacted, and what a secret's name holds."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {
                self.text(str(key)): GONE if _is_secret(str(key), one) else self.value(one)
                for key, one in value.items()
            }
        return value


def _is_secret(key: str, value: object) -> bool:
    return value is not None and re.fullmatch(_SECRET, key, re.I) is not None


def _forms(secret: str) -> Iterable[str]:
    """The ways in which one secret may be written in a log."""
    secret = secret.strip()
    if not secret:
        return
    raw = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(secret) < SHORT:
        return
    yield raw.hex()
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterable[str]:
    """Base64 of it alone, and the part that does not depend on what stands before and behind."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            text = encode(b"\0" * shift + raw).decode()
            inner = text[-(-shift * 8 // 6) :].rstrip("=")
            # The last digits mix with what follows.
            inner = inner[: (len(raw) * 8 - (-shift * 8 % 6)) // 6]
            if len(inner) >= SHORT:
                yield inner
