"""Shares the disk between the rings, says what fits, and passes on what was deleted."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from edge_agent.clips.index import Deleted, recorded
from edge_agent.clips.ring import INDEX_NAME, Ring
from edge_agent.clips.room import Demand, Disk, Share, room_for_rings, share_out
from edge_agent.clips.segment import from_us
from edge_agent.config import AgentSettings, CameraSettings
from wire.clock import Clock

OTHERS_MB = 500
"""What the box needs beside outbox and diary; `agent check` calls less a full disk."""
TELL_EVERY_S = 86_400.0
EVICTED_AT_ONCE = 2_000
"""By a camera's upkeep, once a minute: about a second."""
NEWS = 0.1
"""A change of what fits by this part is worth a line in the log."""
SHORT = "ring.short"
HELD = "ring.held"

log = structlog.get_logger()


def ring_folder(data: Path) -> Path:
    """Where the rings of all cameras lie."""
    return data / "ring"


def planned(settings: AgentSettings) -> tuple[Share, ...]:
    """What each ring gets on this disk as it is now, from the indexes; raises OSError."""
    known = {
        camera.id: recorded(ring_folder(settings.data) / camera.id / INDEX_NAME)
        for camera in settings.cameras
    }
    return _plan(settings, settings.cameras, known)


def too_short(settings: AgentSettings, shares: Sequence[Share]) -> list[Share]:
    """Rings that reach back less than `ring.least_hours`, or than what they are asked for."""
    least = settings.ring.least_hours
    return [one for one in shares if one.hours < min(least, one.wanted_hours)]


class RingKeeper:
    """`plan` at start and every now and then, on one thread."""

    def __init__(
        self,
        settings: AgentSettings,
        rings: Mapping[str, Ring],
        clock: Clock,
        audit: Callable[..., None],
    ) -> None:
        """`audit(action, **fields)` reports an AuditEvent."""
        self._settings = settings
        self._rings = rings
        self._clock = clock
        self._audit = audit
        self._said: dict[str, float] = {}
        self._tell_due_s = clock.monotonic()
        self.shares: dict[str, Share] = {}

    def plan(self) -> None:
        """Size the rings anew; what a full disk leaves them is theirs from the next segment on."""
        cameras = [camera for camera in self._settings.cameras if camera.id in self._rings]
        if not cameras:
            return
        try:
            known = {camera.id: self._rings[camera.id].measured() for camera in cameras}
            shares = _plan(self._settings, cameras, known)
        except (OSError, sqlite3.Error) as error:
            log.error("ring.disk", folder=str(self._settings.data), error=str(error))
            return
        for share in shares:
            self._rings[share.camera].keeping.budget_bytes = share.budget_bytes
            self.shares[share.camera] = share
            said = self._said.get(share.camera, 0.0)
            if abs(share.hours - said) > NEWS * max(share.hours, said):
                self._said[share.camera] = share.hours
                log.info("ring.fits", camera=share.camera, detail=str(share))

    def enforce(self) -> None:
        """Delete what is too old, though a camera that is down records nothing any more.

        And compare one more day of each ring's files with its index.
        """
        for camera, ring in self._rings.items():
            try:
                ring.mend_next()
                ring.keeping.make_room(most=EVICTED_AT_ONCE)
            except (OSError, sqlite3.Error) as error:
                log.error("ring.upkeep", camera=camera, error=str(error))

    def tell_deleted(self) -> None:
        """Report once a day what was deleted."""
        now_s = self._clock.monotonic()
        if now_s < self._tell_due_s:
            return
        self._tell_due_s = now_s + TELL_EVERY_S
        for camera, ring in self._rings.items():
            ring.tell_deleted(lambda deleted, camera=camera: self._tell(camera, deleted))  # type: ignore[misc]  # mypy infers no default lambdas

    def faults(self) -> set[str]:
        """Codes of wire.codes."""
        found = {SHORT} if too_short(self._settings, list(self.shares.values())) else set()
        if any(ring.keeping.short_of_room for ring in self._rings.values()):
            found.add(HELD)
        return found

    def _tell(self, camera: str, deleted: Deleted) -> None:
        fields: dict[str, Any] = {
            "camera": camera,
            "start_at": from_us(deleted.from_us),
            "end_at": from_us(deleted.to_us),
            "segments": deleted.segments,
            "bytes": deleted.bytes,
        }
        self._audit("recording.deleted", **fields)


def _plan(
    settings: AgentSettings,
    cameras: Sequence[CameraSettings],
    known: Mapping[str, tuple[int, float | None]],
) -> tuple[Share, ...]:
    """`known`: bytes on disk and rate of each camera's ring."""
    usage = shutil.disk_usage(settings.data)
    reserve_mb = settings.outbox.megabytes + settings.plates.diary_megabytes + OTHERS_MB
    disk = Disk(usage.total, usage.free, sum(size for size, _ in known.values()))
    room = room_for_rings(
        disk, share=settings.ring.disk_share, reserve_bytes=reserve_mb * 1_000_000
    )
    demands = [
        Demand(camera.id, camera.ring_hours or settings.ring.hours, known[camera.id][1])
        for camera in cameras
    ]
    most = settings.ring.megabytes
    return share_out(room, demands, None if most is None else most * 1_000_000)
