"""Cameras whose video no browser plays: their substream, else a conversion, else a clear reason."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from edge_agent.clips.session import SessionRefusedError
from edge_agent.clips.transcode import Transcoder
from polewatch.viewer import Viewer
from tests.support.clip_pole import Pole, clip_pole
from tests.support.rtsp import gst_camera
from tests.support.wait import wait_until
from wire.names import new_id

BUSY = Transcoder(lambda: "3.9 tasks wait for 2 cores")


def _roomy() -> Transcoder:
    return Transcoder(lambda: None)


async def _recording(pole: Pole, packets: int = 35) -> None:
    await asyncio.to_thread(pole.watcher.wait_packets, packets, 60)


@pytest.mark.parametrize("codec", ["hevc", "b-frames"])
async def test_live_and_clip_are_converted_and_say_so(tmp_path: Path, codec: str) -> None:
    with (
        gst_camera("--codec", codec) as camera,
        clip_pole(tmp_path, camera.url, transcoder=_roomy()) as pole,
    ):
        await _recording(pole, 80)
        for mode in ("live", "recorded"):
            session = new_id()
            async with Viewer() as viewer:
                watching = asyncio.create_task(
                    pole.watch(viewer, mode, frames=15, session_id=session)
                )
                await asyncio.to_thread(wait_until, lambda: viewer.frames > 3, 60, "pictures")
                status = await pole.control(session, "status")
                assert status.transcoded
                assert status.stream == "main"
                # Another must wait until this one has left.
                async with Viewer() as second:
                    with pytest.raises(SessionRefusedError) as caught:
                        await pole.watch(second, "live")
                assert caught.value.code == "clip.no-room"
                report = await watching
                # What was recorded may have come to its end by now.
                with contextlib.suppress(SessionRefusedError):
                    await pole.control(session, "close")
            assert report.frames >= 15
            assert report.transcoded_share(pole.recorded_identities()) == 1.0
            await asyncio.to_thread(pole.wait_idle)


async def test_the_camera_s_own_small_pictures_come_before_converted_ones(tmp_path: Path) -> None:
    with (
        gst_camera("--codec", "hevc") as camera,
        gst_camera("--codec", "h264") as small,
        clip_pole(tmp_path, camera.url, sub_url=small.url, transcoder=BUSY) as pole,
    ):
        await _recording(pole)
        assert pole.source is not None
        sub = pole.source.sub
        assert sub is not None
        await asyncio.to_thread(wait_until, lambda: sub.info is not None, 20, "the substream")
        session = new_id()
        async with Viewer() as viewer:
            watching = asyncio.create_task(
                pole.watch(viewer, "live", frames=15, session_id=session)
            )
            await asyncio.to_thread(wait_until, lambda: viewer.frames > 3, 60, "pictures")
            status = await pole.control(session, "status")
            report = await watching
        assert (status.stream, status.transcoded) == ("sub", False)
        assert report.frames >= 15
        # What is recorded is the main stream alone.
        async with Viewer() as viewer:
            with pytest.raises(SessionRefusedError, match=r"3\.9 tasks wait") as caught:
                await pole.watch(viewer, "recorded")
        assert caught.value.code == "clip.no-room"
        refused = pole.last("session.refused")
        assert (refused.code, refused.detail) == ("clip.no-room", "3.9 tasks wait for 2 cores")


async def test_a_substream_that_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    with gst_camera() as camera, clip_pole(tmp_path, camera.url) as pole:
        await _recording(pole, 12)
        async with Viewer() as viewer:
            with pytest.raises(SessionRefusedError) as caught:
                await pole.watch(viewer, "live", stream="sub")
        assert caught.value.code == "clip.no-substream"
