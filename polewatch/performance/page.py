"""Writes docs/reference/performance.md from the kept results: `python -m
polewatch.performance.page`, which `make docs` runs. `polewatch bench NAME --keep` keeps one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from polewatch.performance.result import FOLDER, Figure, Result, read_all

PAGE: Final = Path("docs/reference/performance.md")

HEAD = f"""# Performance

*Status: written by `make docs` from the results in `{FOLDER}`; do not edit. `polewatch bench NAME
--keep` measures one anew.*

Each figure stands beside its peer's, measured in the same run on the same machine: compare the two,
not either with a figure from elsewhere. **NOT MET** means just that. Nothing here was measured on
an Arm board.
"""

PARTS: Final = {"pole": "The pole", "centre": "The centre"}


def page(results: Sequence[Result]) -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for part, title in PARTS.items():
        own = [one for one in results if one.part == part]
        if own:
            parts += [f"## {title}\n", *(_section(one) for one in own)]
    return "\n".join(parts)


def _section(one: Result) -> str:
    rows = "\n".join(_row(figure) for figure in one.figures)
    machine = one.machine
    facts = [
        ("condition", one.condition),
        ("command", f"`{one.command}`"),
        (
            "machine",
            f"{machine.processor}, {machine.cores} cores, {machine.memory_gb:g} GB, "
            f"{machine.system}, Python {machine.python}",
        ),
        ("date, commit", f"{one.date:%Y-%m-%d %H:%M} UTC, {one.commit}"),
    ]
    listed = "\n".join(f"* *{name}*: {text}" for name, text in facts)
    notes = "".join(f"\n{note}\n" for note in one.notes)
    head = "| | measured | beside | goal | | from |\n|---|---|---|---|---|---|\n"
    return f"### {one.title}\n\n{head}{rows}\n\n{listed}\n{notes}"


def _row(figure: Figure) -> str:
    peer = ""
    if figure.peer is not None:
        peer = f"{figure.peer.name}: {_number(figure.peer.value, figure.unit)}"
    goal = ""
    if figure.goal is not None:
        goal = f"{'≥' if figure.at_least else '≤'} {_number(figure.goal, figure.unit)}"
    verdict = {None: "", True: "met", False: "**NOT MET**"}[figure.met]
    value = "not measured" if figure.value is None else _number(figure.value, figure.unit)
    cells = (figure.label, value, peer, goal, verdict, figure.basis)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _number(value: float, unit: str) -> str:
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{text} {unit}".strip()


def main(root: Path | None = None) -> int:
    """Write the page below `root` (the working folder); 0, or 1 with the reason on stderr."""
    root = Path.cwd() if root is None else root
    try:
        results = read_all(root)
    except (OSError, ValueError) as error:
        print(f"performance: {error}", file=sys.stderr)
        return 1
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(page(results), encoding="utf-8")
    print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
