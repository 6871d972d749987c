"""Each command has help with an example and stands in the reference."""

from __future__ import annotations

from pathlib import Path

from polewatch.docs import PAGE, entries, page

ROOT = Path(__file__).resolve().parents[2]


def test_every_command_has_help_and_an_example() -> None:
    found = list(entries())
    assert len(found) > 10
    missing = [
        entry.path
        for entry in found
        if not entry.help
        or "Example:" not in entry.help + entry.epilogue
        or entry.path not in entry.help + entry.epilogue
    ]
    assert missing == []


def test_the_reference_is_what_the_programs_say() -> None:
    assert (ROOT / PAGE).read_text() == page(), "run: make docs"
