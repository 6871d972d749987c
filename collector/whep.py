"""The door for viewers: WHEP over HTTP here, signed commands over MQTT to the pole behind it.

The pole checks the grant; this front relays, knows whose session is whose, and keeps the ledger.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ValidationError

from collector import ledger
from collector.access import declares
from collector.commander import Commander, CommandError
from collector.config import IceSettings
from collector.ice import ice_servers, link_header
from collector.problems import ProblemError, document
from collector.services.withdrawal import Withdrawal
from collector.store.database import Database
from collector.whep_control import Control, wire_control
from collector.whep_control import read as read_control
from wire.clock import Clock
from wire.command import Action, Reply, WhepCandidateCommand, WhepControlCommand, WhepOfferCommand
from wire.grant import Grant
from wire.names import Moment, is_name, new_id, utc_text
from wire.whep import (
    MAX_SDP,
    IceServer,
    WhepAnswer,
    WhepCandidate,
    WhepControl,
    WhepOffer,
    WhepStatus,
)

MAX_SESSIONS = 2000
"""Remembered at once; the oldest goes, and the pole ends it by its own bounds."""
MAX_WITHDRAWN = 2000
MAX_GRANT = 8000
_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)\s*$", re.MULTILINE)
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """The path of a session's resource."""

    device: str
    camera: str
    session_id: str


@dataclass(frozen=True, slots=True)
class _Session:
    device: str
    grant_sha256: bytes
    ufrag: str | None
    fields: dict[str, object]
    issued_at: datetime | None


class End(BaseModel):
    """Why pictures ended: as a problem's document, or nothing that the centre knows of."""

    problem: dict[str, object] | None


class WhepFront:
    """Sessions that were opened through this process."""

    def __init__(
        self,
        commander: Commander,
        database: Database,
        ice: IceSettings,
        clock: Clock,
        read_grant: Callable[[str], Grant | None],
    ) -> None:
        self._commander = commander
        self._database = database
        self._ice = ice
        self._clock = clock
        self._read_grant = read_grant
        self._lock = threading.Lock()
        self._sessions: OrderedDict[SessionKey, _Session] = OrderedDict()
        self._withdrawn: OrderedDict[SessionKey, bytes] = OrderedDict()

    async def open(
        self,
        device: str,
        camera: str,
        sdp: str,
        grant: str,
        span: tuple[datetime, datetime | None] | None,
        stream: Literal["main", "sub"],
    ) -> tuple[WhepAnswer, tuple[IceServer, ...]]:
        """Have the pole answer an offer; raises ProblemError.

        Live without a span; with one that has no end, from there on until it is live.
        """
        start_at, end_at = span or (None, None)
        session_id = new_id()
        servers = ice_servers(self._ice, session_id, self._clock.now())
        offer = WhepOffer(
            session_id=session_id,
            camera=camera,
            mode="live" if end_at is None else "recorded",
            start_at=start_at,
            end_at=end_at,
            stream=stream,
            sdp=sdp,
            grant=grant,
            ice_servers=servers,
        )
        fields: dict[str, object] = {
            "session_id": session_id,
            "device": device,
            "camera": camera,
            "mode": offer.mode,
            "start_at": start_at and utc_text(start_at),
            "end_at": end_at and utc_text(end_at),
            **self._grant_fields(grant),
        }
        try:
            reply = await self._ask(device, WhepOfferCommand(offer=offer))
            if reply.whep is None or reply.whep.session_id != session_id:
                raise ProblemError("internal", "the device answered without SDP")
        except ProblemError as error:
            refusal = {**fields, "code": error.code, "detail": error.detail}
            await self._enter("view.refused", refusal)
            raise
        await self._enter("view.opened", fields)
        ufrag = _UFRAG.search(sdp)
        known = self._read_grant(grant)
        session = _Session(
            device,
            _digest(grant),
            ufrag.group(1) if ufrag else None,
            fields,
            None if known is None else known.issued_at,
        )
        with self._lock:
            self._sessions[SessionKey(device, camera, session_id)] = session
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return reply.whep, servers

    def ice_servers(self, grant: str) -> tuple[IceServer, ...]:
        """For a client that wants them before its offer; none unless the grant's signature holds.

        Expired grants get none either: credentials are what a relay is paid with.
        """
        held = self._read_grant(grant)
        if held is None or held.expires_at <= self._clock.now():
            return ()
        return ice_servers(self._ice, held.grant_id, self._clock.now())

    async def candidate(self, key: SessionKey, grant: str, fragment: str) -> None:
        """Pass trickled candidates on; raises ProblemError, 422 for an ICE restart."""
        session = self._session(key, grant)
        ufrag = _UFRAG.search(fragment)
        if ufrag is not None and session.ufrag is not None and ufrag.group(1) != session.ufrag:
            raise ProblemError(
                "clip.bad-offer", "an ICE restart is not supported; open a new session", status=422
            )
        candidate = WhepCandidate(session_id=key.session_id, fragment=fragment)
        await self._ask(session.device, WhepCandidateCommand(candidate=candidate))

    async def control(self, key: SessionKey, grant: str, control: Control | None) -> WhepStatus:
        """What the session shows after a control, or now without one; raises ProblemError."""
        session = self._session(key, grant)
        if control is None:
            asked = WhepControl(session_id=key.session_id, action="status")
        else:
            asked = wire_control(key.session_id, control)
        reply = await self._ask(session.device, WhepControlCommand(control=asked))
        if reply.session is None:
            raise ProblemError("internal", "the device answered without the session's state")
        return reply.session

    async def snapshot(self, key: SessionKey, grant: str, at: datetime) -> None:
        """Enter in the ledger that a picture is kept by who watches; raises ProblemError."""
        session = self._session(key, grant)
        await self._enter("view.snapshot", {**session.fields, "at": utc_text(at)})

    def end(self, key: SessionKey, grant: str) -> ProblemError | None:
        """Why a session ended, where that was not the pole's or the viewer's own doing."""
        with self._lock:
            withdrawn = self._withdrawn.get(key)
        if withdrawn is None or not hmac.compare_digest(withdrawn, _digest(grant)):
            return None
        return ProblemError("grant.withdrawn")

    async def close(self, key: SessionKey, grant: str) -> None:
        """End a session; one that the pole has ended already is ended all the same."""
        session = self._session(key, grant)
        with self._lock:
            if self._sessions.pop(key, None) is None:
                return
        await self._enter("view.ended", session.fields)
        control = WhepControl(session_id=key.session_id, action="close")
        try:
            await self._ask(session.device, WhepControlCommand(control=control))
        except ProblemError as error:
            if error.code != "clip.unknown-session":
                raise

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Remember whose end is ordered, so that who watches hears why; blocks on the ledger."""
        ended = []
        with self._lock:
            for key, session in list(self._sessions.items()):
                if _falls_under(session, key, withdrawal):
                    del self._sessions[key]
                    self._withdrawn[key] = session.grant_sha256
                    ended.append(session)
            while len(self._withdrawn) > MAX_WITHDRAWN:
                self._withdrawn.popitem(last=False)
        why = {"case_id": withdrawal.case_id, "code": "grant.withdrawn"}
        with self._database.transaction() as run:
            for session in ended:
                ledger.append(run, self._clock.now(), "view.ended", {**session.fields, **why})

    async def _ask(self, device: str, action: Action) -> Reply:
        try:
            return await self._commander.ask(device, action)
        except CommandError as error:
            raise ProblemError(error.code, error.detail) from error

    def _session(self, key: SessionKey, grant: str) -> _Session:
        with self._lock:
            session = self._sessions.get(key)
        ended = self.end(key, grant)
        if ended is not None:
            raise ended
        if session is None or not hmac.compare_digest(session.grant_sha256, _digest(grant)):
            raise ProblemError("clip.unknown-session")
        return session

    def _grant_fields(self, token: str) -> dict[str, object]:
        grant = self._read_grant(token)
        if grant is None:
            return {"grant": "its signature does not hold"}
        return {
            "grant_id": grant.grant_id,
            "agency": grant.agency,
            "person": grant.person,
            "case": grant.case,
            "basis": grant.basis,
            "purpose": grant.purpose,
        }

    async def _enter(
        self,
        kind: Literal["view.opened", "view.refused", "view.snapshot", "view.ended"],
        fields: dict[str, object],
    ) -> None:
        def write() -> None:
            with self._database.transaction() as run:
                ledger.append(run, self._clock.now(), kind, fields)

        # A disk flush has no place on the event loop.
        await asyncio.to_thread(write)


def build_router(front: WhepFront) -> APIRouter:
    """The WHEP resource tree."""
    router = APIRouter(tags=["whep"], dependencies=[declares()])

    @router.post("/whep/{device}/{camera}", status_code=201)
    async def open_session(
        device: str,
        camera: str,
        request: Request,
        start: Annotated[str | None, Query(alias="from", description="RFC 3339")] = None,
        end: Annotated[str | None, Query(alias="to", description="RFC 3339")] = None,
        stream: Literal["main", "sub"] = "main",
    ) -> Response:
        """Offer in, answer out; recorded with `from` and `to`, live without.

        With `from` alone: from there on, faster than it was, until it is live.
        """
        if not (is_name(device) and is_name(camera)):
            raise ProblemError("device.unknown", "device and camera match [a-z0-9-]{1,32}")
        grant = _bearer(request)
        sdp = await _text(request, SDP, MAX_SDP)
        answer, servers = await front.open(device, camera, sdp, grant, _span(start, end), stream)
        headers = {
            "Location": f"/whep/{device}/{camera}/{answer.session_id}",
            "ETag": f'"{answer.session_id}"',
            "Polewatch-Codec": answer.codec,
            "Polewatch-Stream": answer.stream,
            "Polewatch-Transcoded": str(answer.transcoded).lower(),
        }
        if answer.start_at is not None:
            headers["Polewatch-Start"] = utc_text(answer.start_at)
        if answer.end_at is not None:
            headers["Polewatch-End"] = utc_text(answer.end_at)
        link = link_header(servers)
        if link is not None:
            headers["Link"] = link
        return Response(answer.sdp, 201, headers, SDP)

    @router.options("/whep/{device}/{camera}", status_code=204)
    async def before_offer(request: Request) -> Response:
        """What is taken here, and the ICE servers for those who gather before they ask."""
        headers = {"Accept-Post": SDP, "Allow": "OPTIONS, POST"}
        link = link_header(front.ice_servers(_bearer(request)))
        if link is not None:
            headers["Link"] = link
        return Response(status_code=204, headers=headers)

    @router.patch("/whep/{device}/{camera}/{session_id}", status_code=204)
    async def trickle(device: str, camera: str, session_id: str, request: Request) -> Response:
        """Candidates that the viewer found later."""
        fragment = await _text(request, FRAGMENT, MAX_SDP)
        key = SessionKey(device, camera, session_id)
        await front.candidate(key, _bearer(request), fragment)
        return Response(status_code=204)

    @router.delete("/whep/{device}/{camera}/{session_id}")
    async def close(device: str, camera: str, session_id: str, request: Request) -> Response:
        """The viewer is done."""
        await front.close(SessionKey(device, camera, session_id), _bearer(request))
        return Response(status_code=200)

    @router.get("/whep/{device}/{camera}/{session_id}/control")
    async def status(device: str, camera: str, session_id: str, request: Request) -> WhepStatus:
        """What the session shows now."""
        key = SessionKey(device, camera, session_id)
        return await front.control(key, _bearer(request), None)

    @router.get("/whep/{device}/{camera}/{session_id}/end")
    async def end(device: str, camera: str, session_id: str, request: Request) -> End:
        """Asked by a page whose pictures have ended; no pole is asked."""
        ended = front.end(SessionKey(device, camera, session_id), _bearer(request))
        return End(problem=None if ended is None else document(ended))

    @router.post("/whep/{device}/{camera}/{session_id}/control")
    async def control(device: str, camera: str, session_id: str, request: Request) -> WhepStatus:
        """Pause, resume, seek, speed, clip, live; answers what the session shows then."""
        key = SessionKey(device, camera, session_id)
        return await front.control(key, _bearer(request), read_control(await request.body()))

    @router.post("/whep/{device}/{camera}/{session_id}/snapshot", status_code=204)
    async def snapshot(
        device: str,
        camera: str,
        session_id: str,
        request: Request,
        at: Annotated[str, Query(description="RFC 3339: when the picture was taken")],
    ) -> Response:
        """Asked by the console before it gives a person one picture to keep."""
        key = SessionKey(device, camera, session_id)
        await front.snapshot(key, _bearer(request), moment_of("at", at))
        return Response(status_code=204)

    return router


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise ProblemError("auth.required", "send the grant as 'Authorization: Bearer …'")
    if len(token) > MAX_GRANT or not token.isascii():
        raise ProblemError("grant.invalid", f"a grant is ASCII and at most {MAX_GRANT} long")
    return token


async def _text(request: Request, wanted: str, limit: int) -> str:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted:
        raise ProblemError("request.invalid", f"Content-Type must be {wanted}", status=415)
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError:
        raise ProblemError("clip.bad-offer", "the body is not UTF-8") from None
    if not text.strip():
        raise ProblemError("clip.bad-offer", "the body is empty")
    if len(text) > limit:
        raise ProblemError("request.invalid", f"more than {limit} characters", status=413)
    return text


def _span(start: str | None, end: str | None) -> tuple[datetime, datetime | None] | None:
    if start is None:
        if end is not None:
            raise ProblemError("request.invalid", "'to' needs 'from'")
        return None
    span = moment_of("from", start), None if end is None else moment_of("to", end)
    if span[1] is not None and span[0] >= span[1]:
        raise ProblemError("request.invalid", "'from' must be before 'to'")
    return span


def moment_of(name: str, text: str) -> datetime:
    """A time in a query; raises ProblemError that names it."""
    try:
        # In a query an unescaped + is a space.
        found = _Moment(at=text.strip().replace(" ", "+"))
    except ValidationError:
        raise ProblemError(
            "request.invalid", f"'{name}' must be RFC 3339 with offset: 2026-03-01T21:30:00+09:00"
        ) from None
    return found.at


class _Moment(BaseModel):
    at: Moment


def _falls_under(session: _Session, key: SessionKey, withdrawal: Withdrawal) -> bool:
    return (
        session.fields.get("agency") == withdrawal.agency
        and session.fields.get("case") == withdrawal.case
        and (key.device, key.camera) in withdrawal.cameras
        and session.issued_at is not None
        and session.issued_at <= withdrawal.until
    )


def _digest(grant: str) -> bytes:
    return hashlib.sha256(grant.encode()).digest()
