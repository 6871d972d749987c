"""A pole without its analysis: a camera, its ring, and the sessions that show both."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from edge_agent.clips.feeds import LiveTap
from edge_agent.clips.grant import GrantDesk
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.clips.session import SessionEvent, SessionHost
from edge_agent.clips.sources import ClipSource
from edge_agent.clips.transcode import Transcoder
from polewatch.viewer import ClipReport, Viewer
from tests.support.rtsp import Watcher, watching
from tests.support.wait import wait_until
from wire.clock import SystemClock
from wire.envelope import sign_bytes
from wire.grant import Grant
from wire.names import new_id
from wire.whep import WhepControl, WhepOffer, WhepStatus

S = timedelta(seconds=1)
DEVICE = "pole-001-1"


@dataclass
class Pole:
    """A camera, its ring and its sessions."""

    host: SessionHost
    ring: Ring
    watcher: Watcher
    signer: OKPKey
    events: list[SessionEvent] = field(default_factory=list)
    source: ClipSource | None = None

    def grant(self, fingerprint: str, **changes: Any) -> Grant:
        span = self.ring.span()
        assert span is not None
        now = SystemClock().now()
        usual = {
            "grant_id": new_id(),
            "device": DEVICE,
            "camera": "yard",
            "rights": ("recorded", "live"),
            "start_at": span[0],
            "end_at": span[1],
            "case": "2026-17",
            "agency": "police",
            "person": "kim",
            "basis": "PIPA 18(2)3",
            "purpose": "a fall in the yard",
            "fingerprint": fingerprint,
            "issued_at": now,
            "expires_at": now + 300 * S,
        }
        return Grant(**{**usual, **changes})

    def offer(
        self, sdp: str, grant: Grant, mode: str, key: OKPKey | None = None, **changes: Any
    ) -> WhepOffer:
        token = sign_bytes(grant.model_dump_json().encode(), "signer", key or self.signer)
        usual = {
            "session_id": new_id(),
            "camera": "yard",
            "mode": mode,
            "start_at": grant.start_at if mode == "recorded" else None,
            "end_at": grant.end_at if mode == "recorded" else None,
            "sdp": sdp,
            "grant": token.decode(),
        }
        return WhepOffer(**{**usual, **changes})

    async def watch(
        self,
        viewer: Viewer,
        mode: str,
        *,
        frames: int | None = None,
        seconds: float = 60,
        grant: Grant | None = None,
        key: OKPKey | None = None,
        **changes: Any,
    ) -> ClipReport:
        granted = grant or self.grant(viewer.fingerprint)

        async def exchange(sdp: str) -> str:
            offer = self.offer(sdp, granted, mode, key, **changes)
            answer = await asyncio.to_thread(self.host.answer, offer)
            return answer.sdp

        return await viewer.watch(exchange, seconds, frames=frames)

    def recorded_identities(self) -> set[str]:
        span = self.ring.span()
        assert span is not None
        return {unit.identity for unit in self.ring.read(*span)}

    def wait_idle(self) -> None:
        """Until all sessions have ended, and each end was told: that comes last."""

        def told() -> bool:
            actions = [event.action for event in list(self.events)]
            return actions.count("session.end") == actions.count("session.open")

        wait_until(lambda: self.host.count == 0 and told(), 40, "the sessions to end")

    def last(self, action: str) -> SessionEvent:
        return [event for event in self.events if event.action == action][-1]

    async def control(self, session_id: str, action: str, **more: Any) -> WhepStatus:
        order = WhepControl.model_validate({"session_id": session_id, "action": action, **more})
        return await asyncio.to_thread(self.host.control, order)


async def settled(viewer: Viewer) -> int:
    """How many pictures it has, once what was on its way to it has arrived: none for a second."""
    async with asyncio.timeout(30):
        count, since = viewer.frames, time.monotonic()
        while time.monotonic() - since < 1.0:
            await asyncio.sleep(0.05)
            if viewer.frames != count:
                count, since = viewer.frames, time.monotonic()
    return count


@contextlib.contextmanager
def clip_pole(
    folder: Path, url: str, *, sub_url: str | None = None, transcoder: Transcoder | None = None
) -> Iterator[Pole]:
    """Everything running on real RTSP streams; all threads have ended with the test."""
    clock = SystemClock()
    signer = OKPKey.generate_key("Ed25519")
    ring = Ring(folder, "yard", clock, limits=KeepingLimits(1 << 30))
    ring.start()
    live, sub = LiveTap(), LiveTap() if sub_url else None
    desk = GrantDesk(folder / "grants.sqlite", DEVICE, signer, clock)
    events: list[SessionEvent] = []
    source = ClipSource(ring, live, sub)
    host = SessionHost({"yard": source}, desk, clock, events.append, transcoder=transcoder)
    host.start()
    with contextlib.ExitStack() as cameras:
        watcher = cameras.enter_context(watching(url, ring, live))
        if sub_url is not None and sub is not None:
            cameras.enter_context(watching(sub_url, sub))
        yield Pole(host, ring, watcher, signer, events, source)
        assert host.stop()
    assert ring.close()
    desk.close()
