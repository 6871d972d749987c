"""API tokens as rows. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Literal

from pydantic import Field

from collector.access import Scope
from collector.store.moments import stamp
from wire.names import Id, Moment, Name, WireModel

Role = Literal["officer", "operator"]
_COLUMNS = (
    "token_id, name, owner, agency, role, scopes, per_minute, made_at, made_by, expires_at,"
    " used_at, revoked_at, revoked_by"
)


class ApiToken(WireModel):
    """One token as people see it: never the secret."""

    token_id: Id
    name: Name
    owner: str
    agency: Name
    role: Role
    scopes: tuple[Scope, ...]
    per_minute: int = Field(ge=1)
    made_at: Moment
    made_by: str
    expires_at: Moment
    used_at: Moment | None = None
    revoked_at: Moment | None = None
    revoked_by: str | None = None


def add(run: sqlite3.Connection, one: ApiToken, sha256: str) -> None:
    """Raises sqlite3.IntegrityError when the name was given before."""
    run.execute(
        "INSERT INTO api_token (token_id, name, sha256, owner, agency, role, scopes, per_minute,"
        " made_at, made_by, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.token_id, one.name, sha256, one.owner, one.agency, one.role,
            json.dumps(one.scopes), one.per_minute, stamp(one.made_at), one.made_by,
            stamp(one.expires_at),
        ),
    )  # fmt: skip


def of_hash(run: sqlite3.Connection, sha256: str) -> ApiToken | None:
    """The token of a secret's hash, in force or not."""
    row = run.execute(f"SELECT {_COLUMNS} FROM api_token WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else _token(row)


def every(run: sqlite3.Connection) -> list[ApiToken]:
    """All that ever were, the newest first."""
    rows = run.execute(f"SELECT {_COLUMNS} FROM api_token ORDER BY made_at DESC, token_id DESC")
    return [_token(row) for row in rows]


def used(run: sqlite3.Connection, token_id: str, now: datetime) -> None:
    """It was, just now."""
    run.execute("UPDATE api_token SET used_at = ? WHERE token_id = ?", (stamp(now), token_id))


def revoke(run: sqlite3.Connection, name: str, by: str, now: datetime) -> bool:
    """Whether there was one of that name in force."""
    changed = run.execute(
        "UPDATE api_token SET revoked_at = ?, revoked_by = ? WHERE name = ? AND revoked_at IS NULL",
        (stamp(now), by, name),
    ).rowcount
    return changed > 0


def _token(row: sqlite3.Row) -> ApiToken:
    return ApiToken.model_validate({**dict(row), "scopes": json.loads(row["scopes"])})
