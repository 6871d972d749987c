"""The health page's JSON: boxes, cameras, the centre, and what ails them with its remedy. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from collector.console.view import Json, camera
from collector.store.delivery_health import DeliveryHealth
from collector.store.rows import CameraRow, DeviceRow
from wire.codes import fault
from wire.names import utc_text

SOON = timedelta(days=30)
"""A certificate that ends within that is shown as one to renew."""
LITTLE_DISK_MB = 1024.0
"""Of a box's or the centre's; below it the page says so."""
SILENT = timedelta(minutes=2)
"""A box that is online and tells no figures for so long is noted."""

NOTES = ("never", "certificate", "missing", "silent", "disk")
"""What is noted of a box beside its faults; the page's words are `healthnote.…`."""


def device(
    row: DeviceRow, cameras: Iterable[CameraRow], ends: datetime | None, now: datetime
) -> Json:
    """One box. `faults`: codes, worst first; `notes`: what is no fault yet."""
    mine = list(cameras)
    health = row.health
    return {
        "device": row.device,
        "online": row.online,
        "heard": row.heard_at is not None,
        "since": _time(row.since),
        "version": row.version,
        "reason": row.reason,
        "heard_at": _time(row.heard_at),
        "health_at": _time(row.health_at),
        "cameras": len(mine),
        "cameras_up": sum(one.online and one.state == "up" for one in mine),
        "certificate_ends": _time(ends),
        "missing": row.missing,
        "faults": _faults(row),
        "notes": _notes(row, ends, now),
        "figures": health
        and {
            "uptime_s": health.uptime_s,
            "disk_free_mb": health.disk_free_mb,
            "rss_mb": health.rss_mb,
            "sessions": health.sessions,
            "waiting": health.outbox.depth,
            "lost": health.outbox.lost,
            "oldest_s": health.outbox.oldest_s,
            "clock": health.quality,
            "ring_hours": min((one.ring_hours for one in health.cameras), default=None),
        },
    }


def causes(devices: Iterable[Json], cameras: Iterable[CameraRow]) -> list[Json]:
    """Each fault with its texts and how many boxes and cameras have it; the commonest first."""
    of_boxes = Counter(code for one in devices for code in one["faults"])
    of_cameras = Counter(
        one.code for one in cameras if one.online and one.code is not None and one.state != "up"
    )
    found = []
    for code in {*of_boxes, *of_cameras}:
        known = fault(code)
        found.append(
            {
                "code": code,
                "number": known.number,
                "title": {"ko": known.title_ko, "en": known.title_en},
                "remedy": {"ko": known.remedy_ko, "en": known.remedy_en},
                "devices": of_boxes[code],
                "cameras": of_cameras[code],
            }
        )
    return sorted(found, key=lambda one: (-one["devices"] - one["cameras"], one["code"]))


def ill(cameras: Iterable[CameraRow]) -> list[Json]:
    """Cameras that are not simply up."""
    return [camera(one) for one in cameras if not (one.online and one.state == "up")]


def delivery(one: DeliveryHealth) -> Json:
    """One agency's deliveries over one channel."""
    return {
        "agency": one.agency,
        "channel": one.channel,
        "waiting": one.waiting,
        "failed": one.failed,
        "done": one.done,
        "error": one.error,
    }


def certificates(ends: Mapping[str, datetime], devices: Iterable[str], now: datetime) -> list[Json]:
    """Those of the centre's own services, the first to end first."""
    own = sorted((end, name) for name, end in ends.items() if name not in set(devices))
    return [
        {"name": name, "ends": utc_text(end), "state": certificate_state(end, now)}
        for end, name in own
    ]


def certificate_state(ends: datetime, now: datetime) -> str:
    """`ok`, `soon` or `over`."""
    return "over" if ends <= now else "soon" if ends - now < SOON else "ok"


def _faults(row: DeviceRow) -> list[str]:
    if not row.online:
        # What it told before it went says nothing of now.
        return ["device.offline"] if row.heard_at is not None else []
    return list(row.health.faults) if row.health else []


def _notes(row: DeviceRow, ends: datetime | None, now: datetime) -> list[str]:
    """Which of NOTES hold."""
    found = []
    if row.heard_at is None:
        found.append("never")
    if ends is not None and certificate_state(ends, now) != "ok":
        found.append("certificate")
    if row.missing:
        found.append("missing")
    if row.online and row.health is not None and row.health_at is not None:
        if now - row.health_at > SILENT:
            found.append("silent")
        if row.health.disk_free_mb < LITTLE_DISK_MB:
            found.append("disk")
    return found


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
