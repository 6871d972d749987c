"""An SQL script, statement by statement, so that a migration stays in its one transaction.

sqlite3's own executescript commits first; that of sqlite_utils asks after each character whether
a statement is complete, which takes ten times as long as the statements themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator


def statements(script: str) -> Iterator[str]:
    """A statement ends with a line; raises ValueError when the last one does not."""
    held = ""
    for line in script.splitlines(keepends=True):
        held += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(held):
            yield held
            held = ""
    if held.strip():
        raise ValueError(f"an SQL statement without its end: {held.strip()[:80]}")
