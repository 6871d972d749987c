"""Speed, recording and a viewing session, each failing and passing; cameras in tests/system."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from edge_agent.checks import video
from edge_agent.checks.sample import Sampler, small_stream
from edge_agent.clips.segment import Opener
from provisioning.authority import Authority
from tests.edge_agent.checks.settings import pole_settings
from wire.clock import SimulatedClock, SystemClock


@pytest.fixture
def city(tmp_path: Path) -> Authority:
    return Authority.init(tmp_path / "authority", "city")


def test_decoding_fits_the_cores_or_not() -> None:
    calm = small_stream(SimulatedClock())
    assert calm.fps == pytest.approx(10)
    result = video.check_decoder({"cam-1": calm}, cores=1)
    assert result.ok, result.detail
    assert "ms a picture of cam-1" in result.detail
    # One tick from picture to picture: 90,000 a second.
    rushed = small_stream(SimulatedClock())
    rushed.packets = [
        type(packet)(
            packet.data, number, number, packet.keyframe, packet.received_mono_s, packet.received_at
        )
        for number, packet in enumerate(rushed.packets)
    ]
    assert video.check_decoder({"cam-1": rushed}, cores=1).code == "decoder.slow"


def test_without_pictures_decoding_cannot_be_judged() -> None:
    assert video.check_decoder({"cam-1": Sampler()}, cores=1).code == "check.blocked"


def test_the_detector_keeps_up_with_a_calm_camera_and_not_with_sixty_four(
    city: Authority, tmp_path: Path
) -> None:
    # A picture in twenty seconds: speeds are another test's matter, and this machine may be busy.
    calm = [{"id": "cam-1", "url": "rtsp://127.0.0.1:9/none", "analysis_fps": 0.05}]
    one = video.check_detector(pole_settings(city, tmp_path, cameras=calm), cores=1)
    assert one.ok, one.detail
    cameras = [
        {"id": f"cam-{n}", "url": "rtsp://127.0.0.1:9/none", "analysis_fps": 30} for n in range(64)
    ]
    many = video.check_detector(pole_settings(city, tmp_path, cameras=cameras), cores=1)
    assert (many.code, many.number) == ("detector.slow", "PW-303")
    assert "1920 asked for" in many.detail
    unknown = pole_settings(city, tmp_path, model="no-such-model")
    assert video.check_detector(unknown, cores=1).code == "model.missing"


def test_what_is_recorded_reads_back(tmp_path: Path) -> None:
    result = video.check_recording(tmp_path / "data", SystemClock())
    assert result.ok, result.detail
    assert list((tmp_path / "data").iterdir()) == [], "it leaves something behind"


def full_disk(path: Path) -> object:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_a_disk_that_fails_while_recording(tmp_path: Path) -> None:
    opener: Opener = full_disk  # type: ignore[assignment]  # never gives a file
    assert video.check_recording(tmp_path / "a", SystemClock(), opener).code == "disk.full"
    (tmp_path / "file").touch()
    assert video.check_recording(tmp_path / "file", SystemClock()).code == "disk.read-only"


def test_pictures_that_do_not_read_back_equal(tmp_path: Path) -> None:
    written = small_stream(SimulatedClock())
    other = small_stream(SimulatedClock(), pictures=40)
    result = video.read_back(tmp_path, other, SystemClock())
    assert result.code == "ring.unreadable"
    assert f"0 of {len(written.packets) * 2}" in result.detail


def test_a_session_on_this_box_brings_a_picture() -> None:
    result = video.check_session(SystemClock())
    assert result.ok, result.detail
    assert "first picture after" in result.detail


def test_a_session_that_takes_too_long() -> None:
    result = video.check_session(SystemClock(), timeout_s=0.001)
    assert (result.code, result.number) == ("whep.failed", "PW-821")


def test_a_sampler_begins_at_a_keyframe_and_ends_when_full() -> None:
    stream = small_stream(SimulatedClock(), pictures=80)
    sampler = Sampler(full=threading.Event())
    for packet in stream.packets[3:]:
        sampler.packet(packet)
    assert sampler.packets[0].keyframe
    assert len(sampler.packets) == 50
    assert sampler.full.is_set()
