"""Real RTSP servers in processes of their own: the demo's camera and GStreamer's server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from polewatch.demo_data import STREET

GST_CAMERA = Path(__file__).with_name("gst_camera.py")
SYSTEM_PYTHON = "/usr/bin/python3"
READY_TIMEOUT_S = 20.0


class Camera:
    """A server process that prints its URL; `restart` brings it back on the same port."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, "--port", self._port], stdout=subprocess.PIPE, text=True
        )
        self.url = _first_line(self._process)

    def stop(self) -> None:
        """End it; a server that ignores SIGTERM for 10 s is killed and fails the test."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()

    @property
    def _port(self) -> str:
        return self.url.split("127.0.0.1:")[1].split("/")[0] if self.url else "0"

    def with_login(self, user: str, password: str) -> str:
        """Its URL with credentials."""
        return self.url.replace("rtsp://", f"rtsp://{user}:{password}@")


@contextlib.contextmanager
def demo_camera(file: Path = STREET) -> Iterator[Camera]:
    """The demo's own camera (aio-rtsp-toolkit) playing `file`."""
    with _running(Camera([sys.executable, "-m", "polewatch.rtsp", "--file", str(file)])) as camera:
        yield camera


@contextlib.contextmanager
def gst_camera(*options: str) -> Iterator[Camera]:
    """GStreamer's RTSP server; options as in gst_camera.py."""
    with _running(Camera([SYSTEM_PYTHON, str(GST_CAMERA), *options])) as camera:
        yield camera


@contextlib.contextmanager
def _running(camera: Camera) -> Iterator[Camera]:
    camera.start()
    try:
        yield camera
    finally:
        camera.stop()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    timer = threading.Timer(READY_TIMEOUT_S, process.kill)
    timer.start()
    try:
        line = process.stdout.readline().strip()
    finally:
        timer.cancel()
    assert line.startswith("rtsp://"), f"{process.args!r} did not start"
    return line
