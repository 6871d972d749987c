"""What the demo counts: taken from what the parts say of themselves, never assumed."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from wire.health import Health

RECENT = 8


class ClipSummary(BaseModel):
    """The clip that the headless viewer pulled."""

    model_config = ConfigDict(frozen=True)

    frames: int
    first_frame_ms: float
    codec: str
    transcoded: bool


class Latency(BaseModel):
    """Milliseconds from the frame's arrival at the agent to the receiver."""

    model_config = ConfigDict(frozen=True)

    p50: float | None
    p99: float | None


class Summary(BaseModel):
    """What `polewatch demo --headless --json FILE` writes."""

    model_config = ConfigDict(frozen=True)

    events: int
    incidents: int
    receipts: int
    deliveries: dict[str, int]
    outbox_depth: int
    clip: ClipSummary | None
    camera_bytes: int
    mqtt_bytes: int
    clip_bytes: int
    event_latency_ms: Latency
    agent_cpu_s_per_s: float
    agent_rss_mb: float


@dataclass(slots=True)
class Books:
    """Receivers' lines and the agent's newest health, by source."""

    health_file: Path
    acknowledged: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=RECENT))
    rss_peak_mb: float = 0.0

    def take_receiver_line(self, agency: str, line: str) -> dict[str, Any] | None:
        """One JSON line of a receiver; returns it when it is a newly acknowledged delivery."""
        try:
            said = json.loads(line)
        except ValueError:
            return None
        if not isinstance(said, dict) or "acknowledged" not in said:
            return None
        mine = self.acknowledged.setdefault(agency, {})
        fresh = said["acknowledged"] not in mine
        mine[said["acknowledged"]] = said
        # Later revisions of a delivery come when a finding goes on; the alarm is the first.
        if fresh:
            self.latencies_ms.append(float(said["latency_ms"]))
            self.recent.appendleft(said)
        return said if fresh else None

    def health(self) -> Health | None:
        """The agent's newest figures; None before the first."""
        try:
            health = Health.model_validate_json(self.health_file.read_bytes())
        except (OSError, ValidationError):
            return None
        self.rss_peak_mb = max(self.rss_peak_mb, health.rss_mb)
        return health

    def deliveries(self) -> dict[str, int]:
        """Distinct deliveries that each agency acknowledged."""
        return {agency: len(said) for agency, said in self.acknowledged.items()}

    def latency(self) -> Latency:
        """Median and 99th percentile by nearest rank; None without a delivery."""
        return Latency(
            p50=_percentile(self.latencies_ms, 50), p99=_percentile(self.latencies_ms, 99)
        )


def summarise(books: Books, health: Health, incidents: int, clip: ClipSummary | None) -> Summary:
    """The books of one run; `health` is what the agent left when it stopped."""
    return Summary(
        events=health.outbox.committed,
        incidents=incidents,
        receipts=health.outbox.receipts,
        deliveries={agency: books.deliveries().get(agency, 0) for agency in ("police", "fire")},
        outbox_depth=health.outbox.depth,
        clip=clip,
        camera_bytes=sum(camera.bytes_received for camera in health.cameras),
        mqtt_bytes=health.mqtt_bytes,
        clip_bytes=health.clip_bytes,
        event_latency_ms=books.latency(),
        agent_cpu_s_per_s=round(health.cpu_s / max(health.uptime_s, 1e-3), 3),
        agent_rss_mb=round(max(books.rss_peak_mb, health.rss_mb), 1),
    )


def _percentile(values: list[float], percent: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    rank = max(0, -(-len(ordered) * percent // 100) - 1)
    return round(ordered[int(rank)], 1)
