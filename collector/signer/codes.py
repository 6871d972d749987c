"""One-time codes (RFC 6238): who may export proves by the phone that it is them, each time anew.

Each code counts once, over restarts too; wrong ones lock as wrong passwords do.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pyotp
from pyotp.utils import strings_equal

from collector.signer.accounts import (
    AccountError,
    SignerStore,
    SignInError,
    lock_after,
    write_log,
)
from collector.store.moments import moment, stamp

STEP_S = 30
SLACK = 1
"""A phone's clock may be off by this many steps."""
ISSUER = "Polewatch"


def new_secret(store: SignerStore, name: str, now: datetime) -> str:
    """Give the person a secret and end the one before it; the address for the authenticator app.

    Raises AccountError.
    """
    secret = pyotp.random_base32()
    with store.transaction() as run:
        account = run.execute("SELECT name FROM account WHERE name = ?", (name,)).fetchone()
        if account is None:
            raise AccountError(f"there is no account {name!r}; make it by 'user add'")
        run.execute(
            "INSERT INTO one_time_secret (person, secret, made_at) VALUES (?, ?, ?)"
            " ON CONFLICT (person) DO UPDATE SET secret = excluded.secret,"
            " made_at = excluded.made_at, last_step = 0, failures = 0, locked_until = NULL",
            (account["name"], secret, stamp(now)),
        )
        write_log(run, now, "totp.set", account["name"], {})
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(
        name=account["name"], issuer_name=ISSUER
    )


def remove_secret(store: SignerStore, name: str, now: datetime) -> None:
    """Take the right to export away; raises AccountError when there is none."""
    with store.transaction() as run:
        gone = run.execute("DELETE FROM one_time_secret WHERE person = ?", (name,)).rowcount
        if not gone:
            raise AccountError(f"{name!r} has no one-time codes")
        write_log(run, now, "totp.removed", name, {})


def use_code(
    store: SignerStore,
    name: str,
    code: str | None,
    now: datetime,
    *,
    failures_before_lock: int,
    lock: timedelta,
) -> None:
    """Take a code, which then never counts again.

    Raises SignInError auth.code or auth.locked; a code that is missing is no wrong guess.
    """
    with store.transaction() as run:
        row = run.execute("SELECT * FROM one_time_secret WHERE person = ?", (name,)).fetchone()
        refusal = _refusal(run, row, code, now, failures_before_lock, lock)
    # Outside of the transaction: the failure that was counted must stay.
    if refusal is not None:
        raise refusal


def _refusal(
    run: sqlite3.Connection,
    row: sqlite3.Row | None,
    code: str | None,
    now: datetime,
    failures_before_lock: int,
    lock: timedelta,
) -> SignInError | None:
    if row is None or code is None:
        return SignInError("auth.code")
    if row["locked_until"] and moment(row["locked_until"]) > now:
        return SignInError("auth.locked", moment(row["locked_until"]))
    step = _step_of(row["secret"], code, now)
    if step is None or step <= row["last_step"]:
        failures = row["failures"] + 1
        until = lock_after(failures, failures_before_lock, lock, now)
        run.execute(
            "UPDATE one_time_secret SET failures = ?, locked_until = ? WHERE person = ?",
            (failures, until and stamp(until), row["person"]),
        )
        write_log(run, now, "totp.refused", row["person"], {"used": step is not None})
        return SignInError("auth.locked" if until else "auth.code", until)
    run.execute(
        "UPDATE one_time_secret SET last_step = ?, failures = 0, locked_until = NULL"
        " WHERE person = ?",
        (step, row["person"]),
    )
    return None


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of 30 s since 1970 for which the code is right; None for none near now."""
    totp = pyotp.TOTP(secret, interval=STEP_S)
    middle = totp.timecode(now)
    found = None
    # All are compared, whichever fits: the time that it takes says nothing.
    for step in range(middle - SLACK, middle + SLACK + 1):
        if strings_equal(totp.generate_otp(step), code):
            found = step
    return found
