"""A ring recorded and sealed on the spot, exports of it, and hands to tamper with them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import av
from cryptography import x509

from edge_agent.camera import nal
from edge_agent.camera.packet import EncodedPacket
from edge_agent.clips.evidence.export import export
from edge_agent.clips.evidence.harvest import ExportOrder
from edge_agent.clips.evidence.seals import Seals
from edge_agent.clips.evidence.statement import CLIP, MANIFEST
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.uplink.rows import Signer
from provisioning.authority import Authority
from tests.support.media import START, info_of
from wire.clock import SimulatedClock
from wire.evidence import Statement
from wire.identity import Identity, load_authorities
from wire.topics import DeviceAddress

CAMERA = "yard"
ADDRESS = DeviceAddress("testcity", "00", "pole-001-1")


@dataclass(frozen=True)
class Pole:
    """A box with its ring."""

    folder: Path
    identity: Identity
    clock: SimulatedClock

    @property
    def ring(self) -> Path:
        return self.folder / "ring"

    @property
    def authorities(self) -> list[x509.Certificate]:
        return load_authorities(self.identity.ca_file)

    def record(self, packets: Iterable[EncodedPacket], codec: nal.Codec = "h264") -> None:
        """One run of the agent that records `packets` and ends."""
        packets = tuple(packets)
        signer = Signer(self.identity.name, self.identity.key, ADDRESS.source)
        seals = Seals(self.ring / CAMERA, CAMERA, signer, lambda: "synchronised")
        ring = Ring(self.ring, CAMERA, self.clock, limits=KeepingLimits(1 << 30), seals=seals)
        ring.stream(info_of(packets, codec))
        for packet in packets:
            ring.packet(packet)
        ring.start()
        assert ring.close()

    def export(self, out: Path, from_s: float = 0, to_s: float = 1000) -> Statement:
        """Export from `from_s` to `to_s` after START."""
        return export(
            self.ring,
            ExportOrder(CAMERA, at(from_s), at(to_s), "2026-7", recipient="계양경찰서"),
            out,
            device=self.identity,
            address=ADDRESS,
            software="polewatch test",
            clock=self.clock,
        )


def make_pole(folder: Path) -> Pole:
    """A freshly enrolled box at START."""
    clock = SimulatedClock(START)
    city = Authority.init(folder / "city", "testcity", clock)
    city.issue_device("pole-001")
    return Pole(folder, Identity.load(city.identity("pole-001-1")), clock)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def parts(export_file: Path, folder: Path) -> tuple[Path, Path]:
    """The clip and the manifest of an export, unpacked."""
    with zipfile.ZipFile(export_file) as archive:
        archive.extractall(folder)
    return folder / CLIP, folder / MANIFEST


def packed(clip: Path, manifest: bytes, out: Path) -> Path:
    """An archive of these, as a forger would make it: its own check sums are right."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.write(clip, CLIP)
        archive.writestr(MANIFEST, manifest)
    return out


def remuxed(
    clip: Path,
    out: Path,
    choose: Callable[
        [list[list[av.Packet[av.VideoStream]]]], Sequence[list[av.Packet[av.VideoStream]]]
    ],
    ticks: Callable[[int], int] = lambda pts: pts,
) -> Path:
    """The clip's GOPs as `choose` orders them, remuxed into the container that `out` is called.

    Chosen GOPs follow each other at their own pace; `ticks` maps each picture's time.
    """
    with av.open(str(clip)) as source, av.open(str(out), "w") as target:
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        gops: list[list[av.Packet[av.VideoStream]]] = []
        for packet in source.demux(stream):
            if packet.size:
                if packet.is_keyframe:
                    gops.append([])
                gops[-1].append(packet)
        step = _dts(gops[0][1]) - _dts(gops[0][0])
        due = 0
        for gop in choose(gops):
            # A GOP may be chosen twice: its packets' times are changed only as they are written.
            times = [((one.pts or 0) - _dts(gop[0]), _dts(one) - _dts(gop[0])) for one in gop]
            for packet, (pts, dts) in zip(gop, times, strict=True):
                again = av.Packet(bytes(packet))
                again.pts, again.dts = ticks(pts + due), ticks(dts + due)
                again.time_base, again.is_keyframe = packet.time_base, packet.is_keyframe
                again.stream = copied
                target.mux(again)
            due += times[-1][1] + step
    return out


def _dts(packet: av.Packet[av.VideoStream]) -> int:
    assert packet.dts is not None
    return packet.dts
