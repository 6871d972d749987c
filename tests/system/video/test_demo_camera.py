"""The demo's camera program and the clip it plays."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import av
import psutil
import pytest

from edge_agent.camera import nal
from polewatch.demo_data import STREET
from tests.support.rtsp import demo_camera, watching


def test_the_street_clip_is_what_the_demo_needs() -> None:
    assert STREET.stat().st_size < 6 << 20
    with av.open(str(STREET)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        stream = container.streams.video[0]
        size = (stream.codec_context.width, stream.codec_context.height)
        assert (stream.codec_context.name, size) == ("h264", (768, 576))
        to_annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [one for packet in container.demux(stream) for one in to_annex_b.filter(packet)]
    assert len(packets) == 360
    assert [packet.is_keyframe for packet in packets] == [i % 10 == 0 for i in range(360)]
    assert not any(nal.has_b_slice(nal.split(bytes(packet))) for packet in packets)
    assert 1_000_000 <= STREET.stat().st_size * 8 / 36 <= 1_500_000


def test_it_listens_on_loopback_only_and_ends_with_a_client_still_there() -> None:
    with demo_camera() as camera, watching(camera.url) as watcher:
        watcher.wait_packets(5)
        port = int(camera.url.split(":")[2].split("/")[0])
        listening = {
            one.laddr.ip
            for one in psutil.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
        }
        assert listening == {"127.0.0.1"}
        camera.stop()
        watcher.wait_state("down", "camera.stalled")


def test_more_readers_than_asyncio_has_threads_all_get_it_at_once() -> None:
    """Who came after those had to wait until one of them was through the clip: 36 s."""
    readers = min(32, len(os.sched_getaffinity(0)) + 4) + 1
    with demo_camera() as camera, ExitStack() as stack:
        watchers = [stack.enter_context(watching(camera.url)) for _ in range(readers)]
        for watcher in watchers:
            watcher.wait_packets(5, 25)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "polewatch.rtsp", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("what", ["port", "file"])
def test_a_taken_port_or_missing_file_is_told_with_the_remedy(what: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = (
            _run("--file", str(STREET), "--port", str(port))
            if what == "port"
            else _run("--file", str(tmp_path / "none.mp4"))
        )
    assert ended.returncode == 1
    assert (str(port) if what == "port" else "none.mp4") in ended.stderr
    assert "choose another --port or --file" in ended.stderr
    assert "Traceback" not in ended.stderr
