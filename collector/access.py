"""What every endpoint declares: whose personal data it answers with, and which tokens may ask.

Without a declaration nothing is served to a program: a test walks all routes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from collector.problems import ProblemError
from wire.grant import PersonToken

Reads = Literal[
    "incidents",
    "incident",
    "still",
    "cases",
    "case",
    "holds",
    "disasters",
    "map",
    "plates",
    "shift",
    "reads",
]
"""What is personal: plates and people in texts and pictures, who asked, who called for help."""
Scope = Literal[
    "incidents:read", "cases:read", "cases:write", "assets:read", "ledger:read", "cap:write"
]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "pwt_"
"""Of API tokens; grants and person tokens are JWS and never begin so."""


@dataclass(slots=True)
class Read:
    """What an answer shows, to be entered before it leaves; an endpoint may say more of it."""

    what: Reads
    record: str | None = None
    case: str | None = None
    purpose: str | None = None
    asked: str | None = None


class Declared:
    """One endpoint's declaration, as a dependency that is asked first."""

    def __init__(self, reads: Reads | None, record: str | None, scope: Scope | None) -> None:
        self.reads = reads
        self.record = record
        self.scope = scope

    async def __call__(self, request: Request) -> None:
        """Raises ProblemError for a token that may not ask this."""
        token = api_token(request)
        if token is not None:
            verify: Callable[[str, Scope | None], PersonToken] | None
            verify = getattr(request.app.state, "api_tokens", None)
            if verify is None:
                raise ProblemError("auth.required", "no API token is taken here")
            request.state.program = await run_in_threadpool(verify, token, self.scope)
        if self.reads is not None:
            record = None if self.record is None else str(request.path_params[self.record])
            asked = request.url.query[:200] or None
            request.state.read = Read(self.reads, record=record, asked=asked)


def declares(
    reads: Reads | None = None, *, record: str | None = None, scope: Scope | None = None
) -> Any:
    """Answers with `reads`, of the path's `record`; tokens of `scope` may ask, else people only."""
    return Depends(Declared(reads, record, scope))


def reads(request: Request, what: Reads) -> None:
    """An endpoint answers with more than it declares, as it was asked."""
    read: Read | None = getattr(request.state, "read", None)
    if read is not None:
        read.what = what


def about(request: Request, *, case: str) -> None:
    """An endpoint says for which case its answer is read."""
    read: Read | None = getattr(request.state, "read", None)
    if read is not None:
        read.case = case


def api_token(request: Request) -> str | None:
    """The API token of a request; None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.startswith(PREFIX) else None
