"""What the table of a box's growing cost is made of."""

from __future__ import annotations

from typing import Any

from polewatch.bench.budget import ROWS, SHOWN, Row, as_result, cost_of


def _told(seconds: float, analysed: tuple[int, int]) -> dict[str, Any]:
    cameras = [{"analysed": one, "people": 3, "undecoded": one // 10} for one in analysed]
    stages = dict.fromkeys(SHOWN, seconds / 10)
    return {"seconds": seconds, "rss_mb": 300.0, "stages": stages, "cameras": cameras}


def test_a_row_is_what_was_spent_between_two_looks_and_of_the_camera_that_got_least() -> None:
    found = cost_of(Row(cameras=2), _told(10.0, (50, 40)), _told(20.0, (100, 80)), 4.0)
    assert (found.cpu_s_per_s, found.analysed_fps, found.people_seen) == (0.4, 4.0, 3.0)
    assert found.undecoded == 9
    (figure,) = as_result([found], 10).figures
    assert figure.label == "2 cameras, 1080p, 1 person"
    assert "9 packets not decoded in time" in figure.basis


def test_no_two_rows_are_called_the_same() -> None:
    labels = [row.label for row in ROWS]
    assert len(set(labels)) == len(labels)
    assert "4 cameras, 1080p, 1 person, profile: pi" in labels
