"""The page of performance: what it says of a figure, and that it is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from polewatch.performance.page import PAGE, main, page
from polewatch.performance.result import FOLDER, Figure, Peer, keep, read_all, result

ROOT = Path(__file__).resolve().parents[3]


def test_a_figure_stands_beside_its_peer_and_its_goal(tmp_path: Path) -> None:
    figures = (
        Figure(
            label="idle, of one core",
            value=0.02,
            unit="CPU s/s",
            peer=Peer(name="motion", value=0.1),
            goal=0.03,
        ),
        Figure(label="streams", value=12, goal=16, at_least=True),
        Figure(label="on an Arm board", value=None, basis="none at hand"),
    )
    for part in ("centre", "pole"):
        keep(
            result(
                f"one-{part}",
                part,
                f"Of the {part}",
                command="polewatch bench one",
                condition="a|b",
                figures=figures,
            ),
            tmp_path,
        )
    results = read_all(tmp_path)
    assert [one.part for one in results] == ["pole", "centre"]
    text = page(results)
    assert (
        "| idle, of one core | 0.02 CPU s/s | motion: 0.1 CPU s/s | ≤ 0.03 CPU s/s | met |" in text
    )
    assert "| streams | 12 |  | ≥ 16 | **NOT MET** |" in text
    assert "| on an Arm board | not measured |" in text
    assert text.index("## The pole") < text.index("## The centre")


def test_a_file_that_is_no_result_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "bad.json").write_text("{}")
    assert main(tmp_path) == 1
    assert "bad.json" in capsys.readouterr().err


def test_the_page_is_that_of_the_kept_results() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(read_all(ROOT)), "run: make docs"
