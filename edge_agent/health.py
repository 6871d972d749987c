"""The box's figures: gathered from the parts, published, and left in a file for `agent top`."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from edge_agent.clips.ring import Ring
from edge_agent.clips.room import Share
from edge_agent.pipeline import CameraPipeline
from edge_agent.plates.list_desk import ListDesk
from edge_agent.stages import costs
from edge_agent.uplink.synchronised import time_quality
from wire.clock import Clock
from wire.facility import FacilityState
from wire.health import CameraHealth, Health, OutboxHealth
from wire.rules import RulesHealth

FILE_NAME = "health.json"
FIGURES_S = 5.0
"""Between two of the book's reports at most: they cost nothing on the box, and rates and the
watchdog rest on them."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Rates:
    """Counters at the last look, to make rates of them."""

    at: float
    packets: int = 0
    analysed: int = 0
    decoded: int = 0


@dataclass(frozen=True, slots=True)
class WatchedCamera:
    """The parts of one camera that have figures."""

    pipeline: CameraPipeline
    ring: Ring
    width_height: Callable[[], tuple[int, int]]


@dataclass(slots=True)
class HealthBook:
    """Takes stock every few seconds, whether or not anybody is told."""

    boot_id: str
    clock: Clock
    folder: Path
    cameras: Sequence[WatchedCamera]
    shares: Mapping[str, Share]
    """What the disk holds of each camera, as planned newest."""
    outbox: Callable[[], OutboxHealth]
    mqtt_bytes: Callable[[], int]
    clip_bytes: Callable[[], int]
    sessions: Callable[[], int]
    dropped: Callable[[], Mapping[str, int]]
    faults: Callable[[], Sequence[str]]
    lists: ListDesk
    rules: Callable[[str], RulesHealth]
    """Which ones are in force, by camera."""
    facilities: Callable[[], tuple[FacilityState, ...]] = tuple
    every_s: float = FIGURES_S
    _rates: dict[str, _Rates] = field(default_factory=dict)
    _latest: Health | None = None
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock.monotonic()

    @property
    def latest(self) -> Health:
        """The newest report, for the link; taken now when there is none yet."""
        return self._latest or self.report()

    def report(self) -> Health:
        """The figures now, left in the file; rates cover the time since the last report."""
        now = self.clock.monotonic()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        health = Health(
            boot_id=self.boot_id,
            at=self.clock.now(),
            quality=time_quality(),
            monotonic_s=now,
            uptime_s=now - self._started,
            cameras=tuple(self._camera(one, now) for one in self.cameras),
            outbox=self.outbox(),
            mqtt_bytes=self.mqtt_bytes(),
            clip_bytes=self.clip_bytes(),
            sessions=self.sessions(),
            cpu_s=usage.ru_utime + usage.ru_stime,
            stages=dict(costs()),
            rss_mb=_rss_mb(),
            disk_free_mb=shutil.disk_usage(self.folder).free / 1e6,
            dropped=dict(self.dropped()),
            watchlists=self.lists.figures(),
            watchlists_refused=self.lists.refused,
            faults=tuple(self.faults()),
            facilities=self.facilities(),
        )
        self._latest = health
        self._leave(health)
        return health

    def _camera(self, one: WatchedCamera, now: float) -> CameraHealth:
        source, pipeline = one.pipeline.source, one.pipeline
        last = self._rates.get(pipeline.camera) or _Rates(self._started)
        seconds = max(now - last.at, 1e-3)
        fresh = _Rates(now, source.packets, pipeline.lane.served, pipeline.decoder.decoded)
        self._rates[pipeline.camera] = fresh
        status = source.status
        span: tuple[datetime, datetime] | None = one.ring.span()
        sub = pipeline.sub_source
        width, height = one.width_height()
        counters = one.ring.counters
        share = self.shares.get(pipeline.camera)
        gate = pipeline.gate
        return CameraHealth(
            camera=pipeline.camera,
            state="down" if status is None else status.state,
            code=None if status is None else status.code,
            fps=round((fresh.packets - last.packets) / seconds, 2),
            analysed_fps=round((fresh.analysed - last.analysed) / seconds, 2),
            decoded_fps=round((fresh.decoded - last.decoded) / seconds, 2),
            gate="off" if gate is None else gate.reason,
            gate_wakes=0 if gate is None else gate.wakes,
            tracks=pipeline.tracks,
            bytes_received=source.bytes + (sub.bytes if sub else 0),
            width=width,
            height=height,
            ring_start=span[0] if span else None,
            ring_end=span[1] if span else None,
            ring_bytes=counters.bytes_on_disk,
            ring_budget_bytes=share.budget_bytes if share else 0,
            ring_hours=round(share.hours, 2) if share else 0,
            ring_bytes_per_s=round(share.bytes_per_s) if share else 0,
            ring_held_bytes=one.ring.keeping.held_bytes(),
            ring_holds=len(one.ring.keeping.holds()),
            ring_deleted_segments=counters.segments_deleted,
            ring_deleted_bytes=counters.bytes_deleted,
            rules=self.rules(pipeline.camera),
        )

    def _leave(self, health: Health) -> None:
        path = self.folder / FILE_NAME
        fresh = path.with_suffix(".new")
        try:
            fresh.write_text(health.model_dump_json())
            fresh.replace(path)
        except OSError as error:
            # A full disk is reported by the ring and the outbox; this file is only a convenience.
            log.warning("health.file", error=error.strerror)


def _rss_mb() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
