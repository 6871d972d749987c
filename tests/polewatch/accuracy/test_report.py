"""Measurements, their bars, and the page that is made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from polewatch.accuracy.bars import FLOORS, Bar, read_bars, regressions
from polewatch.accuracy.matching import Counts
from polewatch.accuracy.measurement import (
    FOLDER,
    KEPT,
    Figure,
    Measurement,
    detection_figures,
    event_figures,
    rate,
    read_all,
    record,
    share,
)
from polewatch.accuracy.report import PAGE, main, page, summary

FLOORS_YAML = """\
street.recall: {bar: 0.9, floor: 0.85}
street.precision: {bar: 0.99, floor: 0.9}
error: {bar: 1.0, at_most: true}
never.measured: {bar: 0.5}
"""


def measured(name: str = "street", *figures: Figure) -> Measurement:
    return Measurement(
        name=name,
        title="People: street",
        footage="a street",
        condition="as shipped",
        tuned="nothing",
        command="pytest tests/accuracy/test_people.py",
        date=datetime(2026, 5, 4, 12, 30, tzinfo=UTC),
        model="net 0123456789ab",
        configuration="fedcba987654",
        commit="abc1234",
        figures=figures or detection_figures("street", Counts(95, 5, 5)),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / FLOORS).parent.mkdir(parents=True)
    (tmp_path / FLOORS).write_text(FLOORS_YAML)
    return tmp_path


def test_what_was_recorded_is_read_again(root: Path) -> None:
    written = measured()
    path = record(written, root)
    assert path == root / FOLDER / "street.json"
    assert read_all(root) == (written,)


def test_a_damaged_measurement_is_named(root: Path) -> None:
    record(measured(), root).write_text('{"name": "street"}')
    with pytest.raises(ValueError, match=r"street\.json: no measurement"):
        read_all(root)


def test_what_was_kept_joins_a_run_and_says_when_it_is_of_another_configuration(root: Path) -> None:
    kept = measured("long", rate("long.false", "long", 0, 2.0))
    kept = kept.model_copy(update={"configuration": "0a0a0a0a0a0a"})
    record(kept, root, KEPT)
    assert read_all(root) == ()
    now = measured().model_copy(update={"date": datetime(2026, 5, 5, tzinfo=UTC)})
    record(now, root)
    assert read_all(root) == (kept, now)
    text = page((kept, now), {})
    assert "`0a0a0a0a0a0a` (**not that of the newest measurement here**, `fedcba987654`)" in text
    assert text.count("not that of") == 1


def test_a_figure_stands_once(root: Path) -> None:
    record(measured("one"), root)
    record(measured("two"), root)
    with pytest.raises(ValueError, match=r"street\.recall"):
        read_all(root)


def test_figures_say_what_they_rest_on() -> None:
    recall, precision = detection_figures("street", Counts(95, 5, 10), "tracks")
    assert (recall.label, recall.basis) == ("recall of tracks", "95 of 105")
    assert precision.value == pytest.approx(0.95)
    f1, *_ = event_figures("fall", Counts(9, 1, 1))
    assert f1.value == pytest.approx(0.9)
    assert f1.basis == "TP 9, FP 1, FN 1"
    quiet = rate("false.fire", "fire", 0, 2.0)
    assert quiet.value == 0.0
    assert quiet.high == pytest.approx(1.498, abs=1e-3)
    assert share("none", "of nothing", 0, 0).value == 0.0


def test_bars_look_the_right_way() -> None:
    recall = share("street.recall", "recall", 90, 100)
    assert Bar(bar=0.9).met(recall)
    assert not Bar(bar=0.91).met(recall)
    assert Bar().met(recall) is None
    assert Bar(bar=0.9, at_most=True).met(recall)
    assert not Bar(bar=0.89, at_most=True).met(recall)
    quiet = rate("false.fire", "fire", 0, 1.0)
    assert Bar(bar=3.0, at_most=True, of="high").met(quiet)
    assert not Bar(bar=2.9, at_most=True, of="high").met(quiet)
    assert not Bar(bar=0.5, of="high").met(Figure(id="x", label="x", value=1.0, basis=""))


def test_only_what_falls_below_its_floor_is_a_regression(root: Path) -> None:
    bars = read_bars(root / FLOORS)
    assert regressions(bars, detection_figures("street", Counts(95, 5, 5))) == []
    fallen = regressions(bars, detection_figures("street", Counts(80, 0, 20)))
    assert fallen == ["street.recall: 0.800 (80 of 100) is below its floor 0.85"]
    assert regressions({}, detection_figures("street", Counts(0, 1, 1))) == []


def test_unknown_keys_of_a_bar_are_refused(root: Path) -> None:
    (root / FLOORS).write_text("street.recall: {bars: 0.9}\n")
    with pytest.raises(ValueError, match=r"floors\.yaml"):
        read_bars(root / FLOORS)


def test_the_page_holds_what_a_reader_needs_to_judge(root: Path) -> None:
    text = page([measured()], read_bars(root / FLOORS))
    for part in (
        "## People: street",
        "2026-05-04 12:30 UTC",
        "abc1234",
        "`net 0123456789ab`",
        "`fedcba987654`",
        "`pytest tests/accuracy/test_people.py`",
        "| recall | 0.950 | 0.888 to 0.978 | 95 of 100 | ≥ 0.9 | met |",
        "| precision | 0.950 | 0.888 to 0.978 | 95 of 100 | ≥ 0.99 | **NOT MET** |",
        "| never.measured | not measured | ≥ 0.5 | **NOT MEASURED** |",
    ):
        assert part in text


def test_a_missed_bar_is_printed_not_hidden(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = Figure(id="error", label="error", value=0.4, basis="3 alarms", unit="s")
    record(measured(), root)
    record(measured("zones", error), root)
    assert main(root) == 0
    printed = capsys.readouterr().out
    assert "2 of 4 bars met" in printed
    assert "NOT MET  street.precision: 0.950 (bar ≥ 0.99)" in printed
    assert "NOT MEASURED  never.measured" in printed
    assert (root / PAGE).read_text().startswith("# Accuracy")


def test_without_measurements_the_remedy_is_said(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(root) == 1
    assert "make accuracy" in capsys.readouterr().err
    assert not (root / PAGE).exists()
    assert summary([], {}) == ["accuracy: 0 of 0 bars met"]
