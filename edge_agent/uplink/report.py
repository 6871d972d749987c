"""From what a pole saw to what it says: findings, camera states and audit entries to the outbox.

Callers never wait: building, encoding and committing happen on a thread of its own behind a
bounded queue. What the queue cannot hold is counted, and named to the collector afterwards.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import structlog

from edge_agent.scene import Box, Finding, Frame, Image
from edge_agent.uplink.earlier import Earlier
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.plate import plate_part
from edge_agent.uplink.still import Still, encode, shrink
from edge_agent.uplink.store import OutboxError
from wire.clock import Clock
from wire.codes import explain
from wire.event import (
    SEVERITY_ORDER,
    AuditEvent,
    BoxParts,
    CameraState,
    ClipPart,
    Event,
    ModelPart,
    Severity,
    StillPart,
    TimeQuality,
    Times,
    TrackPart,
)
from wire.names import WireModel, new_id

WAITING = 64
"""Reports that may wait for the disk; each holds one picture of about 0.7 MB at most."""

REMEMBERED = 4096
"""Findings whose id is remembered from open to close."""

LOST_IDS = 1000
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What a report carries."""

    still_max_bytes: int = 60 * 1024
    still_longest_edge: int = 640
    clip_before_s: float = 5.0
    clip_after_s: float = 10.0


@dataclass(frozen=True, slots=True)
class _Known:
    """A finding that is open: its id and what its first phase said of its times."""

    id: str
    started_at: datetime
    alarm_at: datetime
    quality: TimeQuality


@dataclass
class _Job:
    """One message to be; `picture` is encoded only when its turn comes."""

    kind: str
    severity: Severity
    subject: str | None
    build: Callable[[Still | None], WireModel]
    picture: Image | None = None
    finding_id: str | None = None
    still: Still | None = None
    """One that is encoded already, instead of `picture`."""


@dataclass
class _Lost:
    """What never reached the outbox and is to be told."""

    by_severity: Counter[str] = field(default_factory=Counter)
    finding_ids: list[str] = field(default_factory=list)

    def add(self, job: _Job) -> None:
        self.by_severity[job.severity] += 1
        if job.finding_id and len(self.finding_ids) < LOST_IDS:
            self.finding_ids.append(job.finding_id)


class Reporter:
    """Thread-safe; `start` once, `close` once."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        *,
        boot_id: str,
        quality: Callable[[], TimeQuality],
        settings: ReportSettings | None = None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._boot_id = boot_id
        self._quality = quality
        self._settings = settings or ReportSettings()
        self._known: OrderedDict[tuple[str, str, str], _Known] = OrderedDict()
        self._shrunk: tuple[Frame, Image] | None = None
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._busy = False
        self._lost = _Lost()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)
        self.dropped = 0
        """Reports that never reached the outbox, since start."""
        self.fault: str | None = None
        """Why nothing can be committed at the moment, as a code of wire.codes."""

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Commit what waits, within `timeout_s`; the outbox stays open."""
        self.flush(timeout_s)
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        with self._changed:
            if self._jobs:
                log.error("report.abandoned", reports=len(self._jobs))

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is committed; false when that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs and not self._busy, timeout_s)

    # --- what may be said ---------------------------------------------------------------------

    def finding(
        self,
        finding: Finding,
        frame: Frame,
        *,
        model: ModelPart | None = None,
        drill: bool = False,
        earlier: Sequence[Earlier] = (),
    ) -> str:
        """Report one phase of a finding; `frame` is the one behind it. Returns the finding's id.

        An opening carries a still, of a plate the picture that it was read best in; each of the
        `earlier` pictures follows with an update of its own. Never blocks on the disk. Raises
        ValueError for a plate that is on no list: such a read never leaves.
        """
        plate = None if finding.plate is None else plate_part(finding.plate)
        quality = self._quality()
        known = self._remember(finding, frame, quality)
        severity = _severity(finding.severity)
        times = Times(
            started_at=known.started_at,
            alarm_at=known.alarm_at,
            ended_at=None if finding.end_s is None else _wall(frame, finding.end_s),
            observed_at=frame.received_at,
            quality=quality,
            boot_id=self._boot_id,
            monotonic_s=frame.received_mono_s,
            media_start_s=finding.start_s,
            media_alarm_s=finding.alarm_s,
            media_end_s=finding.end_s,
        )

        def build(still: Still | None, of: Earlier | None = None) -> Event:
            return Event(
                finding_id=known.id,
                phase=finding.phase if of is None else "update",
                type=finding.type,
                detail=finding.detail,
                rule=finding.rule,
                camera=frame.camera,
                zone=finding.zone,
                severity=severity,
                confidence=_fraction(finding.confidence),
                times=times,
                tracks=tuple(
                    TrackPart(
                        id=track.id,
                        label=track.label,
                        confidence=_fraction(track.confidence),
                        box=_box(track.box),
                    )
                    for track in finding.tracks[:200]
                ),
                box=None if finding.box is None else _box(finding.box),
                model=model,
                still=None if still is None else _still_part(still),
                shows=None if of is None else of.shows,
                still_at=None if of is None else _wall(frame, of.media_s),
                clip=self._clip(frame.camera, times),
                plate=plate,
                drill=drill,
            )

        picture = None
        if finding.phase == "open":
            picture = self._picture(frame) if finding.plate is None else finding.plate.picture
        self._submit(_Job("finding", severity, frame.camera, build, picture, known.id))
        for one in earlier:
            told = partial(build, of=one)
            self._submit(_Job("finding", severity, frame.camera, told, None, known.id, one.still))
        return known.id

    def pressed(self, bell: str, camera: str) -> None:
        """Somebody rings an emergency bell near a camera: a call for help, without a picture."""
        now, finding_id = self._clock.now(), new_id()
        at_s = self._clock.monotonic()
        quality = self._quality()

        def told(phase: Literal["open", "close"]) -> Event:
            times = Times(
                started_at=now,
                alarm_at=now,
                ended_at=now if phase == "close" else None,
                observed_at=now,
                quality=quality,
                boot_id=self._boot_id,
                monotonic_s=at_s,
                media_start_s=0.0,
                media_alarm_s=0.0,
            )
            return Event(
                finding_id=finding_id,
                phase=phase,
                type="sos",
                detail="bell",
                rule=bell,
                camera=camera,
                severity="severe",
                confidence=1.0,
                times=times,
                clip=self._clip(camera, times),
            )

        for phase in ("open", "close"):
            event = told(phase)
            job = _Job("finding", "severe", camera, lambda _still, event=event: event)  # type: ignore[misc]  # a default holds the loop's value
            job.finding_id = finding_id
            self._submit(job)

    def camera(
        self,
        camera: str,
        state: Literal["up", "degraded", "down"],
        code: str | None = None,
        message: str | None = None,
    ) -> None:
        """Report that a camera's state changed."""
        body = CameraState(
            camera=camera,
            state=state,
            code=code,
            message=None if message is None else message[:500],
            at=self._clock.now(),
            quality=self._quality(),
        )
        self._submit(_Job("camera", "moderate", camera, lambda _: body))

    def audit(self, action: str, **fields: Any) -> None:
        """Report an AuditEvent of these fields; time and its quality are put in here.

        Raises pydantic.ValidationError when it is none.
        """
        body = AuditEvent.model_validate(
            {"action": action, "at": self._clock.now(), "quality": self._quality(), **fields}
        )
        self._submit(_Job("audit", "moderate", body.camera, lambda _: body))

    # --- building -----------------------------------------------------------------------------

    def _remember(self, finding: Finding, frame: Frame, quality: TimeQuality) -> _Known:
        key = (frame.camera, finding.rule, finding.key)
        with self._changed:
            known = self._known.get(key)
            # A clock that was set right since the opening tells the times better.
            better = known and known.quality == "unsynchronised" and quality == "synchronised"
            if known is None or better:
                known = _Known(
                    known.id if known else new_id(),
                    _wall(frame, finding.start_s),
                    _wall(frame, finding.alarm_s),
                    quality,
                )
            self._known[key] = known
            self._known.move_to_end(key)
            if finding.phase == "close":
                del self._known[key]
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return known

    def _picture(self, frame: Frame) -> Image:
        with self._changed:
            if self._shrunk is None or self._shrunk[0] is not frame:
                self._shrunk = (frame, shrink(frame.image, self._settings.still_longest_edge))
            return self._shrunk[1]

    def _clip(self, camera: str, times: Times) -> ClipPart:
        return ClipPart(
            camera=camera,
            start_at=times.started_at - timedelta(seconds=self._settings.clip_before_s),
            end_at=(times.ended_at or times.alarm_at)
            + timedelta(seconds=self._settings.clip_after_s),
        )

    # --- the thread ---------------------------------------------------------------------------

    def _submit(self, job: _Job) -> None:
        with self._changed:
            self._jobs.append(job)
            if len(self._jobs) > WAITING:
                # The least severe, and of these the oldest, has to make room.
                out = min(self._jobs, key=lambda waiting: SEVERITY_ORDER.index(waiting.severity))
                self._jobs.remove(out)
                self._drop(out)
            self._changed.notify_all()

    def _drop(self, job: _Job) -> None:
        self.dropped += 1
        self._lost.add(job)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._jobs or self._stop.is_set())
                if not self._jobs:
                    return
                job = self._jobs.popleft()
                self._busy = True
            try:
                self._commit(job)
            except OutboxError as error:
                if not self._again(job, error):
                    continue
                if self._clock.wait(self._stop, pause_s):
                    return
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            except Exception:
                # One report that cannot be built must not end all reporting.
                log.exception("report.failed", kind=job.kind)
                with self._changed:
                    self._drop(job)
            else:
                pause_s = FIRST_PAUSE_S
                if self.fault is not None:
                    log.info("report.resumed", after=self.fault)
                self.fault = None
                self._tell_lost()

    def _commit(self, job: _Job) -> None:
        still = job.still
        if job.picture is not None:
            still = encode(job.picture, self._settings.still_max_bytes)
        self._outbox.put(
            job.kind,
            job.build(still),
            severity=job.severity,
            subject=job.subject,
            still=None if still is None else still.jpeg,
        )

    def _again(self, job: _Job, error: OutboxError) -> bool:
        if self.fault != error.code:
            log.error(
                "report.cannot_commit",
                code=error.code,
                detail=error.detail,
                remedy=explain(error.code),
            )
        self.fault = error.code
        with self._changed:
            if error.retryable:
                self._jobs.appendleft(job)
            else:
                self._drop(job)
        return error.retryable

    def _tell_lost(self) -> None:
        with self._changed:
            lost, self._lost = self._lost, _Lost()
        if not lost.by_severity:
            return
        try:
            self._outbox.put_unstored(dict(lost.by_severity), lost.finding_ids, "queue")
        except OutboxError:
            with self._changed:
                self._lost.by_severity.update(lost.by_severity)
                self._lost.finding_ids = (lost.finding_ids + self._lost.finding_ids)[:LOST_IDS]


def _wall(frame: Frame, media_s: float) -> datetime:
    """The wall time of a moment on the frame's media time line."""
    return frame.received_at - timedelta(seconds=frame.media_s - media_s)


def _severity(text: str) -> Severity:
    return next((known for known in SEVERITY_ORDER if known == text), "moderate")


def _fraction(value: float) -> float:
    return min(1.0, max(0.0, value))


def _box(box: Box) -> BoxParts:
    """The part of the box that lies in the picture."""
    x, y = _fraction(box.x), _fraction(box.y)
    return BoxParts(x=x, y=y, w=_fraction(box.right) - x, h=_fraction(box.bottom) - y)


def _still_part(still: Still) -> StillPart:
    return StillPart(
        sha256=still.sha256, bytes=len(still.jpeg), width=still.width, height=still.height
    )
