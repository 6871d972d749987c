from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.clips.carrying import MIN_BPS, START_BPS, Path, Report

WELL = Report(at_s=1.0, seconds=1.0, packets=100, lost=0.0, arrived_bps=1e6, busy=0.8, rtt_s=0.05)


def after(path: Path, *reports: Report) -> Path:
    for report in reports:
        path = path.after(report)
    return path


def seconds(report: Report, count: int, begin: float = 1.0) -> list[Report]:
    return [replace(report, at_s=begin + i) for i in range(count)]


def test_it_grows_while_packets_wait_and_nothing_speaks_against_it() -> None:
    assert after(Path(), *seconds(WELL, 3)).rate_bps > 2 * START_BPS
    idle = replace(WELL, busy=0.0)
    assert after(Path(), *seconds(idle, 5)).rate_bps == START_BPS


def test_losses_of_a_radio_link_are_borne() -> None:
    assert after(Path(), *seconds(replace(WELL, lost=0.05), 3)).rate_bps > START_BPS
    assert after(Path(), *seconds(replace(WELL, lost=0.12), 3)).rate_bps == START_BPS


def test_many_losses_cut_to_what_arrives() -> None:
    path = Path().after(replace(WELL, lost=0.6, arrived_bps=900_000, busy=1.0))
    assert path.rate_bps == 900_000
    assert path.tried


def test_a_few_packets_prove_nothing() -> None:
    few = replace(WELL, packets=6, lost=0.5, busy=0.0)
    assert Path().after(few).rate_bps == START_BPS


def test_a_queue_on_the_way_cuts_though_nothing_is_lost() -> None:
    path = after(Path(rate_bps=2e6), *seconds(WELL, 1))
    queued = path.after(replace(WELL, at_s=2.0, rtt_s=0.3))
    assert queued.rate_bps < path.rate_bps
    # Longer by a little is no queue.
    assert path.after(replace(WELL, at_s=2.0, rtt_s=0.12)).rate_bps > path.rate_bps


def test_one_cut_is_not_made_twice() -> None:
    bad = replace(WELL, lost=0.4, arrived_bps=1e6, busy=1.0)
    once = Path().after(bad)
    assert once.after(replace(bad, at_s=1.3)).rate_bps == once.rate_bps
    assert once.after(replace(bad, at_s=2.0)).rate_bps < once.rate_bps


def test_a_longer_route_is_taken_for_one_in_time() -> None:
    path = after(Path(rate_bps=4e6), *seconds(WELL, 3))
    longer = replace(WELL, rtt_s=0.35)
    settled = after(path, *seconds(longer, 12, 4.0))
    assert settled.floor_s == 0.35
    assert settled.rate_bps > path.rate_bps


def test_it_never_falls_to_nothing() -> None:
    bad = replace(WELL, lost=0.9, arrived_bps=1000.0, busy=1.0)
    assert after(Path(), *seconds(bad, 40)).rate_bps == MIN_BPS


def test_requests_for_a_third_of_all_packets_are_a_report() -> None:
    assert Path().after_nacks(1.0, 200, 20).rate_bps == START_BPS
    assert Path().after_nacks(1.0, 200, 150).rate_bps == START_BPS / 4
    assert Path().after_nacks(1.0, 10, 10).rate_bps == START_BPS


def test_only_a_falling_estimate_of_the_receiver_counts() -> None:
    assert Path().after_remb(1.0, None, 500_000).rate_bps == START_BPS
    assert Path().after_remb(1.0, 500_000, 600_000).rate_bps == START_BPS
    assert Path().after_remb(1.0, 1e6, 600_000).rate_bps == 600_000
    # It may be low only because little was sent.
    known = Path(arrived=(900_000.0, 20_000.0))
    assert known.after_remb(1.0, 300_000, 100_000).rate_bps == 0.85 * 900_000


def test_after_a_cut_four_times_the_rate_takes_five_clean_seconds() -> None:
    path = Path(rate_bps=1e6, tried=True)
    assert after(path, *seconds(WELL, 5)).rate_bps > 4e6
    lossy = replace(WELL, lost=0.05)
    assert 1.2e6 < after(path, *seconds(lossy, 5)).rate_bps < 4e6


def test_reports_that_come_often_do_not_make_it_grow_faster() -> None:
    path = Path(rate_bps=1e6, tried=True)
    often = [replace(WELL, at_s=1 + i / 4, seconds=0.25) for i in range(1, 13)]
    seldom = [replace(WELL, at_s=1.0 + i) for i in range(1, 4)]
    assert after(path, *often).rate_bps == pytest.approx(after(path, *seldom).rate_bps, rel=0.25)
