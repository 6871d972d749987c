"""What the bench of the centre keeps for the page, out of one run's figures."""

from __future__ import annotations

from dataclasses import replace

from polewatch.bench.centre import CentreBench, kept
from polewatch.bench.centre_peers import Ceilings
from polewatch.fleet.books import Balance
from polewatch.fleet.centre import Stored
from polewatch.fleet.simulation import Drained, Plan, Report, Steady, latency

BALANCE = Balance(
    put=100, receipted=100, refused=0, unreceipted=0, findings=40, delivered=40, undelivered=0,
    doubled=0, astray=0, unknown=0, unended=0, repeated=3, stills=10, stills_unreceipted=0,
)  # fmt: skip
STORED = Stored(
    messages=100, forks=0, duplicates=2, missing=0, quarantined={}, deliveries_open=0,
    megabytes=0.9, incidents_megabytes=0.08,
)  # fmt: skip
DRAINED = Drained(
    messages=50, connected_s=3.0, receipted_s=5.0, delivered_s=6.0, per_s=10.0,
    cpu_s={"collector": 0.1},
)  # fmt: skip
STEADY = Steady(
    seconds=10.0, messages=50, health_messages=20, latency_ms=latency([10.0] * 99 + [400.0] * 2),
    cpu_s_per_s={"collector": 0.3}, mbit_per_s=1.0,
)  # fmt: skip
REPORT = Report(
    20, connect_s=2.0, rss_mb={"broker": 50.0}, steady=STEADY, burst=DRAINED, storm=DRAINED,
    balance=BALANCE, stored=STORED,
)  # fmt: skip
FOUND = CentreBench("nats", Plan(still_bytes=40_000), REPORT, Ceilings(1000.0, 200.0))


def test_figures_stand_beside_their_ceilings_and_goals() -> None:
    figures = {(one.label, one.peer and one.peer.name): one for one in kept(FOUND, "it").figures}
    paho = figures["burst: messages receipted", "paho → SQLite, nothing checked"]
    assert (paho.value, paho.peer and paho.peer.value) == (10.0, 200.0)
    assert FOUND.of_paho_sqlite == 0.05
    p99 = figures["steady: device → agency, p99", None]
    assert (p99.value, p99.met) == (400.0, False)
    assert figures["storm: collector's CPU a message", None].value == 2.0
    assert figures["steady: reports of figures", None].value == 2.0
    # 0.9 MB less ten pictures of 40 KB, over a hundred messages.
    assert figures["database a message", None].value == 5000
    assert figures["database a finding, for a year", None].value == 2000
    assert figures["books: faults", None].met is True


def test_books_that_do_not_balance_are_a_goal_not_met() -> None:
    broken = replace(REPORT, faults=("undelivered",))
    (books,) = (
        one for one in kept(replace(FOUND, fleet=broken), "it").figures if "books" in one.label
    )
    assert (books.value, books.met) == (1, False)
    assert "undelivered" in books.basis
