"""Lines of brokers' logs, and a file that is followed."""

from __future__ import annotations

import pytest

from collector.broker_log import read

POLE = "pole-001-1"
NATS = "[7] 2026/11/25 19:03:18.323456 [ERR] 127.0.0.1:4 - mid:7 - "


@pytest.mark.parametrize(
    ("line", "what", "name"),
    [
        (NATS + "TLS handshake error: tls: client didn't provide a certificate",
         "broker.certificate", None),
        (NATS + '"pole-002-1" - authentication error', "broker.stranger", "pole-002-1"),
        (NATS + '"pole-001-1" - Publish Violation - Subject "pw.up"', "broker.rights", POLE),
        (NATS + '"pole-001-1" - maximum payload exceeded: 3 vs 1', "broker.oversized", POLE),
        (NATS + "maximum connections exceeded", "broker.flood", None),
        ("17: OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
         "broker.certificate", None),
        ("17: Client pole-001-1 disconnected due to malformed packet.", "broker.topic", POLE),
        ("17: Client connection from 127.0.0.1 denied: max_connections exceeded.",
         "broker.flood", None),
    ],
)  # fmt: skip
def test_refusals_are_read_with_whom_they_are_of(line: str, what: str, name: str | None) -> None:
    notice = read(line)
    assert notice is not None
    assert (notice.what, notice.name) == (what, name)


@pytest.mark.parametrize(
    "line",
    [
        "", "nonsense", NATS + "TLS handshake error: EOF",
        "[7] 2026/11/25 19:03:18.3 [INF] Server is ready",
        "17: New client connected from 127.0.0.1:5 as pole-001-1 (p2, c1, k30, u'pole-001-1').",
        "17: Client pole-001-1 disconnected.",
    ],
)  # fmt: skip
def test_other_lines_say_nothing(line: str) -> None:
    assert read(line) is None
