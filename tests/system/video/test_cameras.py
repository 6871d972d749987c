"""The camera reader against real RTSP servers: what works, what fails, and how it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from edge_agent.camera.decoder import FrameDecoder
from edge_agent.camera.packet import EncodedPacket, StreamInfo
from edge_agent.camera.source import RETRY_LIMIT_S
from edge_agent.clips.access_unit import identity
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.scene import Frame
from polewatch.demo_data import STREET
from tests.support.rtsp import demo_camera, gst_camera, recording_proxy, watching
from tests.support.wait import wait_until
from wire.clock import SystemClock

OUTAGE_S = 10.0
AIR_S = 2.0
"""How late a busy machine may hand over a packet: arrivals are compared with media times."""


def _identities(file: Path) -> list[str]:
    """Of each access unit in an MP4 file, made Annex B as RTSP sends them."""
    found = []
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        to_annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            if packet.size:
                found += [identity(bytes(one)) for one in to_annex_b.filter(packet)]
    return found


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    made = Ring(tmp_path, "yard", SystemClock(), limits=KeepingLimits(1 << 30))
    made.start()
    yield made
    made.close()


def test_the_demo_camera_s_bytes_arrive_unchanged_at_its_own_speed() -> None:
    with demo_camera() as camera, watching(camera.url) as watcher:
        packets = watcher.wait_packets(50)
    assert [identity(one.data) for one in packets] == _identities(STREET)[: len(packets)]
    assert [one.dts_90k for one in packets] == [9000 * i for i in range(len(packets))]
    assert [one.keyframe for one in packets] == [i % 10 == 0 for i in range(len(packets))]
    took = packets[-1].received_mono_s - packets[0].received_mono_s
    assert took == pytest.approx((len(packets) - 1) / 10, abs=AIR_S)
    assert watcher.infos[0].width == 768
    assert watcher.infos[0].height == 576
    assert watcher.infos[0].fps == 10
    assert [(status.state, status.code) for status in watcher.states] == [("up", None)]


class _Handed:
    """When each packet was handed on."""

    def __init__(self) -> None:
        self.at_s: list[float] = []

    def stream(self, info: StreamInfo) -> None:
        pass

    def packet(self, packet: EncodedPacket) -> None:
        self.at_s.append(time.monotonic())


def test_what_nobody_waits_for_comes_in_pairs_and_none_is_lost() -> None:
    handed = _Handed()
    with demo_camera() as camera, watching(camera.url, handed, patient=True) as watcher:
        packets = watcher.wait_packets(60)
    assert [identity(one.data) for one in packets] == _identities(STREET)[: len(packets)]
    assert [one.dts_90k for one in packets] == [9000 * i for i in range(len(packets))]
    came = [one.received_mono_s for one in packets]
    assert all(a < b for a, b in pairwise(came))
    assert all(a <= b for a, b in zip(came, handed.at_s, strict=False))
    behind = sum(b - a < 0.02 for a, b in pairwise(handed.at_s))
    assert behind > 15, "of ten pictures a second every other one lay there when its turn came"
    apart = sum(b - a > 0.05 for a, b in pairwise(came))
    assert apart > 45, "what lay there is dated back to when it came"


def test_the_demo_camera_loops_on_one_time_line(tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    _first_seconds(STREET, short, 2)
    with demo_camera(short) as camera, watching(camera.url) as watcher:
        packets = watcher.wait_packets(50)
    once = _identities(short)
    assert [identity(one.data) for one in packets] == (once * 3)[: len(packets)]
    assert [one.dts_90k for one in packets] == [9000 * i for i in range(len(packets))]


def _first_seconds(source: Path, target: Path, seconds: int) -> None:
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = given.streams.video[0]
        copy = made.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.dts is not None and packet.dts * packet.time_base < seconds:
                packet.stream = copy
                made.mux(packet)


def test_the_reader_recovers_from_a_camera_that_was_off(ring: Ring) -> None:
    with demo_camera() as camera, watching(camera.url, ring) as watcher:
        watcher.wait_packets(15)
        camera.stop()
        watcher.wait_state("down", "camera.stalled")
        off_at = time.monotonic()
        watcher.wait_state("down", "camera.unreachable")
        before = len(watcher.packets)
        # The outage itself is what is tested: this long nobody listens on the port.
        threading.Event().wait(max(0.0, OUTAGE_S - (time.monotonic() - off_at)))
        camera.start()
        watcher.wait_packets(before + 15)
        watcher.wait_state("up", None)
    after = watcher.packets[before]
    gap_s = after.media_s - watcher.packets[before - 1].media_s
    assert after.keyframe
    # The longest pause between two tries, and the camera's own start.
    assert OUTAGE_S <= gap_s <= OUTAGE_S + RETRY_LIMIT_S + 20
    assert gap_s == pytest.approx(
        after.received_mono_s - watcher.packets[before - 1].received_mono_s, abs=AIR_S
    )
    wait_until(lambda: ring.counters.written == len(watcher.packets), 30, "the ring")
    span = ring.span()
    assert span is not None
    assert len(list(ring.read(*span))) == len(watcher.packets)
    assert [(one.state, one.code) for one in watcher.states] == [
        ("up", None),
        ("down", "camera.stalled"),
        ("down", "camera.unreachable"),
        ("up", None),
    ]


def test_a_login_works_and_a_wrong_one_is_told_without_showing_it() -> None:
    with gst_camera("--user", "kim", "--password", "s3cret") as camera:
        with watching(camera.with_login("kim", "s3cret")) as watcher:
            watcher.wait_packets(5)
        for url in (camera.url, camera.with_login("kim", "wr0ng")):
            with watching(url) as watcher:
                status = watcher.wait_state("down", "camera.unauthorized")
            assert "wr0ng" not in f"{status}"
            assert "127.0.0.1" in status.message
            assert "password" in status.remedy


def test_a_wrong_path_is_told() -> None:
    with gst_camera() as camera, watching(camera.url + "x") as watcher:
        watcher.wait_state("down", "camera.not-found")
    with (
        demo_camera() as camera,
        watching(camera.url.replace("street", "alley")) as watcher,
    ):
        watcher.wait_state("down", "camera.not-found")


def test_a_stream_without_video_is_told() -> None:
    with gst_camera("--codec", "sound") as camera, watching(camera.url) as watcher:
        watcher.wait_state("down", "camera.not-video")


def test_a_file_that_is_no_video_is_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.mp4"
    file.write_bytes(b"this is no video" * 1000)
    with demo_camera(file) as camera, watching(camera.url) as watcher:
        watcher.wait_state("down", "camera.not-video")


def test_a_malformed_url_is_told() -> None:
    with watching("http://kim:s3cret@127.0.0.1/x") as watcher:
        status = watcher.wait_state("down", "camera.bad-url")
    assert "s3cret" not in f"{status}"


def test_nobody_there_is_told() -> None:
    with socket.socket() as silent:
        # Bound, so that nobody else can listen there meanwhile.
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with watching(f"rtsp://127.0.0.1:{port}/stream") as watcher:
            watcher.wait_state("down", "camera.unreachable")


def test_a_host_that_accepts_and_never_answers_does_not_hold_the_reader() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/stream"
        with watching(url) as watcher:
            watcher.wait_state("down", "camera.unreachable")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"\x00\xff" * 500, b"RTSP/1.0 "])
def test_a_host_that_speaks_something_else_is_a_fault_not_a_crash(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(1000)
                    client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        url = f"rtsp://127.0.0.1:{server.getsockname()[1]}/stream"
        with watching(url) as watcher:
            wait_until(lambda: watcher.states, 60, "a state")
    assert watcher.states[0].state == "down"
    assert watcher.states[0].code in ("camera.unreachable", "camera.not-video", "camera.stalled")


def test_h265_is_recorded_and_seen_but_marked(ring: Ring) -> None:
    frames: list[Frame] = []
    decoder = FrameDecoder("yard", frames.append)
    decoder.start()
    with gst_camera("--codec", "hevc") as camera, watching(camera.url, ring, decoder) as watcher:
        packets = watcher.wait_packets(25)
        status = watcher.wait_state("degraded", "camera.h265")
        wait_until(lambda: len(frames) >= 5, 40, "decoded pictures")
    assert decoder.stop()
    assert "H.264" in status.remedy
    assert frames[0].image.shape == (120, 160, 3)
    wait_until(lambda: ring.counters.written >= 25, 30, "the ring")
    span = ring.span()
    assert span is not None
    units = list(ring.read(*span))
    assert [unit.data for unit in units[:25]] == [packet.data for packet in packets[:25]]
    assert units[0].codec == "hevc"


def test_b_frames_are_recorded_and_seen_but_marked(ring: Ring) -> None:
    frames: list[Frame] = []
    decoder = FrameDecoder("yard", frames.append)
    decoder.start()
    with (
        gst_camera("--codec", "b-frames") as camera,
        watching(camera.url, ring, decoder) as watcher,
    ):
        watcher.wait_packets(30)
        status = watcher.wait_state("degraded", "camera.b-frames")
        wait_until(lambda: len(frames) >= 5, 40, "decoded pictures")
    assert decoder.stop()
    assert "Baseline" in status.remedy
    assert watcher.infos[-1].has_b_frames
    times = [frame.media_s for frame in frames]
    assert times == sorted(times)
    decoding = [packet.dts_90k for packet in watcher.packets]
    assert decoding == sorted(set(decoding))
    wait_until(lambda: ring.counters.written >= 30, 30, "the ring")
    span = ring.span()
    assert span is not None
    recorded = {unit.identity for unit in ring.read(span[0], span[1] + timedelta(seconds=1))}
    assert {identity(packet.data) for packet in watcher.packets[:30]} <= recorded


def test_a_change_of_resolution_begins_a_new_segment_and_is_seen(
    ring: Ring, tmp_path: Path
) -> None:
    frames: list[Frame] = []
    decoder = FrameDecoder("yard", frames.append)
    decoder.start()
    with (
        gst_camera("--resize-after", "4", "--in-band") as camera,
        watching(camera.url, ring, decoder) as watcher,
    ):
        wait_until(lambda: len(watcher.infos) == 2, 60, "the second resolution")
        wait_until(lambda: frames and frames[-1].image.shape[0] == 240, 40, "larger pictures")
        states = [(status.state, status.code) for status in watcher.states]
    assert decoder.stop()
    assert [(info.width, info.height) for info in watcher.infos] == [(160, 120), (320, 240)]
    assert {frame.image.shape for frame in frames} == {(120, 160, 3), (240, 320, 3)}
    assert {state for state, _ in states} == {"up"}
    assert decoder.errors == 0
    assert ring.close()
    assert len(list(tmp_path.rglob("*.ts"))) == 2


def test_sound_is_refused_before_it_is_set_up() -> None:
    with gst_camera("--with-sound") as camera:
        port = int(camera.url.split(":")[2].split("/")[0])
        with recording_proxy(port) as (proxied, sent):
            with watching(camera.url.replace(str(port), str(proxied))) as watcher:
                watcher.wait_packets(10)
            assert sent.count(b"SETUP ") == 1
            assert sent.count(b"PLAY ") == 1
