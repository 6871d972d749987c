"""Recordings read as a camera's frames: chosen by media time, timed from the first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.recording import Recording, RecordingError
from tests.edge_agent.recordings import HEIGHT, WIDTH, record


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("clip") / "clip.mp4", 3, lambda _: None)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(5, [0.0, 0.2, 0.4, 0.6]), (10, [0.0, 0.1, 0.2, 0.3]), (30, [0.0, 0.1, 0.2, 0.3])],
)
def test_pictures_are_taken_at_the_rate_asked_for_or_the_recordings_own(
    clip: Path, rate: float, expected: list[float]
) -> None:
    with Recording(clip) as recording:
        times = [frame.media_s for frame in recording.frames(rate)]
    assert times[:4] == pytest.approx(expected)
    assert times[-1] == pytest.approx(3.0, abs=0.21)


@pytest.mark.parametrize("rate", [3, 4, 7])
def test_a_rate_that_does_not_divide_the_recordings_is_kept_on_average(
    clip: Path, rate: float
) -> None:
    with Recording(clip) as recording:
        taken = sum(1 for _ in recording.frames(rate))
    assert taken == pytest.approx(3 * rate, abs=1)


def test_pictures_come_as_the_camera_gives_them(clip: Path) -> None:
    with Recording(clip) as recording:
        frame = next(iter(recording.frames(5)))
        assert recording.shape.duration_s == pytest.approx(3.0)
    assert frame.image.shape == (HEIGHT, WIDTH, 3)
    assert frame.image.flags.c_contiguous
    assert frame.image[0, 0].tolist() == pytest.approx([40, 40, 40], abs=4)


def test_wall_times_count_from_the_start_given(clip: Path) -> None:
    start = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    with Recording(clip, start) as recording:
        frames = list(recording.frames(1))
    assert [(frame.received_at - start).total_seconds() for frame in frames] == [0, 1, 2]


def test_a_time_that_neither_caller_nor_file_knows_is_not_known(clip: Path) -> None:
    with Recording(clip) as recording:
        assert recording.started_at is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"nothing\.mp4: there is no such file"):
        Recording(tmp_path / "nothing.mp4")


@pytest.mark.parametrize("content", [b"", b"not a video", b"\x00" * 5000])
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.mp4"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"text\.mp4: not a video"):
        Recording(path)


def test_a_file_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    header = bytes.fromhex(
        "52494646 2c000000 57415645 666d7420 10000000 0100 0100 401f0000 803e0000 0200 1000"
        "64617461 08000000 0000000000000000"
    )
    path.write_bytes(header)
    with pytest.raises(RecordingError, match=r"speech\.wav: holds no video stream"):
        Recording(path)


def test_a_file_with_damage_within_gives_what_can_be_read(tmp_path: Path) -> None:
    whole = record(tmp_path / "whole.mp4", 3, lambda now_s: (0.1 + 0.2 * now_s, 0.8))
    content = bytearray(whole.read_bytes())
    end = content.index(b"moov") - 60
    content[end - 100 : end] = bytes(100)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    with Recording(path) as recording:
        assert 10 <= sum(1 for _ in recording.frames(10)) < 30
        assert recording.damaged > 0
