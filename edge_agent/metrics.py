"""A box's figures in Prometheus' words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import Metric

from wire.exposition import counter, counters, gauge, gauges
from wire.health import CameraHealth, Health

_CAMERA = ("camera",)

_GAUGES: tuple[tuple[str, str, Callable[[CameraHealth], float]], ...] = (
    ("camera_up", "1 while its pictures come.", lambda one: one.state == "up"),
    ("camera_frames_per_second", "Pictures that the camera sends.", lambda one: one.fps),
    ("camera_analysed_per_second", "Pictures that were analysed.", lambda one: one.analysed_fps),
    ("camera_decoded_per_second", "Pictures that were decoded.", lambda one: one.decoded_fps),
    ("camera_idle", "1 while nothing need be decoded.", lambda one: one.gate == "idle"),
    ("camera_tracks", "What is followed in the picture now.", lambda one: one.tracks),
    ("ring_bytes", "Recording on the disk.", lambda one: one.ring_bytes),
    ("ring_budget_bytes", "Disk that it may take.", lambda one: one.ring_budget_bytes),
    ("ring_held_bytes", "Recording under holds.", lambda one: one.ring_held_bytes),
    ("ring_reach_seconds", "How far back it reaches.", lambda one: one.ring_hours * 3600),
)
_COUNTERS: tuple[tuple[str, str, Callable[[CameraHealth], float]], ...] = (
    ("camera_received_bytes_total", "From the camera.", lambda one: one.bytes_received),
    ("camera_wakes_total", "Ends of its idleness.", lambda one: one.gate_wakes),
    ("ring_deleted_bytes_total", "Recording deleted.", lambda one: one.ring_deleted_bytes),
)


def families(health: Health) -> Iterator[Metric]:
    """Each figure of the newest report, under `polewatch_agent_…`."""
    p = "polewatch_agent_"
    yield gauge(f"{p}report_timestamp_seconds", "When they were taken.", health.at.timestamp())
    yield gauge(f"{p}uptime_seconds", "Since the agent started.", health.uptime_s)
    for name, help, of in _GAUGES:
        yield gauges(p + name, help, _CAMERA, (((c.camera,), of(c)) for c in health.cameras))
    for name, help, of in _COUNTERS:
        yield counters(p + name, help, _CAMERA, (((c.camera,), of(c)) for c in health.cameras))
    outbox = health.outbox
    yield gauge(f"{p}outbox_messages", "Waiting for a receipt.", outbox.depth)
    yield gauge(f"{p}outbox_stills", "Pictures that wait.", outbox.stills)
    yield gauge(f"{p}outbox_parked_messages", "Refused, kept to be looked at.", outbox.parked)
    yield gauge(f"{p}outbox_oldest_seconds", "Age of what waits longest.", outbox.oldest_s)
    yield counter(f"{p}outbox_lost_total", "Given up, by loss records.", outbox.lost)
    yield counter(f"{p}outbox_receipts_total", "Messages receipted.", outbox.receipts)
    yield counter(f"{p}mqtt_sent_bytes_total", "On the uplink.", health.mqtt_bytes)
    yield counter(f"{p}clip_sent_bytes_total", "Video to viewers.", health.clip_bytes)
    yield gauge(f"{p}clip_sessions", "Viewers now.", health.sessions)
    yield gauge(f"{p}disk_free_bytes", "Of the disk of `data`.", health.disk_free_mb * 1e6)
    yield counters(
        f"{p}dropped_total",
        "What full queues dropped.",
        ("queue",),
        (((name,), count) for name, count in health.dropped.items()),
    )
    yield counters(
        f"{p}stage_cpu_seconds_total",
        "CPU time by stage.",
        ("stage",),
        (((name,), seconds) for name, seconds in health.stages.items()),
    )
    yield gauges(
        f"{p}watchlist_entries",
        "Plates of a list on this box.",
        ("list",),
        (((one.list_id,), one.entries) for one in health.watchlists),
    )
    yield counter(f"{p}watchlists_refused_total", "Changes refused.", health.watchlists_refused)
    yield gauges(
        f"{p}fault",
        "1 for each fault that stands, by its code.",
        ("code",),
        (((code,), 1) for code in health.faults),
    )
