"""Which alarms of one watch count as those of another, and what the figures are made of."""

from __future__ import annotations

from polewatch.bench.gate import Costs, Events, GateBench
from polewatch.bench.gate_events import Alarm, Watched, compare


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
