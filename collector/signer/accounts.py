"""Who may sign in: local accounts with argon2id, lockout, and an append-only log."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from collector.store.database import StoreError, connect
from collector.store.moments import moment, stamp

FILE_NAME = "signer.sqlite"
SCRIPTS = ("schema.sql", "migration_2.sql", "migration_3.sql")
"""The schema's versions, each by its script."""
LONGEST_LOCK = timedelta(minutes=15)
MIN_PASSWORD = 10
FIRST = "0" * 64

Role = Literal["operator", "supervisor", "officer", "technician", "privacy", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Account:
    """One person; the name is also what stands in tokens, grants and the ledger."""

    name: str
    agency: str
    roles: tuple[str, ...]


class SignInError(Exception):
    """`code` is auth.refused or auth.locked; `until` when the lock ends."""

    def __init__(self, code: str, until: datetime | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.until = until


class AccountError(ValueError):
    """An account that cannot be made as asked; the message says what is allowed."""


class SignerStore:
    """The signer's database. Safe from any thread."""

    def __init__(self, folder: Path, hasher: PasswordHasher | None = None) -> None:
        """Open or create; raises StoreError. The default hasher is argon2id as RFC 9106 has it."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be made ({error.strerror})") from error
        self._connection = connect(folder / FILE_NAME, read_only=False)
        self._lock = threading.RLock()
        self._hasher = hasher or PasswordHasher()
        # An unknown name must cost as much time as a known one.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))
        try:
            self._migrate(folder / FILE_NAME)
        except BaseException:
            self._connection.close()
            raise

    def _migrate(self, path: Path) -> None:
        run = self._connection
        made = run.execute("SELECT 1 FROM sqlite_schema WHERE name = 'version'").fetchone()
        held = 0 if made is None else run.execute("SELECT max(number) FROM version").fetchone()[0]
        if held > len(SCRIPTS):
            raise StoreError(
                f"{path}: written by a newer version (schema {held}, this program knows"
                f" {len(SCRIPTS)}); install that version again"
            )
        for number, name in enumerate(SCRIPTS[held:], held + 1):
            script = Path(__file__).with_name(name).read_text(encoding="utf-8")
            run.executescript(
                f"BEGIN IMMEDIATE; {script}\nINSERT INTO version VALUES"
                f" ({number}, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')); COMMIT;"
            )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(self, account: Account, password: str, now: datetime) -> None:
        """Make an account, or give an existing one a new password and roles.

        Raises AccountError.
        """
        unknown = sorted(set(account.roles) - set(ROLES))
        if unknown or not account.roles:
            raise AccountError(
                f"role {', '.join(unknown) or '(none)'} is unknown (allowed: {', '.join(ROLES)})"
            )
        if not 1 <= len(account.name) <= 80 or not account.name.isprintable():
            raise AccountError("a name has 1 to 80 printable characters")
        if len(password) < MIN_PASSWORD:
            raise AccountError(f"a password has at least {MIN_PASSWORD} characters")
        hashed = self._hasher.hash(password)
        with self.transaction() as run:
            run.execute(
                "INSERT INTO account (name, agency, roles, password, made_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                " agency = excluded.agency, roles = excluded.roles, password = excluded.password,"
                " disabled = 0, failures = 0, locked_until = NULL",
                (account.name, account.agency, json.dumps(account.roles), hashed, stamp(now)),
            )
            fields = {"agency": account.agency, "roles": list(account.roles)}
            write_log(run, now, "account.set", account.name, fields)

    def sign_in(
        self,
        name: str,
        password: str,
        now: datetime,
        *,
        failures_before_lock: int,
        lock: timedelta,
    ) -> Account:
        """The account of a right password; raises SignInError. Takes some 50 ms by intention."""
        with self._lock:
            row = self._connection.execute(
                "SELECT * FROM account WHERE name = ?", (name,)
            ).fetchone()
        if row is not None and row["locked_until"] and moment(row["locked_until"]) > now:
            raise SignInError("auth.locked", moment(row["locked_until"]))
        right = self._matches(self._nobody if row is None else row["password"], password)
        if row is None or not right or row["disabled"]:
            with self.transaction() as run:
                until = self._failed(run, row, now, failures_before_lock, lock)
                write_log(run, now, "sign-in.refused", name[:80], {"known": row is not None})
            raise SignInError("auth.locked" if until else "auth.refused", until)
        with self.transaction() as run:
            run.execute(
                "UPDATE account SET failures = 0, locked_until = NULL WHERE name = ?", (name,)
            )
            write_log(run, now, "sign-in", row["name"], {})
        return _account(row)

    def account(self, name: str) -> Account | None:
        """An account that may act; None when there is none or it is disabled."""
        with self._lock:
            row = self._connection.execute(
                "SELECT * FROM account WHERE name = ? AND disabled = 0", (name,)
            ).fetchone()
        return None if row is None else _account(row)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _failed(
        self,
        run: sqlite3.Connection,
        row: sqlite3.Row | None,
        now: datetime,
        failures_before_lock: int,
        lock: timedelta,
    ) -> datetime | None:
        if row is None:
            return None
        failures = (
            run.execute("SELECT failures FROM account WHERE name = ?", (row["name"],)).fetchone()[0]
            + 1
        )
        until = lock_after(failures, failures_before_lock, lock, now)
        run.execute(
            "UPDATE account SET failures = ?, locked_until = ? WHERE name = ?",
            (failures, until and stamp(until), row["name"]),
        )
        return until


def lock_after(failures: int, most: int, lock: timedelta, now: datetime) -> datetime | None:
    """Until when nothing is looked at after so many failures in a row; doubled with each more."""
    if failures < most:
        return None
    doubled: timedelta = lock * 2 ** min(failures - most, 10)
    return now + min(doubled, LONGEST_LOCK)


def write_log(
    run: sqlite3.Connection,
    at: datetime,
    what: str,
    person: str | None,
    fields: Mapping[str, object],
) -> None:
    """Add to the log within the caller's transaction."""
    last = run.execute("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = (1, FIRST) if last is None else (last[0] + 1, last[1])
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    entry = (number, stamp(at), what, person, text, previous)
    run.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", (*entry, _hash(entry)))


def verify_log(run: sqlite3.Connection) -> str | None:
    """What is wrong with the log; None when every entry follows the one before it."""
    previous, expected = FIRST, 1
    for row in run.execute("SELECT * FROM log ORDER BY number"):
        entry = tuple(row)
        if entry[0] != expected or entry[5] != previous or entry[6] != _hash(entry[:6]):
            return f"entry {expected} is missing or was altered"
        previous, expected = entry[6], expected + 1
    return None


def _hash(entry: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps(entry, ensure_ascii=False).encode()).hexdigest()


def _account(row: sqlite3.Row) -> Account:
    return Account(row["name"], row["agency"], tuple(json.loads(row["roles"])))
