"""Every read of personal data is in the ledger before the answer leaves: who, what and when."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import asdict

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector import ledger
from collector.access import Read
from collector.problems import ProblemError, problem
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken

log = structlog.get_logger()
OK_UNTIL = 300


class ReadLog:
    """Enters what endpoints declare. Reads of one moment share a transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[dict[str, object]] = []

    async def enter(self, read: Read, person: PersonToken | None, path: str) -> None:
        """Raises sqlite3.Error when it cannot be written."""
        fields: dict[str, object] = {**asdict(read), "path": path[:200]}
        if person is not None:
            fields |= {"person": person.person, "agency": person.agency}
        await asyncio.to_thread(self._write, fields, person)

    def _write(self, fields: dict[str, object], person: PersonToken | None) -> None:
        with self._lock:
            self._waiting.append(fields)
        # Whoever comes first enters all that waits; for the others it is done when their turn is.
        with self._database.transaction() as run:
            with self._lock:
                mine, self._waiting = self._waiting, []
            try:
                for one in mine:
                    one = {**one, **_case_of(run, one, person)}
                    ledger.append(run, self._clock.now(), "personal.read", one)
            except BaseException:
                with self._lock:
                    self._waiting += [one for one in mine if one is not fields]
                raise


class ReadMiddleware:
    """ASGI: holds an answer with personal data back until its entry is on the disk."""

    def __init__(self, app: ASGIApp, *, reads: ReadLog) -> None:
        self._app = app
        self._reads = reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = False

        async def entered(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            if message["type"] == "http.response.start" and message["status"] < OK_UNTIL:
                state = scope.get("state", {})
                read: Read | None = state.get("read")
                if read is not None:
                    try:
                        await self._reads.enter(read, state.get("person"), scope["path"])
                    except sqlite3.Error as error:
                        log.error("reads.storage", error=str(error))
                        refused = True
                        told = ProblemError("disk.full", "the read cannot be entered", status=503)
                        await problem(told)(scope, receive, send)
                        return
            await send(message)

        await self._app(scope, receive, entered)


def _case_of(
    run: sqlite3.Connection, fields: dict[str, object], person: PersonToken | None
) -> dict[str, object]:
    """Number and purpose of the case that was read, or whose link a unit's token is."""
    sql = "SELECT case_number, purpose FROM service_case WHERE"
    if person is not None and person.permit_id is not None:
        row = run.execute(f"{sql} permit_id = ?", (person.permit_id,)).fetchone()
    elif fields["what"] == "case" and fields.get("record") is not None:
        row = run.execute(f"{sql} case_id = ?", (fields["record"],)).fetchone()
    else:
        row = None
    return {} if row is None else {"case": row["case_number"], "purpose": row["purpose"]}
