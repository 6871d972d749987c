"""WebRTC sessions of a pole: answers offers, on an event loop and thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import structlog

from edge_agent.clips.exports.desk import ExportDesk
from edge_agent.clips.exports.line import ExportLine, ExportNews
from edge_agent.clips.grant import GrantDesk, GrantRefusedError
from edge_agent.clips.peer import Peer, PeerError
from edge_agent.clips.player import ClipTrack
from edge_agent.clips.programme import (
    Programme,
    ProgrammeError,
    check,
    controlled,
    programme_of,
)
from edge_agent.clips.sources import Chosen, ClipSource, Sources
from edge_agent.clips.transcode import Transcoder
from wire.clock import Clock
from wire.grant import Grant
from wire.whep import WhepAnswer, WhepCandidate, WhepControl, WhepOffer, WhepStatus, WhepWithdrawal

MAX_SESSIONS = 8
ANSWER_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 20.0
NICENESS = 5
STATS_EVERY_S = 0.25
ENDING_S = 2.0

Action = Literal[
    "session.open",
    "session.refused",
    "session.pause",
    "session.change",
    "session.end",
    "export",
    "export.refused",
    "export.end",
]
Result = TypeVar("Result")
log = structlog.get_logger()


class SessionRefusedError(Exception):
    """Why there is no session; `code` is one of wire.codes."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """What is to be audited; `action` as in wire.event.AuditEvent."""

    action: Action
    session_id: str
    camera: str
    at: datetime
    grant: Grant | None
    """Known once its signature held."""
    code: str | None = None
    detail: str = ""
    bytes_sent: int | None = None
    pictures_sent: int | None = None
    export: ExportNews | None = None


@dataclass(slots=True)
class _Session:
    offer: WhepOffer
    grant: Grant
    peer: Peer
    track: ClipTrack
    programme: Programme
    chosen: Chosen
    line: ExportLine | None = None
    keeper: asyncio.Task[None] | None = None


class SessionHost:
    """Holds the sessions; its methods may be called from any thread but its own loop's."""

    def __init__(
        self,
        sources: Mapping[str, ClipSource],
        grants: GrantDesk,
        clock: Clock,
        on_event: Callable[[SessionEvent], None],
        *,
        max_sessions: int = MAX_SESSIONS,
        transcoder: Transcoder | None = None,
        exports: ExportDesk | None = None,
    ) -> None:
        """`on_event` is called on the host's thread and must not block.

        Without `exports` no data channel is answered.
        """
        self._sources = Sources(sources, clock, transcoder or Transcoder())
        self._grants = grants
        self._clock = clock
        self._on_event = on_event
        self._max_sessions = max_sessions
        self._exports = exports
        self._sessions: dict[str, _Session] = {}
        self._opening: set[str] = set()
        self._ending: list[_Session] = []
        self._bytes_ended = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="clips", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End every session and the thread; true when it is gone within `timeout_s`."""
        if not self._thread.is_alive():
            return True
        self._submit(self._stop_all())
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def count(self) -> int:
        return len(self._sessions)

    @property
    def bytes_sent(self) -> int:
        """Media bytes since start, as the senders' statistics count them."""
        running = [*self._sessions.values(), *self._ending]
        return self._bytes_ended + sum(one.peer.bytes_sent for one in running)

    def answer(self, offer: WhepOffer) -> WhepAnswer:
        """Check the grant and answer in one piece; raises SessionRefusedError."""
        return self._wait(self._answer(offer))

    def candidate(self, candidate: WhepCandidate) -> None:
        """Take the viewer's trickled candidates; raises SessionRefusedError."""
        self._wait(self._candidate(candidate))

    def control(self, control: WhepControl) -> WhepStatus:
        """What a session shows after the control; raises SessionRefusedError."""
        return self._wait(self._control(control))

    def close(self, session_id: str, why: str = "closed") -> None:
        """End a session; one that is not open is no error."""
        self._wait(self._end(session_id, why))

    def withdraw(self, said: WhepWithdrawal) -> int:
        """End a case's sessions, and let none be opened under its grants; how many there were."""
        self._grants.withdraw(said)
        return self._wait(self._end_withdrawn())

    def _serve(self) -> None:
        # Linux alone counts niceness by thread: where the box is full, analysis goes first.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        future = self._submit(work)
        try:
            return future.result(ANSWER_TIMEOUT_S)
        except TimeoutError:
            future.cancel()
            raise SessionRefusedError("internal", f"no answer in {ANSWER_TIMEOUT_S} s") from None

    async def _stop_all(self) -> None:
        for session_id in list(self._sessions):
            await self._end(session_id, "the agent stops")
        # One that was ending by itself is not cut off before its end is told.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_S):
                while self._ending:
                    await asyncio.sleep(0.01)
        self._loop.stop()

    async def _answer(self, offer: WhepOffer) -> WhepAnswer:
        grant: Grant | None = None
        try:
            grant, sdp = self._grants.check(offer)
            await self._make_way(offer, grant)
            self._opening.add(grant.grant_id)
            try:
                return await self._open(offer, grant, sdp)
            finally:
                self._opening.discard(grant.grant_id)
        except (GrantRefusedError, ProgrammeError, SessionRefusedError) as refusal:
            known = refusal.grant if isinstance(refusal, GrantRefusedError) else grant
            self._tell("session.refused", offer, known, code=refusal.code, detail=refusal.detail)
            raise SessionRefusedError(refusal.code, refusal.detail) from refusal

    async def _make_way(self, offer: WhepOffer, grant: Grant) -> None:
        if grant.grant_id in self._opening or offer.session_id in self._sessions:
            raise SessionRefusedError("grant.in-use", "a session under this grant is being opened")
        for session_id, other in list(self._sessions.items()):
            if other.grant.grant_id != grant.grant_id:
                continue
            if other.peer.state == "connected":
                raise SessionRefusedError("grant.in-use", "a session under this grant is open")
            # The same viewer by its certificate, come back after its network went away.
            await self._end(session_id, "reconnected")
        if len(self._sessions) + len(self._opening) >= self._max_sessions:
            raise SessionRefusedError("clip.busy", f"{self._max_sessions} sessions are open")

    async def _open(self, offer: WhepOffer, grant: Grant, sdp: str) -> WhepAnswer:
        programme = programme_of(offer)
        chosen = await self._sources.open(offer.camera, programme, offer.session_id)
        track = ClipTrack(chosen.feed, speed=programme.speed)
        try:
            self._grants.use(offer, grant)
            peer = await Peer.answer(offer, sdp, track)
        except GrantRefusedError:
            track.stop()
            raise
        except PeerError as error:
            track.stop()
            raise SessionRefusedError("clip.bad-offer", str(error)) from error
        session = _Session(offer, grant, peer, track, programme, chosen)
        self._sessions[offer.session_id] = session
        if self._exports is not None:
            session.line = self._line(session, self._exports)
        session.keeper = asyncio.create_task(self._keep(session))
        self._tell("session.open", offer, grant, detail=str(programme))
        if self._grants.is_withdrawn(grant):
            # While it was being opened.
            await self._end(offer.session_id, "the permit was withdrawn", "grant.withdrawn")
            raise SessionRefusedError("grant.withdrawn", f"case {grant.case} of {grant.agency}")
        return WhepAnswer(
            session_id=offer.session_id,
            sdp=peer.sdp,
            codec="H264",
            start_at=chosen.start_at,
            end_at=programme.end_at,
            stream=chosen.stream,
            transcoded=chosen.transcoded,
        )

    def _line(self, session: _Session, desk: ExportDesk) -> ExportLine:
        def tell(news: ExportNews) -> None:
            self._tell(
                news.action,
                session.offer,
                session.grant,
                code=news.code,
                detail=news.detail,
                bytes_sent=news.bytes_sent,
                export=news,
            )

        token = session.offer.grant
        line = ExportLine(desk, session.grant, token, session.peer.pump, self._clock, tell)
        session.peer.on_channel(line.take)
        return line

    async def _keep(self, session: _Session) -> None:
        """Watch over one session until its viewer, its clip or its grant ends."""
        opened = self._clock.monotonic()
        lifetime_s = (session.grant.expires_at - self._clock.now()).total_seconds()
        why = ""
        while not why:
            await asyncio.sleep(STATS_EVERY_S)
            age_s = self._clock.monotonic() - opened
            state = session.peer.state
            if session.track.finished and session.peer.drained:
                # What is exported goes on until it is there, or the grant ends.
                exporting = session.line is not None and session.line.busy
                why = "" if exporting else "the clip ended"
            elif session.track.readyState == "ended" and not session.track.finished:
                why = "the viewer left"
            if state in ("failed", "closed"):
                why = why or f"the connection {state}"
            elif state != "connected" and age_s > CONNECT_TIMEOUT_S and not session.peer.bytes_sent:
                why = "the viewer never connected"
            if age_s >= lifetime_s:
                why = why or "the grant expired"
        session.keeper = None
        await self._end(session.offer.session_id, why)

    async def _end_withdrawn(self) -> int:
        found = [
            session_id
            for session_id, one in self._sessions.items()
            if self._grants.is_withdrawn(one.grant)
        ]
        for session_id in found:
            await self._end(session_id, "the permit was withdrawn", "grant.withdrawn")
        return len(found)

    async def _end(self, session_id: str, why: str, code: str | None = None) -> None:
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        self._ending.append(session)
        try:
            if session.keeper is not None:
                session.keeper.cancel()
                await asyncio.wait([session.keeper])
            session.track.stop()
            if session.line is not None:
                await session.line.close()
            await session.peer.close()
        finally:
            bytes_sent = session.peer.bytes_sent
            self._ending.remove(session)
            self._bytes_ended += bytes_sent
        self._tell(
            "session.end",
            session.offer,
            session.grant,
            code=code,
            detail=why,
            bytes_sent=bytes_sent,
            pictures_sent=session.track.pictures,
        )

    async def _candidate(self, candidate: WhepCandidate) -> None:
        session = self._session(candidate.session_id)
        try:
            await session.peer.add_candidates(candidate.fragment)
        except PeerError as error:
            raise SessionRefusedError("clip.bad-offer", str(error)) from error

    async def _control(self, control: WhepControl) -> WhepStatus:
        session = self._session(control.session_id)
        try:
            await self._apply(session, control)
        except ProgrammeError as refusal:
            code, detail = refusal.code, refusal.detail
            what = f"{control.action}: {detail}"
            self._tell("session.refused", session.offer, session.grant, code=code, detail=what)
            raise SessionRefusedError(code, detail) from refusal
        return _status(session)

    async def _apply(self, session: _Session, control: WhepControl) -> None:
        """Raises ProgrammeError, and then nothing has changed."""
        if control.action == "close":
            await self._end(control.session_id, "closed by the viewer")
        elif control.action == "pause":
            session.track.pause()
            if session.track.live:
                # It goes on with what is live then: nothing is to be kept for it meanwhile.
                session.chosen.feed.close()
            self._tell("session.pause", session.offer, session.grant)
        elif control.action == "resume":
            if session.track.paused and session.track.live:
                # What was live goes on where it is now.
                await self._show(session, _now_showing(session))
            session.track.resume()
        elif control.action != "status":
            programme = controlled(_now_showing(session), control, session.grant, self._clock.now())
            check(programme, session.grant)
            if control.action == "speed":
                session.track.set_speed(programme.speed)
                session.programme = programme
            else:
                await self._show(session, programme)
                session.track.resume()
            self._tell("session.change", session.offer, session.grant, detail=str(programme))

    async def _show(self, session: _Session, programme: Programme) -> None:
        chosen = await self._sources.open(session.offer.camera, programme, session.offer.session_id)
        if session.track.readyState != "live":
            chosen.feed.close()
            raise ProgrammeError("clip.unknown-session", "it ended meanwhile")
        session.track.switch(chosen.feed, programme.speed, programme.start_at)
        session.programme, session.chosen = programme, chosen

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id)
        if session is None:
            raise SessionRefusedError("clip.unknown-session", f"no session {session_id}")
        return session

    def _tell(
        self,
        action: Action,
        offer: WhepOffer,
        grant: Grant | None,
        *,
        code: str | None = None,
        detail: str = "",
        bytes_sent: int | None = None,
        pictures_sent: int | None = None,
        export: ExportNews | None = None,
    ) -> None:
        log.info(action, session=offer.session_id, camera=offer.camera, code=code, detail=detail)
        self._on_event(
            SessionEvent(
                action,
                offer.session_id,
                offer.camera,
                self._clock.now(),
                grant,
                code,
                detail,
                bytes_sent,
                pictures_sent,
                export,
            )
        )


def _now_showing(session: _Session) -> Programme:
    """As asked for; who caught up is live."""
    asked = session.programme
    return Programme(asked.stream) if session.track.live else asked


def _status(session: _Session) -> WhepStatus:
    programme, track = _now_showing(session), session.track
    return WhepStatus(
        session_id=session.offer.session_id,
        mode=programme.mode,
        stream=session.chosen.stream,
        paused=track.paused,
        speed=track.speed,
        start_at=programme.start_at,
        end_at=programme.end_at,
        playing_at=track.playing_at,
        transcoded=session.chosen.transcoded,
        pictures_sent=track.pictures,
        expires_at=session.grant.expires_at,
    )
