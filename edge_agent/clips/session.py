"""WebRTC sessions of a pole: answers offers, on an event loop and thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import structlog

from edge_agent.camera import nal
from edge_agent.clips.feeds import Feed, LiveTap, RecordedFeed
from edge_agent.clips.grant import GrantDesk, GrantRefusedError
from edge_agent.clips.peer import Peer, PeerError
from edge_agent.clips.player import ClipTrack
from edge_agent.clips.ring import Ring
from wire.clock import Clock
from wire.grant import Grant
from wire.whep import WhepAnswer, WhepCandidate, WhepControl, WhepOffer

MAX_SESSIONS = 8
ANSWER_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 20.0
STATS_EVERY_S = 0.25
SILENT_S = 10.0
"""A camera that sent nothing for this long is down, whatever it sent before."""

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

    action: Literal["session.open", "session.refused", "session.pause", "session.end"]
    session_id: str
    camera: str
    at: datetime
    grant: Grant | None
    """Known once its signature held."""
    code: str | None = None
    detail: str = ""
    bytes_sent: int | None = None
    pictures_sent: int | None = None


@dataclass(frozen=True, slots=True)
class ClipSource:
    """One camera's recorded and live pictures."""

    ring: Ring
    live: LiveTap


@dataclass(slots=True)
class _Session:
    offer: WhepOffer
    grant: Grant
    peer: Peer
    track: ClipTrack
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
    ) -> None:
        """`on_event` is called on the host's thread and must not block."""
        self._sources = sources
        self._grants = grants
        self._clock = clock
        self._on_event = on_event
        self._max_sessions = max_sessions
        self._sessions: dict[str, _Session] = {}
        self._opening: set[str] = set()
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
        return self._bytes_ended + sum(one.peer.bytes_sent for one in list(self._sessions.values()))

    def answer(self, offer: WhepOffer) -> WhepAnswer:
        """Check the grant and answer in one piece; raises SessionRefusedError."""
        return self._wait(self._answer(offer))

    def candidate(self, candidate: WhepCandidate) -> None:
        """Take the viewer's trickled candidates; raises SessionRefusedError."""
        self._wait(self._candidate(candidate))

    def control(self, control: WhepControl) -> None:
        """Seek, pause, play, speed or close; raises SessionRefusedError."""
        self._wait(self._control(control))

    def close(self, session_id: str, why: str = "closed") -> None:
        """End a session; one that is not open is no error."""
        self._wait(self._end(session_id, why))

    def _serve(self) -> None:
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
        except (GrantRefusedError, SessionRefusedError) as refusal:
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
        source = self._sources.get(offer.camera)
        if source is None:
            raise SessionRefusedError("grant.foreign", f"no camera {offer.camera}")
        feed, start_at = await self._feed(offer, source, offer.start_at)
        track = ClipTrack(feed)
        try:
            self._grants.use(offer, grant)
            peer = await Peer.answer(offer, sdp, track)
        except GrantRefusedError:
            track.stop()
            raise
        except PeerError as error:
            track.stop()
            raise SessionRefusedError("clip.bad-offer", str(error)) from error
        session = _Session(offer, grant, peer, track)
        self._sessions[offer.session_id] = session
        session.keeper = asyncio.create_task(self._keep(session))
        self._tell("session.open", offer, grant)
        return WhepAnswer(
            session_id=offer.session_id,
            sdp=peer.sdp,
            codec="H264",
            start_at=start_at,
            end_at=offer.end_at,
        )

    async def _feed(
        self, offer: WhepOffer, source: ClipSource, from_at: datetime | None
    ) -> tuple[Feed, datetime | None]:
        """The offer's feed and the wall time of its first picture; refuses what cannot be sent."""
        if offer.mode == "live":
            info = source.live.info
            silent_s = self._clock.monotonic() - source.live.newest_mono_s
            if info is None or silent_s > SILENT_S:
                raise SessionRefusedError("clip.camera-down", f"{offer.camera} sends nothing")
            _check_viewable(offer.camera, info.codec, info.has_b_frames)
            return source.live.follow(asyncio.get_running_loop()), None
        if from_at is None or offer.end_at is None:
            raise SessionRefusedError("clip.bad-offer", "recorded video needs start_at and end_at")
        feed = RecordedFeed(source.ring, self._clock, from_at, offer.end_at)
        first = await feed.peek()
        if not first:
            raise SessionRefusedError(
                "clip.not-recorded", f"nothing of {offer.camera} from {from_at} to {offer.end_at}"
            )
        reordered = any(nal.has_b_slice(nal.split(unit.data)) for unit in first)
        _check_viewable(offer.camera, first[0].codec, reordered)
        return feed, first[0].at

    async def _keep(self, session: _Session) -> None:
        """Watch over one session until its viewer, its clip or its grant ends."""
        opened = self._clock.monotonic()
        lifetime_s = (session.grant.expires_at - self._clock.now()).total_seconds()
        why = ""
        while not why:
            await asyncio.sleep(STATS_EVERY_S)
            await session.peer.count()
            age_s = self._clock.monotonic() - opened
            state = session.peer.state
            if session.track.finished:
                why = "the clip ended"
            elif session.track.readyState == "ended":
                why = "the viewer left"
            elif state in ("failed", "closed"):
                why = f"the connection {state}"
            elif state != "connected" and age_s > CONNECT_TIMEOUT_S and not session.peer.bytes_sent:
                why = "the viewer never connected"
            elif age_s >= lifetime_s:
                why = "the grant expired"
        session.keeper = None
        await self._end(session.offer.session_id, why)

    async def _end(self, session_id: str, why: str) -> None:
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        if session.keeper is not None:
            session.keeper.cancel()
            await asyncio.wait([session.keeper])
        await session.peer.count()
        self._bytes_ended += session.peer.bytes_sent
        session.track.stop()
        await session.peer.close()
        self._tell(
            "session.end",
            session.offer,
            session.grant,
            detail=why,
            bytes_sent=session.peer.bytes_sent,
            pictures_sent=session.track.pictures,
        )

    async def _candidate(self, candidate: WhepCandidate) -> None:
        session = self._session(candidate.session_id)
        try:
            await session.peer.add_candidates(candidate.fragment)
        except PeerError as error:
            raise SessionRefusedError("clip.bad-offer", str(error)) from error

    async def _control(self, control: WhepControl) -> None:
        session = self._session(control.session_id)
        if control.action == "close":
            await self._end(control.session_id, "closed by the viewer")
        elif control.action == "pause":
            session.track.pause()
            self._tell("session.pause", session.offer, session.grant)
        elif control.action == "play":
            session.track.play()
        elif session.offer.mode == "live":
            raise SessionRefusedError("grant.foreign", "a live session cannot seek or change speed")
        elif control.action == "speed":
            session.track.set_speed(control.speed or 1.0)
        else:
            await self._seek(session, control.at)

    async def _seek(self, session: _Session, at: datetime | None) -> None:
        start, end = session.grant.start_at, session.grant.end_at
        if at is None or start is None or end is None or not start <= at < end:
            raise SessionRefusedError("grant.foreign", f"the grant covers {start} to {end}")
        feed, _ = await self._feed(session.offer, self._sources[session.offer.camera], at)
        session.track.switch(feed)

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id)
        if session is None:
            raise SessionRefusedError("clip.unknown-session", f"no session {session_id}")
        return session

    def _tell(
        self,
        action: Literal["session.open", "session.refused", "session.pause", "session.end"],
        offer: WhepOffer,
        grant: Grant | None,
        *,
        code: str | None = None,
        detail: str = "",
        bytes_sent: int | None = None,
        pictures_sent: int | None = None,
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
            )
        )


def _check_viewable(camera: str, codec: nal.Codec, has_b_frames: bool) -> None:
    if codec != "h264":
        raise SessionRefusedError("camera.h265", f"{camera} sends H.265, which no browser shows")
    if has_b_frames:
        raise SessionRefusedError("camera.b-frames", f"{camera} sends B-frames")
