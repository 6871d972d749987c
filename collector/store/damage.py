"""Whether the database is damaged: SQLite tells at work, a mark beside it tells the next start."""

from __future__ import annotations

import sqlite3
from pathlib import Path

MARK = "collector.damaged"
"""Beside the database; says to the next start that the file must be built anew."""

LOOKED_THROUGH_BYTES = 256 * 1024 * 1024
"""A smaller file is looked through at every start, in less than a second."""

_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: BaseException) -> bool:
    """Whether it tells of a file that is not whole; a full or failing disk is something else."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _CODES


def mark(folder: Path, error: BaseException) -> None:
    """Have the next start look; nothing when not even that can be written."""
    try:
        (folder / MARK).write_text(f"{error}\n")
    except OSError:
        return


def found(folder: Path, file_name: str) -> str | None:
    """What is wrong with the database in `folder`; None when nothing is known to be."""
    file, marked = folder / file_name, folder / MARK
    if not file.exists():
        return None
    if marked.exists():
        return marked.read_text(errors="replace").strip() or "marked as damaged"
    if file.stat().st_size == 0:
        return "the file is empty"
    if file.stat().st_size > LOOKED_THROUGH_BYTES:
        return None
    return _look_through(file)


def _look_through(file: Path) -> str | None:
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        return None if said == "ok" else str(said)
    except sqlite3.Error as error:
        return str(error) if is_damage(error) else None
    finally:
        connection.close()
