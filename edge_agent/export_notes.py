"""Exports made on the box, told to the centre by the running agent: every provision is entered.

`clip export` is a process of its own and has no outbox. It leaves a note, which the agent passes
on.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import Field, ValidationError

from edge_agent.clips.evidence.statement import file_sha256
from wire.evidence import Statement
from wire.names import Id, Moment, Name, Sha256, WireModel

FOLDER = "exports"

log = structlog.get_logger()


class ExportNote(WireModel):
    """What the ledger is told of an export."""

    export_id: Id
    camera: Name
    case: str = Field(max_length=80)
    start_at: Moment
    end_at: Moment
    person: str = Field(max_length=80)
    detail: str = Field(max_length=500)
    bytes: int
    sha256: Sha256 | None = None


def on_the_box() -> str:
    """Who works at the box's own command line."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()} on the box"[:80]


def leave_note(data: Path, statement: Statement, out: Path) -> None:
    """Have the agent report this export; raises OSError."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    words = (statement.recipient, statement.basis, statement.purpose)
    note = ExportNote(
        export_id=statement.export_id,
        camera=statement.camera,
        case=statement.case,
        start_at=statement.start_at,
        end_at=statement.end_at,
        person=on_the_box(),
        detail="; ".join(word for word in words if word)[:500],
        bytes=out.stat().st_size,
        sha256=file_sha256(out),
    )
    made = folder / f"{note.export_id}.new"
    made.write_text(note.model_dump_json(), encoding="utf-8")
    made.replace(made.with_suffix(".json"))


def pass_on(data: Path, audit: Callable[..., None]) -> None:
    """Report what was left since the last time; `audit(action, **fields)` reports an AuditEvent."""
    folder = data / FOLDER
    # Ours, so that we may remove what root left in it.
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.json")):
        try:
            note = ExportNote.model_validate_json(path.read_bytes())
            audit("export", **note.model_dump(exclude={"export_id"}))
            path.unlink()
        except ValidationError as error:
            log.error("export.note", path=str(path), error=str(error))
            path.replace(path.with_suffix(".bad"))
        except OSError as error:
            log.error("export.note", path=str(path), error=str(error))
