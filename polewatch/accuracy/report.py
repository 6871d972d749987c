"""Writes docs/reference/accuracy.md from what the last run measured: `python -m
polewatch.accuracy.report`, after the tests of tests/accuracy (`make accuracy` does both)."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from polewatch.accuracy.bars import FLOORS, Bar, read_bars
from polewatch.accuracy.measurement import FOLDER, Figure, Measurement, read_all

PAGE: Final = Path("docs/reference/accuracy.md")

HEAD = """# Accuracy

*Status: written by `make accuracy` from its own run; do not edit.*

Every figure comes from the one shipped configuration. Labels were made by looking at the pictures
and committed before anything was measured on them (`tests/accuracy/labels`). Intervals are at 95 %:
Wilson's for shares, and for rates the exact one-sided upper bound. They take people and events as
independent, which in neighbouring frames of one street they are not: read them as the least doubt
there is. A bar is what the product wants to reach; **NOT MET** means just that. The run fails only
where a figure falls below its floor (`tests/accuracy/floors.yaml`).
"""

NOTHING: Final = "-"


def page(measurements: Sequence[Measurement], bars: Mapping[str, Bar]) -> str:
    """The page as Markdown."""
    parts = [HEAD, _overview(measurements, bars)]
    newest = max(measurements, key=lambda one: one.date, default=None)
    parts += [_section(one, bars, newest) for one in measurements]
    return "\n".join(parts)


def summary(measurements: Sequence[Measurement], bars: Mapping[str, Bar]) -> list[str]:
    """What to print: how many bars are met, and each that is not."""
    figures = _figures(measurements)
    lines = []
    asked = {name: bar for name, bar in bars.items() if bar.bar is not None}
    met = sum(1 for name, bar in asked.items() if name in figures and bar.met(figures[name]))
    lines.append(f"accuracy: {met} of {len(asked)} bars met")
    for name, bar in asked.items():
        if name not in figures:
            lines.append(f"  NOT MEASURED  {name} (bar {_limit(bar)})")
        elif not bar.met(figures[name]):
            lines.append(f"  NOT MET  {name}: {_value(figures[name])} (bar {_limit(bar)})")
    return lines


def _overview(measurements: Sequence[Measurement], bars: Mapping[str, Bar]) -> str:
    figures = _figures(measurements)
    rows = []
    for name, bar in bars.items():
        if bar.bar is None:
            continue
        figure = figures.get(name)
        value = "not measured" if figure is None else _value(figure)
        rows.append(f"| {name} | {value} | {_limit(bar)} | {_verdict(bar, figure)} |")
    table = "| figure | measured | bar | |\n|---|---|---|---|\n" + "\n".join(rows)
    return f"## Bars\n\n{table}\n"


def _section(one: Measurement, bars: Mapping[str, Bar], newest: Measurement | None) -> str:
    rows = []
    for figure in one.figures:
        bar = bars.get(figure.id, Bar())
        limit = NOTHING if bar.bar is None else _limit(bar)
        verdict = "" if bar.bar is None else _verdict(bar, figure)
        rows.append(
            f"| {figure.label} | {_value(figure)} | {_interval(figure)} | {figure.basis} "
            f"| {limit} | {verdict} |"
        )
    table = "| | value | 95 % | from | bar | |\n|---|---|---|---|---|---|\n" + "\n".join(rows)
    facts = [
        ("footage", one.footage),
        ("condition", one.condition),
        ("tuned", one.tuned),
        ("command", f"`{one.command}`"),
        ("date, commit", f"{one.date:%Y-%m-%d %H:%M} UTC, {one.commit}"),
        ("model", f"`{one.model}`"),
        ("configuration", f"`{one.configuration}`{_other(one, newest)}"),
    ]
    listed = "\n".join(f"* *{name}*: {text}" for name, text in facts)
    notes = "".join(f"\n{note}\n" for note in one.notes)
    return f"## {one.title}\n\n{table}\n\n{listed}\n{notes}"


def _other(one: Measurement, newest: Measurement | None) -> str:
    if newest is None or one.configuration == newest.configuration:
        return ""
    return f" (**not that of the newest measurement here**, `{newest.configuration}`)"


def _figures(measurements: Sequence[Measurement]) -> dict[str, Figure]:
    return {figure.id: figure for one in measurements for figure in one.figures}


def _verdict(bar: Bar, figure: Figure | None) -> str:
    if figure is None:
        return "**NOT MEASURED**"
    return "met" if bar.met(figure) else "**NOT MET**"


def _limit(bar: Bar) -> str:
    what = "upper bound " if bar.of == "high" else ""
    return f"{what}{'≤' if bar.at_most else '≥'} {bar.bar:g}"


def _value(figure: Figure) -> str:
    return f"{figure.value:.3g} {figure.unit}".strip() if figure.unit else f"{figure.value:.3f}"


def _interval(figure: Figure) -> str:
    match figure.low, figure.high:
        case None, None:
            return NOTHING
        case None, float(high):
            return f"≤ {high:.3g}"
        case float(low), float(high):
            return f"{low:.3f} to {high:.3f}"
    return NOTHING


def main(root: Path | None = None) -> int:
    """Write the page below `root` (the working folder); 0, or 1 with the reason on stderr."""
    root = Path.cwd() if root is None else root
    try:
        measurements = read_all(root)
        bars = read_bars(root / FLOORS)
    except (OSError, ValueError) as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 1
    if not measurements:
        print(f"accuracy: nothing in {FOLDER}; run: make accuracy", file=sys.stderr)
        return 1
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(page(measurements, bars), encoding="utf-8")
    print("\n".join([*summary(measurements, bars), f"accuracy: wrote {PAGE}"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
