"""Tracking scores on scenes small enough to count by hand.

The same code gives the figures of the motmetrics package to the last digit on TUD-Campus, the
street clip and simulated crowds (compared once, with motmetrics 1.4.0).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from polewatch.bench.mot import Corners, read_mot, score

Scene = dict[int, list[tuple[int, Corners]]]


def at(x: float) -> Corners:
    return (x, 0.0, x + 10.0, 20.0)


def walk(track: int, frames: range, x: float = 0.0) -> Scene:
    return {frame: [(track, at(x + 2 * frame))] for frame in frames}


def together(*scenes: Scene) -> Scene:
    frames = sorted({frame for scene in scenes for frame in scene})
    return {frame: [one for scene in scenes for one in scene.get(frame, [])] for frame in frames}


def test_perfect_tracks_score_one() -> None:
    truth = together(walk(1, range(10)), walk(2, range(10), 100))
    found = together(walk(7, range(10)), walk(9, range(10), 101))
    result = score(truth, found)
    assert (result.mota, result.idf1) == (1.0, 1.0)
    assert (result.switches, result.misses, result.false_boxes) == (0, 0, 0)


def test_nothing_found_is_all_missed() -> None:
    result = score(walk(1, range(10)), {})
    assert (result.mota, result.idf1, result.misses, result.labelled) == (0.0, 0.0, 10, 10)


def test_a_change_of_id_is_one_switch_and_halves_the_identity() -> None:
    found = walk(5, range(5)) | walk(6, range(5, 10))
    result = score(walk(1, range(10)), found)
    assert result.switches == 1
    assert result.mota == pytest.approx(0.9)
    assert result.idf1 == pytest.approx(0.5)


def test_an_id_that_returns_after_a_gap_is_no_switch() -> None:
    found = walk(5, range(4)) | walk(5, range(7, 10))
    result = score(walk(1, range(10)), found)
    assert (result.switches, result.misses) == (0, 3)


def test_a_box_too_far_off_is_missed_and_false() -> None:
    result = score(walk(1, range(10)), walk(5, range(10), 4.0))
    assert (result.misses, result.false_boxes) == (10, 10)
    assert result.mota == pytest.approx(-1.0)


def test_a_pairing_is_kept_while_it_fits_though_another_is_nearer() -> None:
    truth = walk(1, range(2))
    found: Scene = {0: [(5, at(0))], 1: [(5, at(5)), (6, at(2))]}
    result = score(truth, found)
    assert (result.switches, result.false_boxes) == (0, 1)


def test_two_who_swap_ids_switch_twice() -> None:
    truth = together(walk(1, range(10)), walk(2, range(10), 100))
    early = together(walk(5, range(5)), walk(6, range(5), 100))
    late = together(walk(6, range(5, 10)), walk(5, range(5, 10), 100))
    result = score(truth, early | late)
    assert result.switches == 2
    assert result.idf1 == pytest.approx(0.5)


def test_frames_without_labels_do_not_count() -> None:
    result = score(walk(1, range(5)), walk(5, range(10)))
    assert result.false_boxes == 0


def test_mot_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text(
        "1,1,399,182,121,229,1,-1,-1,-1\n1,2,10.5,20,30,40,1,-1,-1,-1\n\n3,1,0,0,5,5,1\n"
    )
    assert read_mot(path) == {
        1: [(1, (399, 182, 520, 411)), (2, (10.5, 20, 40.5, 60))],
        3: [(1, (0, 0, 5, 5))],
    }
