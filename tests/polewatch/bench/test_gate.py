"""Which alarms of one watch count as those of another, and what the figures are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from polewatch.bench.gate import Costs, GateBench
from polewatch.bench.gate_events import Alarm, Watched, compare
from polewatch.bench.gate_kept import EVENTS, keep_events
from polewatch.bench.gate_result import keep_conditions
from polewatch.bench.gate_scenes import CONDITIONS, visits
from polewatch.bench.gate_watches import Events
from polewatch.performance.result import read_all


def _watched(*alarms: tuple[str, float]) -> Watched:
    return Watched(tuple(Alarm(*one) for one in alarms), 100, 50, 20, 1, 0.5, (), "idle")


def test_an_alarm_is_found_again_within_the_time_that_counts_and_only_once() -> None:
    plain = _watched(("a", 10.0), ("a", 20.0), ("b", 20.0), ("a", 60.0))
    gated = _watched(("a", 10.0), ("a", 21.5), ("a", 22.0), ("a", 71.0))
    told = compare(plain, gated)
    assert told.expected == 4
    assert told.delays_s == (0.0, 1.5)
    assert told.missed == (Alarm("b", 20.0), Alarm("a", 60.0))
    assert told.added == (Alarm("a", 22.0), Alarm("a", 71.0))


def test_an_alarm_that_is_two_seconds_early_is_the_same_and_earlier_is_not() -> None:
    assert compare(_watched(("a", 10.0)), _watched(("a", 8.0))).delays_s == (-2.0,)
    assert compare(_watched(("a", 10.0)), _watched(("a", 7.9))).missed


def test_the_figures_are_ratios_of_one_run_and_none_where_nothing_ran() -> None:
    idle = Costs(0.02, 0.2, 0.1, 0.04, 0.01, 0.3, 5.0, "idle")
    events = (Events("day", 8, 1, 0, (0.0, 0.4), 0.5, 4, "idle"),)
    said = GateBench(idle, None, None, events).summary()
    assert said["idle_vs_decode_all"] == 0.1
    assert said["idle_vs_motion"] == 0.2
    assert said["busy_vs_decode_all"] is None
    assert said["missed_events"] == 1
    assert said["added_delay_s"] == {"p50": 0.2, "max": 0.4}


def test_a_condition_measured_by_itself_stands_beside_those_kept_before(tmp_path: Path) -> None:
    far = Events("far", 4, 0, 0, (0.0, 0.4, 0.8, 0.2), 0.5, 4, "idle")
    keep_events(Events("far", 4, 1, 0, (0.0, 0.4, 2.0), 0.5, 4, "idle"), tmp_path, "aaa")
    keep_events(Events("day", 8, 0, 1, (0.0,) * 8, 0.5, 4, "idle"), tmp_path, "aaa")
    keep_events(Events("rain", 0, 0, 0, (), 0.5, 4, "untold"), tmp_path, "aaa")
    keep_events(far, tmp_path, "bbb")
    keep_conditions(tmp_path, [far], 61.0, "bbb")
    (kept,) = read_all(tmp_path)
    assert kept.commit == "bbb"
    labels = [figure.label for figure in kept.figures]
    assert labels[3:] == ["day: missed", "far: missed", "rain: missed"]
    missed, _, latest, day, one, rain = kept.figures
    assert (missed.value, missed.basis) == (0, "of 12; 1 added")
    assert latest.value == 0.8
    assert "commit aaa" in day.basis
    assert "commit bbb" in one.basis
    # Where nothing was raised nothing can be missed: that is no goal reached.
    assert (rain.value, rain.met) == (None, None)
    assert kept.notes[0].endswith("1 minutes: far.")
    assert any("night" in note and "day" not in note for note in kept.notes)


def test_a_file_that_is_no_condition_is_named(tmp_path: Path) -> None:
    (tmp_path / EVENTS).mkdir(parents=True)
    (tmp_path / EVENTS / "day.json").write_text("{}")
    with pytest.raises(ValueError, match=r"day\.json"):
        keep_conditions(tmp_path, [], 1.0, "aaa")


def test_nobody_is_both_chosen_on_and_reported() -> None:
    chosen, reported = visits("choose"), visits("report")
    assert not {one.first for one in chosen} & {one.first for one in reported}
    assert len(reported) >= max(condition.visits for condition in CONDITIONS)
    assert all(len(one.boxes) >= 80 for one in (*chosen, *reported))
