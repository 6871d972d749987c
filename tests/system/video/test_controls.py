"""Controls of a running session on a real camera: what they show, and what the grant refuses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from edge_agent.clips.session import SessionRefusedError
from edge_agent.clips.sources import ClipSource
from polewatch.viewer import Viewer
from tests.support.clip_pole import Pole, S, clip_pole, settled
from tests.support.rtsp import demo_camera
from tests.support.wait import wait_until
from wire.clock import SystemClock
from wire.names import new_id
from wire.whep import WhepStatus

RECORDED_S = 12


@pytest.fixture(scope="module")
def pole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pole]:
    with demo_camera() as camera, clip_pole(tmp_path_factory.mktemp("pole"), camera.url) as made:
        made.watcher.wait_packets(25)

        def recorded() -> bool:
            span = made.ring.span()
            return span is not None and span[1] - span[0] > RECORDED_S * S

        wait_until(recorded, 60, "a recording")
        yield made


@dataclass
class Session:
    """A viewer who watches, and controls."""

    pole: Pole
    viewer: Viewer
    session_id: str

    async def control(self, action: str, **more: Any) -> WhepStatus:
        return await self.pole.control(self.session_id, action, **more)

    async def refused(self, action: str, **more: Any) -> str:
        """The code; the audit trail has it too."""
        with pytest.raises(SessionRefusedError) as caught:
            await self.control(action, **more)
        event = self.pole.last("session.refused")
        assert (event.session_id, event.code) == (self.session_id, caught.value.code)
        assert event.detail.startswith(f"{action}: ")
        return caught.value.code

    async def more(self, count: int) -> None:
        """Wait until so many more pictures have come."""
        enough = self.viewer.frames + count
        await asyncio.to_thread(
            wait_until, lambda: self.viewer.frames >= enough, 60, f"{count} pictures"
        )

    async def until(self, mode: str, seconds: float = 30) -> WhepStatus:
        """The state, once the session shows this."""
        async with asyncio.timeout(seconds):
            while (found := await self.control("status")).mode != mode:
                await asyncio.sleep(0.05)
        return found


def _followed(source: ClipSource, by: int) -> None:
    """Wait until so many follow what is live: who left may still be counted."""
    wait_until(lambda: source.live.followers == by, 20, f"{by} followers")


@contextlib.asynccontextmanager
async def _session(pole: Pole, mode: str, **changes: Any) -> AsyncIterator[Session]:
    async with Viewer() as viewer:
        now = SystemClock().now()
        usual = {"start_at": now - RECORDED_S * S, "end_at": now + 300 * S}
        grant = pole.grant(viewer.fingerprint, **{**usual, **changes})
        session_id = new_id()
        span: dict[str, Any] = {}
        if mode == "recorded":
            span = {"start_at": now - RECORDED_S * S, "end_at": now - 2 * S}
        looking = pole.watch(viewer, mode, grant=grant, session_id=session_id, seconds=90, **span)
        watching = asyncio.create_task(looking)
        session = Session(pole, viewer, session_id)
        await session.more(3)
        yield session
        with contextlib.suppress(SessionRefusedError):
            await session.control("close")
        await watching


async def test_from_a_clip_to_live_and_back_without_a_new_session(pole: Pole) -> None:
    async with _session(pole, "recorded") as session:
        status = await session.control("status")
        assert (status.mode, status.transcoded, status.paused) == ("recorded", False, False)
        status = await session.control("live")
        assert (status.mode, status.start_at) == ("live", None)
        await session.more(10)
        status = await session.control("status")
        assert status.playing_at is not None
        assert SystemClock().now() - status.playing_at < 5 * S
        start = SystemClock().now() - 10 * S
        status = await session.control("clip", at=start, end_at=start + 8 * S)
        assert (status.mode, status.start_at) == ("recorded", start)
        await session.more(10)
        status = await session.control("status")
        assert status.playing_at is not None
        assert abs(status.playing_at - start) < 5 * S
        kinds = [one.detail.split()[0] for one in pole.events if one.action == "session.change"]
        assert kinds[-2:] == ["live", "recorded"]


async def test_back_and_then_faster_than_it_was_until_it_is_live(pole: Pole) -> None:
    async with _session(pole, "live") as session:
        status = await session.control("live", minutes_ago=10 / 60)
        assert (status.mode, status.speed) == ("catch-up", 8.0)
        status = await session.until("live")
        assert status.speed == 1.0
        # Every picture again, now that it is live.
        before = session.viewer.frames
        began = SystemClock().monotonic()
        await session.more(25)
        assert session.viewer.frames - before >= 25
        # Not what came in quick motion: at the camera's ten a second.
        assert 1.0 < SystemClock().monotonic() - began < 30
        assert await session.refused("speed", speed=2.0) == "clip.impossible"


async def test_an_offer_may_ask_to_catch_up(pole: Pole) -> None:
    start = SystemClock().now() - 10 * S
    async with Viewer() as viewer:
        now = SystemClock().now()
        grant = pole.grant(viewer.fingerprint, start_at=start, end_at=now + 60 * S)
        session_id = new_id()
        looking = pole.watch(
            viewer, "live", grant=grant, session_id=session_id, seconds=60, start_at=start
        )
        watching = asyncio.create_task(looking)
        session = Session(pole, viewer, session_id)
        await session.more(3)
        await session.until("live")
        await session.control("close")
        await watching


async def test_live_paused_goes_on_where_it_is_now(pole: Pole) -> None:
    async with _session(pole, "live") as session:
        paused = await session.control("pause")
        assert paused.paused
        assert pole.source is not None
        await asyncio.to_thread(_followed, pole.source, 0)
        at = paused.playing_at
        stood = await settled(session.viewer)
        await asyncio.to_thread(pole.watcher.wait_packets, len(pole.watcher.packets) + 40)
        assert session.viewer.frames == stood
        status = await session.control("resume")
        assert not status.paused
        await session.more(5)
        status = await session.control("status")
        assert at is not None
        assert status.playing_at is not None
        assert status.playing_at - at > 1 * S


async def test_what_the_grant_does_not_cover_is_refused_and_goes_on_as_it_was(pole: Pole) -> None:
    now = SystemClock().now()
    async with _session(pole, "recorded", rights=("recorded",), end_at=now) as session:
        early = now - 3600 * S
        assert await session.refused("live") == "grant.foreign"
        assert await session.refused("live", minutes_ago=0.1) == "grant.foreign"
        assert await session.refused("seek", at=early) == "grant.foreign"
        assert await session.refused("seek", at=now + 60 * S) == "grant.foreign"
        assert await session.refused("clip", at=early, end_at=now) == "grant.foreign"
        assert await session.refused("clip", at=now, end_at=now - 1 * S) == "clip.impossible"
        await session.more(5)
    async with _session(pole, "live", rights=("live",)) as session:
        assert await session.refused("seek", at=now - 5 * S) == "grant.foreign"
        assert await session.refused("live", stream="sub") == "clip.no-substream"
        await session.more(5)


async def test_what_was_never_recorded_is_told_and_the_picture_goes_on(pole: Pole) -> None:
    early = SystemClock().now() - 3600 * S
    async with _session(pole, "live", start_at=early) as session:
        refused = await session.refused("clip", at=early, end_at=early + 60 * S)
        assert refused == "clip.not-recorded"
        await session.more(5)


async def test_however_many_watch_the_camera_is_read_once(pole: Pole) -> None:
    assert pole.source is not None
    async with _session(pole, "live"), _session(pole, "live"), _session(pole, "live"):
        await asyncio.to_thread(_followed, pole.source, 3)
        assert pole.watcher.source.connections == 1
