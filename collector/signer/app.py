"""The signer's HTTP face: signing in, grants and permits, nothing else."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from collector import problems
from collector.guard import Guard
from collector.problems import ProblemError
from collector.signer.desk import SignerDesk
from collector.signer.permit import (
    MAX_PERMIT_BYTES,
    Permit,
    PermitRequest,
    PermitsAnswer,
    PermitsQuestion,
    SignedEnding,
    UnitRequest,
    UnitToken,
)
from wire.grant import GrantRequest
from wire.names import Id, Moment

SIGN_INS_AT_ONCE = 2
"""argon2 takes 64 MB and a core for each; more wait their turn."""
MAX_WAITING = 50


class SignInBody(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=200)


class TokenAnswer(BaseModel):
    """A signed person token."""

    token: str
    person: str
    agency: str
    roles: tuple[str, ...]
    expires_at: str


class GrantAnswer(BaseModel):
    """A signed grant."""

    grant: str
    grant_id: str
    expires_at: str


class WithdrawalAnswer(BaseModel):
    """From when on, by the signer's clock, no grant is given."""

    at: Moment


def bearer(request: Request) -> str:
    """The person token of a request; raises ProblemError."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemError("auth.required", "send the person token as 'Authorization: Bearer …'")
    return token.strip()


def build_app(desk: SignerDesk) -> FastAPI:
    """The signer's application."""
    app = FastAPI(title="Polewatch signer", docs_url=None, redoc_url=None)
    problems.install(app)
    longer = {"/permits": MAX_PERMIT_BYTES, "/endings": 2 * MAX_PERMIT_BYTES}
    app.add_middleware(Guard, secure=False, longer=longer)
    turns = asyncio.Semaphore(SIGN_INS_AT_ONCE)
    waiting = 0

    @app.post("/sign-in")
    async def sign_in(given: SignInBody) -> TokenAnswer:
        """A person token for the right password."""
        nonlocal waiting
        if waiting >= MAX_WAITING:
            raise ProblemError("auth.locked", "too many at once", headers={"Retry-After": "5"})
        waiting += 1
        try:
            async with turns:
                token, person = await asyncio.to_thread(desk.sign_in, given.name, given.password)
        finally:
            waiting -= 1
        return TokenAnswer(
            token=token,
            person=person.person,
            agency=person.agency,
            roles=person.roles,
            expires_at=person.expires_at.isoformat(),
        )

    @app.post("/sign-out", status_code=200)
    def sign_out(token: Annotated[str, Depends(bearer)]) -> dict[str, bool]:
        """Revoke the token."""
        desk.sign_out(token)
        return {"ok": True}

    @app.post("/grants")
    def grants(wanted: GrantRequest, token: Annotated[str, Depends(bearer)]) -> GrantAnswer:
        """A grant for one camera."""
        signed, grant = desk.grant(token, wanted)
        return GrantAnswer(
            grant=signed, grant_id=grant.grant_id, expires_at=grant.expires_at.isoformat()
        )

    @app.post("/permits")
    def permits(wanted: PermitRequest, token: Annotated[str, Depends(bearer)]) -> Permit:
        """What an agency's officers may see: by an operator's word, or by a standing rule."""
        return desk.permit(token, wanted)

    @app.post("/permits/{permit_id}/units")
    def units(
        permit_id: Id, wanted: UnitRequest, token: Annotated[str, Depends(bearer)]
    ) -> UnitToken:
        """A token that opens this permit's case for a unit on its way."""
        return desk.unit(token, permit_id, wanted)

    @app.post("/permits/{permit_id}/withdrawal")
    def withdrawal(permit_id: Id, token: Annotated[str, Depends(bearer)]) -> WithdrawalAnswer:
        """No further grant under it."""
        return WithdrawalAnswer(at=desk.withdraw(token, permit_id))

    @app.post("/permits/withdrawn")
    def withdrawn(asked: PermitsQuestion) -> PermitsAnswer:
        """Which of these permits a person or the end of a rule has withdrawn."""
        return desk.withdrawn(asked)

    @app.post("/endings")
    def endings(given: SignedEnding) -> dict[str, bool]:
        """The collector itself ends a permit that it knows to be over; nothing is given here."""
        desk.end(given.signed)
        return {"ok": True}

    @app.get("/health", status_code=204)
    def health() -> Response:
        """That it runs."""
        return Response(status_code=204)

    return app
