"""The bench of sight: what it may not do to the process, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from edge_agent.recording import RecordingError
from polewatch.bench.sight import Row, one_core, tile


def test_the_process_gets_its_cores_back() -> None:
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_a_clip_too_short_to_be_tiled_is_refused_by_name(tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    with av.open(str(short), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
        container.mux(stream.encode(picture))
        container.mux(stream.encode())
    with pytest.raises(RecordingError, match=r"short\.mp4: .* too short to be tiled"):
        tile(short, tmp_path / "tiled.mp4")


def test_times_real_is_video_over_work() -> None:
    assert Row("clip", "way", media_s=80.0, cpu_s=8.0, pictures=400).times_real == 10.0
