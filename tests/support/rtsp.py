"""Real RTSP servers in processes of their own: the demo's camera and GStreamer's server."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from edge_agent.camera.packet import EncodedPacket, PacketSink, StreamInfo
from edge_agent.camera.source import CameraStatus, RtspSource
from polewatch.demo.ports import free_port
from polewatch.demo_data import STREET
from tests.support.wait import wait_until
from wire.clock import SystemClock

GST_CAMERA = Path(__file__).with_name("gst_camera.py")
SYSTEM_PYTHON = "/usr/bin/python3"
READY_TIMEOUT_S = 60.0


class Camera:
    """A server process that prints its URL; `restart` brings it back on the same port."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        # Not one of the kernel's choice, which an outgoing connection may hold at a restart.
        self._port = free_port()
        self.url = ""

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, "--port", str(self._port)], stdout=subprocess.PIPE, text=True
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


class Watcher:
    """A source on a real URL, with all that it says and gives."""

    def __init__(self, url: str, *sinks: PacketSink, patient: bool = False) -> None:
        self.infos: list[StreamInfo] = []
        self.packets: list[EncodedPacket] = []
        self.states: list[CameraStatus] = []
        self._waited = 0
        self.source = RtspSource(
            "yard",
            url,
            SystemClock(),
            [self, *sinks],
            on_state=self.states.append,
            patient=lambda: patient,
        )

    def stream(self, info: StreamInfo) -> None:
        self.infos.append(info)

    def packet(self, packet: EncodedPacket) -> None:
        self.packets.append(packet)

    def wait_packets(self, count: int, timeout_s: float = 60) -> list[EncodedPacket]:
        """The packets so far, at least `count`."""
        wait_until(lambda: len(self.packets) >= count, timeout_s, f"{count} packets")
        return list(self.packets)

    def wait_state(self, state: str, code: str | None, timeout_s: float = 60) -> CameraStatus:
        """The first such state after those that were waited for before, however short it was."""

        def reached() -> CameraStatus | None:
            for number, one in enumerate(self.states[self._waited :], self._waited):
                if (one.state, one.code) == (state, code):
                    self._waited = number + 1
                    return one
            return None

        found = wait_until(reached, timeout_s, f"the camera to be {state} ({code})")
        assert found is not None
        return found


@contextlib.contextmanager
def watching(url: str, *sinks: PacketSink, patient: bool = False) -> Iterator[Watcher]:
    """A running source; its thread must end with the test."""
    watcher = Watcher(url, *sinks, patient=patient)
    watcher.source.start()
    try:
        yield watcher
    finally:
        assert watcher.source.stop()


@contextlib.contextmanager
def recording_proxy(port: int) -> Iterator[tuple[int, bytearray]]:
    """A TCP proxy to 127.0.0.1:`port`; gives its own port and all that clients sent."""
    sent = bytearray()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                both = [self.request, upstream]
                while True:
                    for ready in select.select(both, [], [], 30)[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        if ready is self.request:
                            sent.extend(data)
                        (upstream if ready is self.request else self.request).sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], sent
        finally:
            server.shutdown()
