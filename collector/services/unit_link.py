"""A unit's link opens once: whoever opens it first gets a key that its later requests must carry.

What is sent to a phone may be read on its way or forwarded. Once the unit has opened the link, it
alone opens nothing; opened by another before, it tells the unit so, and the room is asked anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections import OrderedDict

from fastapi import Request, Response

from collector import ledger
from collector.problems import ProblemError
from collector.services.case import Case
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken

KEPT = 2_000
"""Opened links remembered beside the ledger, where all of them stand."""
KIND: ledger.Kind = "service.opened"


def cookie_name(person: PersonToken) -> str:
    """One a link, so that a phone may have two open."""
    return f"pw_unit_{person.token_id[-12:]}"


class UnitLinks:
    """Who opened which link; what is remembered is read from the ledger again after a restart."""

    def __init__(self, database: Database, clock: Clock, secure: bool) -> None:
        self._database = database
        self._clock = clock
        self._secure = secure
        self._keys: OrderedDict[str, str] = OrderedDict()

    def open(self, person: PersonToken, one: Case, request: Request, response: Response) -> None:
        """The first time sets the cookie; raises ProblemError when another phone was first."""
        key = secrets.token_urlsafe(32)
        with self._database.transaction() as run:
            held = self._held(run, person)
            if held is None:
                fields = {
                    "token_id": person.token_id,
                    "unit": person.person,
                    "agency": person.agency,
                    "case": one.case,
                    "key_sha256": _digest(key),
                }
                ledger.append(run, self._clock.now(), KIND, fields)
        if held is not None:
            self._compare(person, held, request)
            return
        self._remember(person.token_id, _digest(key))
        response.set_cookie(
            cookie_name(person),
            key,
            max_age=max(0, int((person.expires_at - self._clock.now()).total_seconds())),
            path="/api/unit",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def check(self, person: PersonToken, request: Request) -> None:
        """Raises ProblemError unless the request comes from where the link was opened."""
        held = self._keys.get(person.token_id)
        if held is None:
            with self._database.reading() as run:
                held = self._held(run, person)
        if held is None:
            raise ProblemError("auth.required", "open the link first")
        self._compare(person, held, request)
        self._remember(person.token_id, held)

    def _compare(self, person: PersonToken, held: str, request: Request) -> None:
        given = request.cookies.get(cookie_name(person), "")
        if not hmac.compare_digest(_digest(given), held):
            raise ProblemError("link.used")

    def _held(self, run: sqlite3.Connection, person: PersonToken) -> str | None:
        row = run.execute(
            "SELECT f.fields FROM ledger l JOIN ledger_fields f USING (number) WHERE l.kind = ?"
            " AND json_extract(f.fields, '$.token_id') = ? ORDER BY l.number LIMIT 1",
            (KIND, person.token_id),
        ).fetchone()
        return None if row is None else str(json.loads(row[0])["key_sha256"])

    def _remember(self, token_id: str, key: str) -> None:
        self._keys[token_id] = key
        self._keys.move_to_end(token_id)
        while len(self._keys) > KEPT:
            self._keys.popitem(last=False)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
