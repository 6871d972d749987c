"""What it costs to record: this project's ring beside ffmpeg, which copies to segments too.

Both read the same RTSP cameras, one after the other in one run. The ring also indexes, hashes and
signs what it writes; what each part costs is measured by itself on the same pictures.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from edge_agent.camera import nal
from edge_agent.camera.packet import EncodedPacket
from edge_agent.clips.evidence.seals import Seals
from edge_agent.clips.index import SegmentIndex
from edge_agent.clips.keeping import Keeping, KeepingLimits
from edge_agent.clips.segment import SegmentWriter, open_unbuffered
from edge_agent.uplink.rows import Signer
from polewatch.bench.environment import PeerError
from polewatch.bench.live import Answering, camera, cpu_of
from polewatch.bench.packets import packets_of
from polewatch.bench.ring_recorder import NO_RING
from wire.clock import SystemClock

SIZE = (1920, 1080)
FPS = 25
GOP_S = 2
CLIP_S = 10
BITS_PER_S = 4_000_000
WARM_UP_S = 6.0
"""Connecting and probing are over, and the first segment was finished."""
SEGMENT_S = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds a second of recording, all cameras together."""

    name: str
    cpu_s_per_s: float


@dataclass(frozen=True, slots=True)
class RingBench:
    """Figures of one run."""

    cameras: int
    seconds: float
    mbit_per_s: float
    """Of one camera."""
    pictures: int
    """Written by the ring within the time measured; `expected` is what the cameras sent."""
    expected: int
    cpu_s_per_s: float
    rss_mb: float
    peer: Cost | None
    parts: tuple[Cost, ...]

    @property
    def ratio(self) -> float | None:
        """Of this project's cost to the peer's."""
        return self.cpu_s_per_s / self.peer.cpu_s_per_s if self.peer else None


def measure(cameras: int, seconds: float, *, peer: bool) -> RingBench:
    """Record `cameras` for `seconds` each way; raises PeerError and OSError."""
    with tempfile.TemporaryDirectory(prefix="polewatch-bench-") as name:
        folder = Path(name)
        clip = folder / "camera.mp4"
        make_clip(clip)
        with camera(clip) as url:
            own, told = _own(url, cameras, seconds, str(folder / "own"))
            reading, _ = _own(url, cameras, seconds, NO_RING)
            other = Cost("ffmpeg -c copy -f segment", 0.0) if peer else None
            if other is not None:
                other = Cost(other.name, _ffmpeg(url, cameras, seconds, folder / "peer"))
        packets = list(packets_of(clip))
        return RingBench(
            cameras=cameras,
            seconds=seconds,
            mbit_per_s=sum(len(one.data) for one in packets) * 8 / CLIP_S / 1e6,
            pictures=round(told["pictures"]),
            expected=round(cameras * FPS * told["seconds"]),
            cpu_s_per_s=own,
            rss_mb=told["rss_mb"],
            peer=other,
            parts=(Cost("read the cameras", reading), *_parts(packets, cameras, folder)),
        )


def make_clip(path: Path) -> None:
    """Ten seconds of 1080p25 at 4 Mbit/s: a textured picture that moves, with noise."""
    rng = np.random.default_rng(1)
    width, height = SIZE
    texture = rng.integers(0, 255, (height // 8, width // 8), dtype=np.uint8)
    ground = np.kron(texture, np.ones((8, 8), np.uint8))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = BITS_PER_S
        gop = FPS * GOP_S
        stream.options = {
            "preset": "ultrafast",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:repeat-headers=1"
            f":vbv-maxrate={BITS_PER_S // 1000}:vbv-bufsize={BITS_PER_S // 1000}",
        }
        chroma = np.full((height // 2, width), 128, np.uint8)
        for number in range(FPS * CLIP_S):
            luma = np.roll(ground, number * 2, axis=1)
            luma = luma ^ rng.integers(0, 8, luma.shape, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _own(url: str, cameras: int, seconds: float, folder: str) -> tuple[float, dict[str, float]]:
    process = Answering("polewatch.bench.ring_recorder", [url, str(cameras), folder])
    try:
        time.sleep(WARM_UP_S)
        before = process.ask()
        cost = cpu_of([process.pid], seconds)
        after = process.ask()
    finally:
        process.end()
    told = {key: after[key] - before[key] for key in ("pictures", "seconds")}
    return cost, {**told, "rss_mb": after["rss_mb"]}


def _ffmpeg(url: str, cameras: int, seconds: float, folder: Path) -> float:
    program = shutil.which("ffmpeg")
    if program is None:
        raise PeerError("the peer ffmpeg is not installed: apt install ffmpeg, or use --no-peer")
    processes = []
    try:
        for number in range(cameras):
            out = folder / str(number)
            out.mkdir(parents=True)
            command = [program, "-loglevel", "error", "-nostdin", "-rtsp_transport", "tcp"]
            command += ["-i", url, "-c", "copy", "-f", "segment", "-segment_time", str(SEGMENT_S)]
            command += ["-segment_format", "mpegts", str(out / "%06d.ts")]
            processes.append(subprocess.Popen(command))
        time.sleep(WARM_UP_S)
        cost = cpu_of([process.pid for process in processes], seconds)
        if any(process.poll() is not None for process in processes):
            raise PeerError("ffmpeg ended by itself; see its message above")
        if len(list(folder.rglob("*.ts"))) < cameras:
            raise PeerError("ffmpeg recorded nothing")
        return cost
    finally:
        for process in processes:
            process.kill()
            process.wait(10)


def _parts(packets: list[EncodedPacket], cameras: int, folder: Path) -> Iterator[Cost]:
    """Each part by itself on the same pictures, as fast as it goes."""
    key = OKPKey.import_key(Ed25519PrivateKey.generate())
    signer = Signer("bench", key, "/polewatch/bench/bench")
    index = SegmentIndex(folder / "index.sqlite")
    keeping = Keeping(folder, "bench", index, SystemClock(), KeepingLimits(1 << 40))
    written = []

    def write() -> None:
        writer: SegmentWriter | None = None
        for number, packet in enumerate(packets):
            if number % (SEGMENT_S * FPS) == 0:
                if writer is not None:
                    written.append(writer.close())
                run = f"{len(written):08x}"
                writer = SegmentWriter(folder / "parts", run, "h264", packet, open_unbuffered)
            assert writer is not None
            writer.write(packet)
        if writer is not None:
            written.append(writer.close())

    seals = Seals(folder / "none", "bench", signer, lambda: "synchronised")

    def hashed() -> None:
        for packet in packets:
            seals.add(packet, "h264")
        seals.drop()

    def signed() -> None:
        gop = packets[: FPS * GOP_S]
        for _ in range(CLIP_S // GOP_S):
            for packet in gop[:1]:
                seals.add(packet, "h264")
            seals.seal(folder / "parts.ts", "0badcafe", "h264")

    def indexed() -> None:
        for _ in range(len(written)):
            keeping.make_room()
        index.add(written)
        written.clear()

    def split() -> None:
        for packet in packets:
            nal.split(packet.data)

    for name, part in (
        ("write segments", write),
        ("index and evict", indexed),
        ("hash pictures", hashed),
        ("sign GOPs", signed),
        ("split NAL units once", split),
    ):
        yield Cost(name, _cpu(part) / CLIP_S * cameras)
    index.close()


def _cpu(part: Callable[[], None]) -> float:
    began = time.process_time()
    part()
    return time.process_time() - began
