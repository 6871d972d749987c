"""Tokens by which programs ask: made and revoked by administrators, checked on every request.

What needs a person is not for them: no grant, no approval, no export, no other token.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from collector import ledger
from collector.access import PREFIX, Scope, declares
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.store import api_tokens
from collector.store.api_tokens import ApiToken, Role
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Name, new_id

ADMINISTRATORS = frozenset({"administrator"})
SECRET_BYTES = 32
MOST_DAYS = 366
USED_EVERY = timedelta(minutes=1)
WINDOW_S = 60.0


class TokenBody(BaseModel):
    """What a new token may do, and for how long."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    agency: Name
    owner: str = Field("", max_length=80, description="Who answers for it; left out: who asks.")
    role: Role = Field(
        "officer", description="officer: the agency's own incidents and open cases; operator: all."
    )
    scopes: tuple[Scope, ...] = Field(min_length=1, max_length=6)
    days: int = Field(90, ge=1, le=MOST_DAYS, description="Until it expires.")
    per_minute: int = Field(120, ge=1, le=6000, description="Requests in a minute.")


class NewToken(BaseModel):
    """Shown this once: only its hash is kept."""

    token: str
    kept: ApiToken


class ApiTokens:
    """All that is done with tokens. Safe from any thread; every method blocks."""

    def __init__(
        self, database: Database, clock: Clock, agencies: Callable[[], Collection[str]]
    ) -> None:
        self._database = database
        self._clock = clock
        self._agencies = agencies
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def make(self, body: TokenBody, by: str) -> NewToken:
        """A new token; raises ProblemError for a name that was used or an unknown agency."""
        known = self._agencies()
        if body.role == "officer" and body.agency not in known:
            allowed = ", ".join(sorted(known)) or "none is enrolled"
            said = f"agency: {body.agency} is not enrolled (allowed: {allowed})"
            raise ProblemError("request.invalid", said, status=422)
        now = self._clock.now()
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        made = ApiToken(
            token_id=new_id(),
            name=body.name,
            owner=body.owner or by,
            agency=body.agency,
            role=body.role,
            scopes=tuple(sorted(set(body.scopes))),
            per_minute=body.per_minute,
            made_at=now,
            made_by=by,
            expires_at=now + timedelta(days=body.days),
        )
        try:
            with self._database.transaction() as run:
                api_tokens.add(run, made, _digest(secret))
                fields = made.model_dump(mode="json", exclude={"used_at", "made_at"})
                ledger.append(run, now, "token.made", {**fields, "person": by})
        except sqlite3.IntegrityError:
            said = f"name: {body.name} was given to a token before; choose another"
            raise ProblemError("request.invalid", said, status=409) from None
        return NewToken(token=secret, kept=made)

    def revoke(self, name: str, by: str) -> None:
        """It opens nothing from now on; raises ProblemError."""
        now = self._clock.now()
        with self._database.transaction() as run:
            if not api_tokens.revoke(run, name, by, now):
                raise ProblemError(
                    "request.invalid", f"there is no token {name} in force", status=404
                )
            ledger.append(run, now, "token.revoked", {"name": name, "person": by})

    def every(self) -> list[ApiToken]:
        """All that ever were, the newest first."""
        with self._database.reading() as run:
            return api_tokens.every(run)

    def verify(self, secret: str, scope: Scope | None) -> PersonToken:
        """Who asks by a token, for an endpoint of `scope`; raises ProblemError.

        Without a scope the endpoint is for people.
        """
        now = self._clock.now()
        with self._database.reading() as run:
            one = api_tokens.of_hash(run, _digest(secret))
        if one is None or one.revoked_at is not None or one.expires_at <= now:
            raise ProblemError("auth.required", "the API token is unknown, revoked or expired")
        self._count(one)
        if one.used_at is None or now - one.used_at >= USED_EVERY:
            with self._database.transaction() as run:
                api_tokens.used(run, one.token_id, now)
        if scope is None:
            raise ProblemError("auth.forbidden", "this is for people who are signed in alone")
        if scope not in one.scopes:
            raise ProblemError("auth.forbidden", f"the API token lacks the scope {scope}")
        return _as_person(one, now)

    def _count(self, one: ApiToken) -> None:
        at = self._clock.monotonic()
        with self._lock:
            began, count = self._windows.get(one.token_id, (at, 0))
            if at - began >= WINDOW_S:
                began, count = at, 0
            self._windows[one.token_id] = began, count + 1
        if count >= one.per_minute:
            wait_s = max(1, round(WINDOW_S - (at - began)))
            said = f"more than {one.per_minute} requests in a minute; wait {wait_s} s"
            raise ProblemError("auth.locked", said, headers={"Retry-After": str(wait_s)})


def _as_person(one: ApiToken, now: datetime) -> PersonToken:
    """What endpoints ask roles and agency of; the ledger names the token by this."""
    return PersonToken(
        token_id=one.token_id,
        person=f"token:{one.name}",
        agency=one.agency,
        roles=(one.role,),
        issued_at=now,
        expires_at=one.expires_at,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def build_router(tokens: ApiTokens, persons: Persons) -> APIRouter:
    """`/api/tokens`, for administrators."""
    router = APIRouter(prefix="/api/tokens", tags=["tokens"], dependencies=[declares()])

    def administrator(person: PersonToken = Depends(persons.required)) -> PersonToken:
        require(person, ADMINISTRATORS, "managing API tokens")
        return person

    @router.get("", dependencies=[Depends(administrator)])
    async def every() -> list[ApiToken]:
        """All tokens, the newest first."""
        return await asyncio.to_thread(tokens.every)

    @router.post("", status_code=201, dependencies=[Depends(same_origin)])
    async def make(body: TokenBody, person: PersonToken = Depends(administrator)) -> NewToken:
        """A new token: its secret is shown in this answer alone."""
        return await asyncio.to_thread(tokens.make, body, person.person)

    @router.post("/{name}/revocation", status_code=204, dependencies=[Depends(same_origin)])
    async def revoke(name: Name, person: PersonToken = Depends(administrator)) -> Response:
        """It opens nothing any more."""
        await asyncio.to_thread(tokens.revoke, name, person.person)
        return Response(status_code=204)

    return router
