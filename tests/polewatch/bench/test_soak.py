"""What counts as growth over a soak, and what the figures of a recorder are made of."""

from __future__ import annotations

from typing import Any

from polewatch.bench.nvr import as_result as nvr_result
from polewatch.bench.nvr import figures_of
from polewatch.bench.soak import Sample, Soak, as_result, broken


def _soak(rss_mb: list[float], files: int = 40) -> Soak:
    samples = tuple(Sample(n * 5.0, mb, files, 30, 0) for n, mb in enumerate(rss_mb))
    return Soak(2.0, 120, 480, 60, 0, samples)


def test_memory_that_fills_at_first_and_then_stays_has_not_grown() -> None:
    steady = _soak([100 + min(n, 30) for n in range(100)])
    assert broken(as_result(steady).figures) == []


def test_memory_that_goes_on_growing_is_told() -> None:
    assert broken(as_result(_soak([100 + n for n in range(100)])).figures) == ["memory, change"]


def _told(seconds: float, packets: int, analysed: int, dropped: int) -> dict[str, Any]:
    one: dict[str, Any] = {
        "packets": packets,
        "written": packets,
        "unrecorded": 0,
        "undecoded": dropped,
        "decoded": packets,
    }
    one |= {"analysed": analysed, "replaced": 0, "failed": 0, "gate": "seen", "wakes": 0}
    told: dict[str, Any] = {"seconds": seconds, "rss_mb": 500.0, "threads": 60, "files": 90}
    told |= {"stages": {"detect": seconds / 4}, "stage_us": 2.0}
    idle = one | {"gate": "idle"}
    return told | {"first_s": 2.5, "cameras_seen": 2, "cameras": [one, idle]}


def test_a_recorder_keeps_up_while_its_busy_cameras_are_analysed_and_nothing_is_lost() -> None:
    before = _told(10.0, 250, 50, 0)
    fine = figures_of(before, _told(20.0, 500, 98, 0), 5.0, 1.5, 1, 2)
    assert (fine.keeps_up, fine.busy_fps, fine.cpu_s_per_s) == (True, 4.8, 0.5)
    assert (fine.idle_gates, fine.recorded_share) == (1, 1.0)
    assert dict(fine.stages) == {"detect": 0.25}
    assert fine.servers_cpu_s_per_s == 0.15
    assert 0 < fine.profiler_share < 0.01
    assert not figures_of(before, _told(20.0, 500, 70, 0), 5.0, 1.5, 1, 2).keeps_up
    late = figures_of(before, _told(20.0, 500, 98, 3), 5.0, 1.5, 1, 2)
    assert not late.keeps_up
    missed = [figure.label for figure in nvr_result(late).figures if figure.met is False]
    assert missed == ["packets lost to the analysis", "memory"]
