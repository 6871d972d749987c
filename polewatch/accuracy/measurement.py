"""What an accuracy test leaves behind for the page: one JSON file a measurement."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from polewatch.accuracy.intervals import f1_interval, poisson_upper, wilson
from polewatch.accuracy.matching import Counts

FOLDER: Final = Path("var/accuracy")
"""Below the root of the checkout: what this run measured."""

KEPT: Final = Path("tests/accuracy/kept")
"""Below the root of the checkout: committed, of runs too long to be part of every one."""

MeasurementName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Record):
    """One number with what it rests on."""

    id: str = Field(description="One of a kind over all measurements; floors.yaml knows it.")
    label: str
    value: float
    low: float | None = None
    high: float | None = None
    basis: str = Field(description="The counts behind it, like '440 of 474'.")
    unit: str = ""


class Measurement(_Record):
    """One set under one condition."""

    name: MeasurementName
    title: str
    footage: str = Field(description="What was looked at, and who labelled it how.")
    condition: str = Field(description="What of the product ran, and how.")
    tuned: str = Field(description="What was tuned on what, as far as it touches this set.")
    command: str
    date: datetime
    model: str
    configuration: str
    commit: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def share(name: str, label: str, right: int, total: int) -> Figure:
    """A share with its Wilson interval; nothing of nothing is 0."""
    low, high = wilson(right, total)
    value = right / total if total else 0.0
    return Figure(
        id=name, label=label, value=value, low=low, high=high, basis=f"{right} of {total}"
    )


def detection_figures(prefix: str, counts: Counts, of: str = "") -> tuple[Figure, ...]:
    """Recall and precision, labelled with what they are `of`."""
    right, what = counts.true_positives, f" of {of}" if of else ""
    return (
        share(f"{prefix}.recall", f"recall{what}", right, counts.there),
        share(f"{prefix}.precision", f"precision{what}", right, counts.found),
    )


def event_figures(prefix: str, counts: Counts) -> tuple[Figure, ...]:
    """F1, recall and precision of events."""
    wrong = counts.false_positives + counts.false_negatives
    low, high = f1_interval(counts.true_positives, wrong)
    total = 2 * counts.true_positives + wrong
    basis = f"TP {counts.true_positives}, FP {counts.false_positives}, FN {counts.false_negatives}"
    value = 2 * counts.true_positives / total if total else 0.0
    f1 = Figure(id=f"{prefix}.f1", label="F1", value=value, low=low, high=high, basis=basis)
    return (f1, *detection_figures(prefix, counts))


def rate(name: str, label: str, events: int, hours: float) -> Figure:
    """False alarms per camera-hour; `high` is the one-sided 95 % upper bound."""
    return Figure(
        id=name,
        label=label,
        value=events / hours if hours else 0.0,
        high=poisson_upper(events, hours),
        basis=f"{events} in {hours:.3f} h",
        unit="/h",
    )


def record(measurement: Measurement, root: Path, folder: Path = FOLDER) -> Path:
    """Write the measurement to `folder` (or KEPT) below the checkout's `root`; returns the file."""
    folder = root / folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{measurement.name}.json"
    path.write_text(measurement.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def read_all(root: Path) -> tuple[Measurement, ...]:
    """Every measurement below the checkout's `root`, by name: of this run, and those kept.

    Nothing when this run left none.
    Raises ValueError naming the file that is none, or figures that two measurements claim.
    """
    fresh = list((root / FOLDER).glob("*.json"))
    kept = list((root / KEPT).glob("*.json")) if fresh else []
    found = []
    for path in sorted(fresh + kept, key=lambda path: path.name):
        try:
            found.append(Measurement.model_validate(json.loads(path.read_text(encoding="utf-8"))))
        except ValueError as error:
            raise ValueError(f"{path}: no measurement ({error})") from error
    _distinct(figure.id for one in found for figure in one.figures)
    return tuple(found)


def commit_of(root: Path) -> str:
    """The checked-out commit, marked when files differ from it; 'unknown' outside of git."""
    done = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude", "*"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _distinct(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two measurements have a figure {name!r}; each id stands once")
        seen.add(name)
