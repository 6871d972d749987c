"""What the gate costs in events: the same clip with every picture decoded, and through the gate.

Media time alone passes: an alarm is told when the packet that brought it out has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from edge_agent.camera import nal
from edge_agent.camera.gate import PacketGate
from edge_agent.camera.gated import GatedDecoding
from edge_agent.camera.packet import EncodedPacket
from edge_agent.camera.probe import probe
from edge_agent.pipeline import Analysis
from edge_agent.rules.base import build_rules
from edge_agent.sight.attention import Attention, gate_settings
from edge_agent.sight.camera_sight import camera_sight
from edge_agent.sight.fire import FireNetwork, FireWatch
from edge_agent.sight.posture import Posture
from edge_agent.sight.two_scales import SeesAtSize, TwoScales
from wire.camera_rules import CameraRules

BEFORE_S: Final = 2.0
AFTER_S: Final = 10.0
"""An alarm of the gated watch this much before or after one of the other is the same."""


@dataclass(frozen=True, slots=True)
class Models:
    """What looks at pictures, shared by all watches."""

    detector: SeesAtSize | TwoScales
    posture: Posture | None = None
    fire: FireNetwork | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding that opened."""

    rule: str
    told_s: float
    """Media time of the newest packet when it did."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One clip, watched one way."""

    alarms: tuple[Alarm, ...]
    packets: int
    decoded: int
    analysed: int
    wakes: int
    open_share: float
    """Of the packets, those that found the gate open."""
    reasons: tuple[tuple[str, int], ...]
    """Packets by why the gate was open, or `idle`."""
    last: str
    """The reason at the end."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What of the alarms of one watch came in the other."""

    expected: int
    missed: tuple[Alarm, ...]
    added: tuple[Alarm, ...]
    delays_s: tuple[float, ...]
    """Of those that came: by how much later."""


def watch(
    packets: Sequence[EncodedPacket],
    rules: CameraRules,
    models: Models,
    *,
    gated: bool,
    per_second: float = 5.0,
) -> Watched:
    """Watch a stream that begins with a keyframe. Raises ValueError when that does not decode."""
    codec: nal.Codec = "hevc" if _is_hevc(packets[0].data) else "h264"
    info = probe(codec, packets[0].data)
    if info is None:
        raise ValueError("the stream's first packet is no keyframe that can be decoded")
    fire = FireWatch(models.fire) if models.fire is not None else None
    analysis = Analysis(
        *camera_sight(models.detector),
        build_rules(rules, UTC),
        models.posture,
        fire,
        attention=Attention(rules),
    )
    gate = PacketGate(gate_settings(rules)) if gated else None
    decoding = GatedDecoding("bench", gate, analysis_fps=per_second)
    decoding.stream(info)
    alarms: list[Alarm] = []
    reasons: dict[str, int] = {}
    for packet in packets:
        for taken in decoding.packet(packet):
            seen = analysis.step(taken.frame)
            if gate is not None:
                gate.judged(taken.frame.media_s, busy=seen.busy)
            alarms += [
                Alarm(finding.rule, packet.media_s)
                for finding in seen.findings
                if finding.phase == "open"
            ]
        if gate is not None:
            reasons[gate.reason] = reasons.get(gate.reason, 0) + 1
    idle = reasons.get("idle", 0)
    return Watched(
        tuple(alarms),
        decoding.packets,
        decoding.decoded,
        decoding.delivered,
        0 if gate is None else gate.wakes,
        1 - idle / max(1, len(packets)),
        tuple(sorted(reasons.items())),
        "off" if gate is None else gate.reason,
    )


def compare(plain: Watched, gated: Watched) -> Compared:
    """Each alarm of `plain` with the nearest of the same rule in `gated`, each used once."""
    left = list(gated.alarms)
    missed, delays = [], []
    for alarm in plain.alarms:
        near = [
            one
            for one in left
            if one.rule == alarm.rule and -BEFORE_S <= one.told_s - alarm.told_s <= AFTER_S
        ]
        best = min(near, key=lambda one: abs(one.told_s - alarm.told_s), default=None)
        if best is None:
            missed.append(alarm)
            continue
        left.remove(best)
        delays.append(best.told_s - alarm.told_s)
    return Compared(len(plain.alarms), tuple(missed), tuple(left), tuple(delays))


def _is_hevc(data: bytes) -> bool:
    start = data.find(b"\0\0\1") + 3
    # An H.265 keyframe begins with its VPS (type 32); an H.264 one with SPS or a delimiter.
    return (data[start] >> 1) & 0x3F in (32, 33, 34, 35) and data[start] & 0x1F not in (7, 9)
