"""Lines of brokers' logs, and a file that is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.broker_log import BrokerLog, LogReader, Notice
from tests.support.intake import WayIn
from wire.clock import SimulatedClock

POLE = "pole-001-1"
NATS = "[7] 2026/11/25 19:03:18.323456 [ERR] 127.0.0.1:4 - mid:7 - "


@pytest.mark.parametrize(
    ("line", "what", "name"),
    [
        (NATS + "TLS handshake error: tls: client didn't provide a certificate",
         "broker.certificate", None),
        (NATS + "maximum connections exceeded", "broker.flood", None),
        ("17: OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
         "broker.certificate", None),
        ("17: Client pole-001-1 disconnected due to malformed packet.", "broker.topic", POLE),
        ("17: Denied PUBLISH from pole-001-1 (d0, q1, r0, m1, 'pw/OpenSSL Error', ... (6 bytes))",
         "broker.rights", POLE),
        ("17: Denied SUBSCRIBE from pole-001-1 ('#')", "broker.rights", POLE),
        ("17: Denied PUBLISH from pole-001-1 31 more times within this second",
         "broker.rights", POLE),
        ("17: Dropped too large PUBLISH from pole-001-1 (d0, q1, r0, m1, 'pw', ... (3 bytes))",
         "broker.oversized", POLE),
        ("17: Polewatch: 4 lines found no room on the disk", "broker.log", None),
        ("17: Client connection from 127.0.0.1 denied: max_connections exceeded.",
         "broker.flood", None),
    ],
)  # fmt: skip
def test_refusals_are_read_with_whom_they_are_of(line: str, what: str, name: str | None) -> None:
    notice = LogReader().read(line)
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
    assert LogReader().read(line) is None


def test_nats_is_believed_about_certificates_and_not_about_what_clients_call_themselves() -> None:
    reader = LogReader()

    def say(level: str, connection: int, text: str) -> Notice | None:
        line = f'[7] 2026/11/25 19:03:18.3 [{level}] 127.0.0.1:4 - mid:{connection} - "{POLE}" - '
        return reader.read(line + text)

    say("DBG", 3, 'Using SAN found in cert for auth ["pole-002-1"]')
    denied = say("ERR", 3, 'Publish Violation - Subject "TLS handshake error: x"')
    assert denied is not None
    assert (denied.what, denied.name) == ("broker.rights", "pole-002-1")
    oversized = say("ERR", 8, "maximum payload exceeded: 3 vs 1")
    assert oversized is not None
    assert (oversized.what, oversized.name) == ("broker.oversized", None)
    assert POLE in oversized.detail
    say("DBG", 4, 'User in cert ["CN=pole-003-1,OU=device"], not found')
    stranger = say("ERR", 4, "authentication error")
    assert stranger is not None
    assert (stranger.what, stranger.name) == ("broker.stranger", "pole-003-1")
    say("DBG", 5, f'Using SAN found in cert for auth ["{POLE}"]')
    assert say("WRN", 5, 'Replacing old client "127.0.0.1:5 - mid:5 - x" since both') is None
    robbed = say("WRN", 5, 'Replacing old client "127.0.0.1:5 - mid:3 - x" since both')
    assert robbed is not None
    assert (robbed.what, robbed.name) == ("broker.taken-over", POLE)
    say("DBG", 3, "Client connection closed: Duplicate Client ID")
    assert say("WRN", 5, 'Replacing old client "127.0.0.1:5 - mid:3 - x" since both') is None


def test_one_certificate_that_connects_again_and_again_is_a_flood() -> None:
    reader = LogReader()
    again = f"{60 * 7 + 5}: Client {POLE} already connected"
    lines = [f"{again}, closing old connection."] * 12 + [
        f"{60 * 8}: Client {POLE} already connected, closing old connection.",
        f"{60 * 8 + 1}: Client {POLE} already connected 40 more times within this second",
        f"{60 * 8 + 1}: Client {POLE} already connected, closing old connection.",
    ]
    found = [notice for line in lines if (notice := reader.read(line))]
    assert [(one.what, one.name) for one in found] == [("broker.flood", POLE)]


def test_a_file_that_is_rotated_is_read_to_its_end(way_in: WayIn, tmp_path: Path) -> None:
    file = tmp_path / "broker.log"
    denied = "17: Denied SUBSCRIBE from {} ('#')\n"
    file.write_text(denied.format("before-1"))
    follower = BrokerLog(file, way_in.database, SimulatedClock())
    assert [len(follower._lines(from_the_beginning=True)), follower._lines()] == [1, []]
    with file.open("a") as end:
        end.write(denied.format("pole-001-1"))
    file.rename(tmp_path / "broker.log.1")
    file.write_text(denied.format("pole-002-1"))
    found = [line for _ in range(3) for line in follower._lines()]
    assert found == [denied.format(f"pole-00{n}-1").strip() for n in (1, 2)]
