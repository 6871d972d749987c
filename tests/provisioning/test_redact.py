"""What looks like a secret goes, what helps to find a fault stays."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from provisioning.redact import Redactor

WORD = "Zq7!vK-x"


@pytest.mark.parametrize(
    "line",
    [
        f"rtsp://admin:{WORD}@10.0.0.1/stream",
        f"rtsp://admin:a@b{WORD}@10.0.0.1/stream",
        f"rtsp://10.0.0.1/s?user=admin&pwd={WORD}&channel=1",
        f"password={WORD}",
        f"PASSWORD: {WORD}",
        f'{{"db_password": "{WORD}", "port": 1}}',
        f'{{"msg": "{{\\"token\\": \\"{WORD}\\"}}"}}',
        f"turn_secret: '{WORD}'",
        f"--api-key {WORD} --verbose",
        f"<wifi><psk>{WORD}</psk></wifi>",
        f"the password is {WORD}",
        f"비밀번호: {WORD}",
        f"Authorization: Basic {base64.b64encode(WORD.encode()).decode()}",
        f"authorization: Digest username=admin, response={WORD}",
        f"Cookie: session={WORD}; theme=dark",
        f"a=ice-pwd:{WORD}",
        f"-----BEGIN PRIVATE KEY-----\\n{WORD}\\n-----END PRIVATE KEY-----",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{WORD}\n",
        f"ssh-ed25519 {WORD} tech@laptop",
    ],
)
def test_secrets_that_nobody_told_of_are_found_by_how_they_look(line: str) -> None:
    text = Redactor().text(f"before\n{line}\n")
    assert WORD not in text
    assert base64.b64encode(WORD.encode()).decode() not in text
    assert text.startswith("before\n")


def test_tokens_are_found_without_a_name() -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"EdDSA","kid":"x"}').decode().rstrip("=")
    assert Redactor().text(f"got {head}.eyJhIjoxfQ.c2lnbmF0dXJl!") == "got [redacted]!"


@pytest.mark.parametrize("secret", ["hunter2", "p@ss w0rd/&<", "비밀번호123", 'quo"te\\', "abc"])
def test_a_known_secret_goes_however_it_is_written(secret: str) -> None:
    raw = secret.encode()
    written = [
        secret,
        quote(secret, safe=""),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        secret.upper(),
    ]
    if len(secret) >= 4:
        written += [raw.hex(), raw.hex().upper()]
        written += [base64.b64encode(b"admin:" + raw).decode()]
        written += [
            base64.b64encode(front + raw + b"tail").decode() for front in (b"", b"1", b"12")
        ]
    redactor = Redactor([secret])
    for form in written:
        inner = form.strip('"')
        assert "[redacted]" in redactor.text(f"camera said {form} again"), form
        assert inner not in redactor.text(f"camera said {form} again"), form


def test_a_short_secret_does_not_eat_the_words_around_it() -> None:
    assert Redactor(["ab"]).text("login ab failed, about a cab") == (
        "login [redacted] failed, about a cab"
    )


@pytest.mark.parametrize(
    "line",
    [
        "PW-402 The broker refuses the certificate",
        "mapping: 3, spinning: 4, keyframe: true, author: x",
        "link.down code=broker.untrusted reason='certificate has expired'",
        "https://docs.example/a?page=2",
        "2026-01-01T00:00:00Z seq=12 epoch=01a00000-0000-7000-8000-000000000001",
    ],
)
def test_what_helps_stays(line: str) -> None:
    assert Redactor(["hunter2"]).text(line) == line


def test_personal_data_goes() -> None:
    text = Redactor().text("12가3456 and 123가 4567, 010-1234-5678, 900101-1234567, kim@city.kr")
    assert text == "[plate] and [plate], [phone], [resident number], [mail]"


def test_values_of_secret_names_go_and_others_are_looked_through() -> None:
    found = Redactor(["hunter2"]).value(
        {"password": 1234, "cameras": [{"url": "rtsp://h/?pw=x1y2", "hunter2": None}], "port": 1}
    )
    assert found == {
        "password": "[redacted]",
        "cameras": [{"url": "rtsp://h/?pw=[redacted]", "[redacted]": None}],
        "port": 1,
    }
