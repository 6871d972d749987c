"""Viewing a real camera by WebRTC on this host: the camera's bytes, under a grant, and no more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from edge_agent.clips.feeds import LiveTap
from edge_agent.clips.grant import GrantDesk
from edge_agent.clips.session import SessionHost, SessionRefusedError
from edge_agent.clips.sources import ClipSource
from polewatch.viewer import ClipReport, Viewer
from tests.support.clip_pole import DEVICE, Pole, S, clip_pole, settled
from tests.support.rtsp import demo_camera
from tests.support.wait import wait_until
from wire.clock import SystemClock
from wire.grant import Grant
from wire.names import new_id

GRANTED_S = 6
OTHER_FINGERPRINT = ":".join(["AB"] * 32)


@pytest.fixture(scope="module")
def pole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pole]:
    with demo_camera() as camera, clip_pole(tmp_path_factory.mktemp("pole"), camera.url) as made:
        made.watcher.wait_packets(75)
        yield made


@pytest.mark.timed
async def test_live_pictures_come_at_once(pole: Pole) -> None:
    async with Viewer() as viewer:
        report = await pole.watch(viewer, "live", frames=5)
    assert report.first_frame_ms is not None
    assert report.first_frame_ms < 1500


async def test_live_pictures_are_the_camera_s_own(pole: Pole) -> None:
    async with Viewer() as viewer:
        report = await pole.watch(viewer, "live", frames=55)
    assert report.codec == "H264"
    assert report.frames >= 50
    await asyncio.to_thread(pole.wait_idle)
    await asyncio.to_thread(
        wait_until,
        lambda: set(report.access_unit_hashes) <= pole.recorded_identities(),
        30,
        "the ring to hold what was seen",
    )
    assert report.transcoded_share(pole.recorded_identities()) == 0.0


async def _recorded(pole: Pole, viewer: Viewer) -> tuple[Grant, ClipReport, list[str]]:
    """What a viewer saw of all that is recorded, and the identity of each picture of it."""
    grant = pole.grant(viewer.fingerprint)
    report = await pole.watch(viewer, "recorded", grant=grant)
    assert grant.start_at is not None
    assert grant.end_at is not None
    expected = [unit.identity for unit in pole.ring.read(grant.start_at, grant.end_at)]
    await asyncio.to_thread(pole.wait_idle)
    return grant, report, expected


@pytest.mark.timed
async def test_a_clip_is_the_recording_picture_by_picture(pole: Pole) -> None:
    """A viewer that has no time to take what comes is sent less: hence with nothing beside it."""
    async with Viewer() as viewer:
        _, report, expected = await _recorded(pole, viewer)
    # aiortc's jitter buffer gives a picture when the next begins: the last one stays in it.
    assert list(report.access_unit_hashes) == expected[:-1]
    assert pole.last("session.end").pictures_sent == len(expected)


async def test_a_clip_is_the_recording_byte_for_byte_and_ends(pole: Pole) -> None:
    sent_before = pole.host.bytes_sent
    async with Viewer() as viewer:
        grant, report, expected = await _recorded(pole, viewer)
    left = iter(expected)
    assert all(one in left for one in report.access_unit_hashes), (
        "another picture, or another order"
    )
    assert report.frames >= 50
    ended = pole.last("session.end")
    assert ended.detail == "the clip ended"
    assert ended.bytes_sent == pole.host.bytes_sent - sent_before
    assert ended.bytes_sent is not None
    assert ended.bytes_sent > report.bytes
    assert ended.grant == grant


@pytest.mark.parametrize(
    ("changes", "mode", "code"),
    [
        (
            {
                "issued_at": datetime(2020, 1, 1).astimezone(),
                "expires_at": datetime(2020, 1, 2).astimezone(),
            },
            "live",
            "grant.expired",
        ),
        ({"fingerprint": OTHER_FINGERPRINT}, "live", "grant.fingerprint"),
        ({"camera": "gate"}, "live", "grant.foreign"),
        ({"device": "pole-002-1"}, "live", "grant.foreign"),
        ({"rights": ("recorded",)}, "live", "grant.foreign"),
        ({"rights": ("live",)}, "recorded", "grant.foreign"),
    ],
)
async def test_what_a_grant_does_not_cover_is_refused_and_audited(
    pole: Pole, changes: dict[str, Any], mode: str, code: str
) -> None:
    async with Viewer() as viewer:
        grant = pole.grant(**{"fingerprint": viewer.fingerprint, **changes})
        with pytest.raises(SessionRefusedError) as caught:
            await pole.watch(viewer, mode, grant=grant)
    assert caught.value.code == code
    refused = pole.last("session.refused")
    assert (refused.code, refused.grant) == (code, grant)


async def test_another_range_is_refused(pole: Pole) -> None:
    async with Viewer() as viewer:
        grant = pole.grant(viewer.fingerprint)
        assert grant.start_at is not None
        for start, code in ((grant.start_at - 1 * S, "grant.foreign"), (None, "request.invalid")):
            with pytest.raises(SessionRefusedError) as caught:
                await pole.watch(viewer, "recorded", grant=grant, start_at=start)
            assert caught.value.code == code


async def test_a_forged_grant_is_refused(pole: Pole) -> None:
    async with Viewer() as viewer:
        with pytest.raises(SessionRefusedError) as caught:
            await pole.watch(viewer, "live", key=OKPKey.generate_key("Ed25519"))
    assert caught.value.code == "grant.invalid"
    refused = pole.last("session.refused")
    assert (refused.code, refused.grant) == ("grant.invalid", None)


async def test_a_stolen_grant_gives_nothing_without_its_certificate(pole: Pole) -> None:
    """The thief names the victim's fingerprint in the offer, but cannot prove it in DTLS."""
    async with Viewer() as victim, Viewer() as thief:
        grant = pole.grant(victim.fingerprint)

        async def exchange(sdp: str) -> str:
            forged = sdp.replace(thief.fingerprint, victim.fingerprint)
            assert forged != sdp
            answer = await asyncio.to_thread(pole.host.answer, pole.offer(forged, grant, "live"))
            return answer.sdp

        report = await thief.watch(exchange, 8)
    assert report.frames == 0
    await asyncio.to_thread(pole.wait_idle)
    assert pole.last("session.end").bytes_sent == 0


async def test_a_second_session_waits_until_the_first_has_ended(pole: Pole) -> None:
    async with Viewer() as first:
        grant = pole.grant(first.fingerprint)
        watching = asyncio.create_task(pole.watch(first, "live", grant=grant, seconds=90))
        await asyncio.to_thread(wait_until, lambda: first.frames > 5, 40, "pictures")
        async with Viewer(first.certificate) as second:
            with pytest.raises(SessionRefusedError) as caught:
                await pole.watch(second, "live", grant=grant)
        assert caught.value.code == "grant.in-use"
        watching.cancel()
    await asyncio.to_thread(pole.wait_idle)
    async with Viewer(first.certificate) as again:
        report = await pole.watch(again, "live", grant=grant, frames=10)
    assert report.frames >= 10


async def test_a_session_ends_with_its_grant(pole: Pole) -> None:
    async with Viewer() as viewer:
        now = SystemClock().now()
        grant = pole.grant(viewer.fingerprint, expires_at=now + GRANTED_S * S)
        report = await pole.watch(viewer, "live", grant=grant, seconds=60)
    assert report.frames > 10
    assert report.seconds < GRANTED_S + 10
    await asyncio.to_thread(pole.wait_idle)
    assert pole.last("session.end").detail == "the grant expired"


async def test_a_viewer_can_pause_seek_and_close(pole: Pole) -> None:
    async with Viewer() as viewer:
        grant = pole.grant(viewer.fingerprint)
        session = new_id()
        watching = asyncio.create_task(
            pole.watch(viewer, "recorded", grant=grant, session_id=session)
        )

        control = partial(pole.control, session)
        await asyncio.to_thread(wait_until, lambda: viewer.frames > 5, 40, "pictures")
        await control("pause")
        assert pole.last("session.pause").session_id == session
        paused_at = await settled(viewer)
        await asyncio.to_thread(threading.Event().wait, 1.0)
        assert viewer.frames == paused_at
        await control("seek", at=grant.start_at)
        await control("speed", speed=2.0)
        await control("resume")
        await asyncio.to_thread(
            wait_until, lambda: viewer.frames > paused_at + 10, 40, "pictures after the seek"
        )
        with pytest.raises(SessionRefusedError) as caught:
            await control("seek", at=grant.end_at)
        assert caught.value.code == "grant.foreign"
        await control("close")
        report = await watching
        with pytest.raises(SessionRefusedError) as caught:
            await control("resume")
        assert caught.value.code == "clip.unknown-session"
    first = report.access_unit_hashes[0]
    assert report.access_unit_hashes.count(first) == 2
    assert report.transcoded_share(pole.recorded_identities()) == 0.0


async def test_offers_that_cannot_be_answered_are_refused(pole: Pole) -> None:
    async with Viewer() as viewer:
        grant = pole.grant(viewer.fingerprint)
        fingerprint = f"a=fingerprint:sha-256 {viewer.fingerprint}\r\n"
        offers = [
            fingerprint,
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + fingerprint,
            "m=video x UDP/TLS/RTP/SAVPF 96\r\n" + fingerprint,
        ]
        for sdp in offers:
            with pytest.raises(SessionRefusedError) as caught:
                await asyncio.to_thread(pole.host.answer, pole.offer(sdp, grant, "live"))
            assert caught.value.code == "clip.bad-offer"
    await asyncio.to_thread(pole.wait_idle)


async def test_a_viewer_without_h264_is_refused(pole: Pole) -> None:
    async with Viewer() as viewer:

        async def exchange(sdp: str) -> str:
            offer = pole.offer(
                sdp.replace("H264/90000", "VP9/90000"), pole.grant(viewer.fingerprint), "live"
            )
            return (await asyncio.to_thread(pole.host.answer, offer)).sdp

        with pytest.raises(SessionRefusedError) as caught:
            await viewer.watch(exchange, 5)
    assert caught.value.code == "clip.bad-offer"


async def test_what_was_not_recorded_is_told(pole: Pole) -> None:
    async with Viewer() as viewer:
        early = SystemClock().now() - timedelta(days=2)
        grant = pole.grant(viewer.fingerprint, start_at=early, end_at=early + 60 * S)
        with pytest.raises(SessionRefusedError) as caught:
            await pole.watch(viewer, "recorded", grant=grant)
    assert caught.value.code == "clip.not-recorded"


async def test_a_camera_that_never_sent_anything_is_down(pole: Pole, tmp_path: Path) -> None:
    desk = GrantDesk(tmp_path / "grants.sqlite", DEVICE, pole.signer, SystemClock())
    source = ClipSource(pole.ring, LiveTap())
    host = SessionHost({"yard": source}, desk, SystemClock(), pole.events.append)
    host.start()
    async with Viewer() as viewer:
        grant = pole.grant(viewer.fingerprint)
        sdp = f"v=0\r\na=fingerprint:sha-256 {viewer.fingerprint}\r\n"
        with pytest.raises(SessionRefusedError) as caught:
            await asyncio.to_thread(host.answer, pole.offer(sdp, grant, "live"))
    assert caught.value.code == "clip.camera-down"
    assert host.stop()
    desk.close()


async def test_sessions_are_bounded(pole: Pole, tmp_path: Path) -> None:
    span = pole.ring.span()
    assert span is not None
    desk = GrantDesk(tmp_path / "grants.sqlite", DEVICE, pole.signer, SystemClock())
    source = ClipSource(pole.ring, LiveTap())
    host = SessionHost({"yard": source}, desk, SystemClock(), pole.events.append, max_sessions=1)
    host.start()
    small = Pole(host, pole.ring, pole.watcher, pole.signer, pole.events)
    async with Viewer() as first, Viewer() as second:
        watching = asyncio.create_task(small.watch(first, "recorded"))
        await asyncio.to_thread(wait_until, lambda: first.frames > 2, 40, "pictures")
        with pytest.raises(SessionRefusedError) as caught:
            await small.watch(second, "recorded")
        watching.cancel()
    assert caught.value.code == "clip.busy"
    assert host.stop()
    desk.close()
