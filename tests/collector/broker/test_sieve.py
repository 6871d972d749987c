"""mosquitto's debug log: what is kept of it, and what it says by what it leaves out."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collector.broker.sieve import AT_MOST, Sieve
from collector.broker.witness import RotatedFile

LINES = b"""17: New client connected from 127.0.0.1:1 as fire (p2, c1, k30, u'fire').
17: No will message specified.
17: Sending CONNACK to fire (0, 0)
17: Received SUBSCRIBE from fire
17: \tpw/agency/fire/in/# (QoS 1)
17: fire 1 pw/agency/fire/in/#
17: \tpw/up/# (QoS 1)
17: \t# (QoS 0)
17: Sending SUBACK to fire
17: Received PUBLISH from fire (d0, q1, r0, m2, 'pw/x', ... (1000 bytes))
17: Sending PUBACK to fire (m2, rc0)
17: Denied PUBLISH from fire (d0, q1, r0, m1, 'pw/Sending PUB', ... (6 bytes))
17: Received PINGREQ from fire
17: Received SUBSCRIBE from pole-001-1
17: \tpw/down/x/# (QoS 1)
17: Sending SUBACK to pole-001-1
"""
KEPT = b"""17: New client connected from 127.0.0.1:1 as fire (p2, c1, k30, u'fire').
17: Denied SUBSCRIBE from fire ('pw/up/#')
17: Denied SUBSCRIBE from fire ('#')
17: Denied PUBLISH from fire (d0, q1, r0, m1, 'pw/Sending PUB', ... (6 bytes))
17: Denied SUBSCRIBE from pole-001-1 ('pw/down/x/#')
"""


@given(st.lists(st.integers(1, 200), max_size=20))
def test_refusals_are_kept_and_messages_are_not_however_the_bytes_come(cuts: list[int]) -> None:
    sieve, kept, at = Sieve(), b"", 0
    for cut in cuts:
        kept += sieve.feed(LINES[at : at + cut])
        at += cut
    assert kept + sieve.feed(LINES[at:]) + sieve.rest() == KEPT


def test_a_flood_of_one_client_hides_nobody_else() -> None:
    sieve = Sieve()
    flood = b"".join(
        b"17: Denied PUBLISH from pole-001-1 (d0, q1, r0, m%d, 'x', ... (1 bytes))\n" % n
        for n in range(5000)
    )
    other = b"17: Denied PUBLISH from pole-002-1 (d0, q1, r0, m1, 'x', ... (1 bytes))\n"
    kept = sieve.feed(flood + other).splitlines(keepends=True)
    assert len(kept) == AT_MOST + 1
    assert kept[-1] == other
    assert sieve.feed(b"18: Denied PUBLISH from pole-001-1 (d0)\n").splitlines() == [
        b"17: Denied PUBLISH from pole-001-1 4980 more times within this second",
        b"18: Denied PUBLISH from pole-001-1 (d0)",
    ]


def test_the_file_is_bounded_and_says_what_found_no_room(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "broker.log"
    out = RotatedFile(file, size=100, kept=2)
    out.write(b"lost\n" * 3)
    file.parent.mkdir()
    for number in range(20):
        out.write(b"%02d " % number + b"x" * 46 + b"\n")
    names = sorted(path.name for path in file.parent.iterdir())
    assert names == ["broker.log", "broker.log.1", "broker.log.2"]
    assert all(path.stat().st_size <= 100 for path in file.parent.iterdir())
    assert file.read_bytes().startswith(b"19 ")
    out = RotatedFile(file, size=10_000)
    file.chmod(0o600)
    file.unlink()
    file.mkdir()
    out.write(b"a\nb\n")
    file.rmdir()
    out.write(b"c\n")
    assert b"2 lines found no room" in file.read_bytes()
