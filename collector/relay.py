"""Sign-in and grants: relayed to the signer, which alone decides and holds the key."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import httpx
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from collector import ledger
from collector.access import declares
from collector.config import CollectorSettings, SignerAddress
from collector.guard import same_origin
from collector.persons import COOKIE, Persons
from collector.problems import ProblemError
from collector.signer.permit import Permit, PermitRequest, UnitRequest, UnitToken
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import GrantRequest, PersonToken
from wire.identity import Identity


class SignIn(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=200)


class Me(BaseModel):
    """Who is signed in."""

    person: str
    agency: str
    roles: tuple[str, ...]
    expires_at: str


def way_to(signer: SignerAddress, identity: Identity) -> dict[str, Any]:
    """How a client of httpx reaches the signer."""
    tls = signer.url.startswith("https://")
    return {
        "base_url": signer.url,
        "timeout": signer.timeout_s,
        "verify": identity.tls_client() if tls else True,
        "trust_env": False,
    }


class Relay:
    """Talks to the signer."""

    def __init__(
        self,
        settings: CollectorSettings,
        client: httpx.AsyncClient,
        persons: Persons,
        database: Database,
        clock: Clock,
    ) -> None:
        """`client` has the signer's URL as its base and its timeout."""
        self._settings = settings
        self._client = client
        self._persons = persons
        self._database = database
        self._clock = clock

    async def sign_in(self, given: SignIn) -> tuple[str, PersonToken]:
        """The token and what it says; raises ProblemError."""
        answer = await self._post("/sign-in", given.model_dump(), None)
        token = str(answer.get("token", ""))
        person = self._persons.of_token(token)
        if person is None:
            raise ProblemError("internal", self._persons.why_not(token))
        return token, person

    async def sign_out(self, token: str) -> None:
        """Have the signer revoke the token."""
        await self._post("/sign-out", {}, token)

    async def grant(self, token: str, wanted: GrantRequest) -> dict[str, object]:
        """A grant for the person of `token`; raises ProblemError. Both outcomes are entered."""
        fields = wanted.entry()
        person = self._persons.of_token(token)
        if person is not None:
            fields |= {"person": person.person, "agency": person.agency}
        try:
            answer = await self._post("/grants", wanted.model_dump(mode="json"), token)
        except ProblemError as error:
            refusal = {**fields, "code": error.code, "detail": error.detail}
            await self._enter("grant.refused", refusal)
            raise
        await self._enter("grant.issued", {**fields, "grant_id": answer.get("grant_id")})
        return answer

    async def permit(self, token: str, wanted: PermitRequest) -> Permit:
        """What an agency's officers may see; raises ProblemError."""
        answer = await self._post("/permits", wanted.model_dump(mode="json"), token)
        return Permit.model_validate(answer)

    async def unit(self, token: str, permit_id: str, wanted: UnitRequest) -> UnitToken:
        """A unit's token; raises ProblemError."""
        body = wanted.model_dump(mode="json")
        answer = await self._post(f"/permits/{permit_id}/units", body, token)
        return UnitToken.model_validate(answer)

    async def withdraw(self, token: str, permit_id: str) -> datetime:
        """No further grant under a permit: from when on; raises ProblemError."""
        answer = await self._post(f"/permits/{permit_id}/withdrawal", {}, token)
        return datetime.fromisoformat(str(answer["at"]))

    def cookie(self, response: Response, token: str, person: PersonToken) -> None:
        """Give the browser the token in a form that scripts and other sites cannot reach."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=max(0, int((person.expires_at - self._clock.now()).total_seconds())),
            path="/",
            secure=self._settings.secure,
            httponly=True,
            samesite="strict",
        )

    async def _post(
        self, path: str, body: dict[str, object], token: str | None
    ) -> dict[str, object]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            answer = await self._client.post(path, json=body, headers=headers)
            content = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProblemError("signer.unreachable") from error
        if not isinstance(content, dict):
            raise ProblemError("signer.unreachable", "the answer is not the signer's")
        if answer.is_success:
            return content
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name.lower() in ("retry-after", "www-authenticate")
        }
        code, detail = content.get("code"), content.get("detail")
        raise ProblemError(
            code if isinstance(code, str) else "internal",
            detail if isinstance(detail, str) else None,
            status=answer.status_code,
            headers=kept,
        )

    async def _enter(self, kind: ledger.Kind, fields: dict[str, object]) -> None:
        def write() -> None:
            with self._database.transaction() as run:
                ledger.append(run, self._clock.now(), kind, fields)

        await asyncio.to_thread(write)


def build_router(relay: Relay, persons: Persons) -> APIRouter:
    """`/api/sign-in`, `/api/sign-out`, `/api/me`, `/api/grants`."""
    router = APIRouter(prefix="/api", tags=["people"], dependencies=[declares()])

    @router.post("/sign-in", dependencies=[Depends(same_origin)])
    async def sign_in(given: SignIn) -> JSONResponse:
        """Set the cookie of whoever gives the right password."""
        token, person = await relay.sign_in(given)
        response = JSONResponse(_me(person).model_dump())
        relay.cookie(response, token, person)
        return response

    @router.post("/sign-out", dependencies=[Depends(same_origin)], status_code=204)
    async def sign_out(request: Request) -> Response:
        """Revoke the token and drop the cookie."""
        token = request.cookies.get(COOKIE)
        if token is not None and persons.of_token(token) is not None:
            await relay.sign_out(token)
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    @router.get("/me")
    async def me(person: PersonToken = Depends(persons.required)) -> Me:
        """Who is signed in."""
        return _me(person)

    @router.post("/grants", dependencies=[Depends(same_origin), Depends(persons.required)])
    async def grants(wanted: GrantRequest, request: Request) -> JSONResponse:
        """A grant for one camera, bound to the viewer's DTLS fingerprint."""
        return JSONResponse(await relay.grant(request.cookies[COOKIE], wanted))

    return router


def _me(person: PersonToken) -> Me:
    return Me(
        person=person.person,
        agency=person.agency,
        roles=person.roles,
        expires_at=person.expires_at.isoformat(),
    )
