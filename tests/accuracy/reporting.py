"""Leaving a measurement for the page, and failing where it fell below its floor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from polewatch.accuracy.bars import FLOORS, read_bars, regressions
from polewatch.accuracy.measurement import FOLDER, Figure, Measurement, commit_of, record
from polewatch.accuracy.shipped import configuration_hash, model_name
from tests.accuracy.labelled import ROOT


def leave(
    name: str,
    title: str,
    figures: Sequence[Figure],
    *,
    footage: str,
    condition: str,
    tuned: str,
    test: str,
    notes: Sequence[str] = (),
    model: str | None = None,
    command: str | None = None,
    folder: Path = FOLDER,
) -> None:
    """Record the figures of one set under one condition; `model` None names the detector, and
    `command` is what runs the `test` when it is `make` that does.

    A bar that is missed is for the page to say; AssertionError only below a floor.
    """
    record(
        Measurement(
            name=name,
            title=title,
            footage=footage,
            condition=condition,
            tuned=tuned,
            command=command or f"pytest tests/accuracy/{test}",
            date=datetime.now(UTC),
            model=model or model_name(),
            configuration=configuration_hash(),
            commit=commit_of(ROOT),
            figures=tuple(figures),
            notes=tuple(notes),
        ),
        ROOT,
        folder,
    )
    fallen = regressions(read_bars(ROOT / FLOORS), figures)
    assert not fallen, "; ".join(fallen)
