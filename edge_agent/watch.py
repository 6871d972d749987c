"""One camera on the box: its ring, its live tap, its pipeline, and what is reported of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from edge_agent.camera.glimpse import Glimpses
from edge_agent.camera.source import CameraStatus
from edge_agent.clips.event_hold import event_hold
from edge_agent.clips.evidence.seals import Seals
from edge_agent.clips.feeds import LiveTap
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.clips.sources import ClipSource
from edge_agent.config import AgentSettings, CameraSettings
from edge_agent.pipeline import Analysis, CameraPipeline, ReadsPlates, Seen
from edge_agent.ring_keeper import ring_folder
from edge_agent.scene import Finding, Frame
from edge_agent.sight.scheduler import InferenceScheduler
from edge_agent.uplink.earlier import EarlierPictures
from edge_agent.uplink.report import Reporter
from edge_agent.uplink.rows import Signer
from edge_agent.uplink.synchronised import time_quality
from wire.camera_rules import CameraRules
from wire.clock import Clock
from wire.event import ModelPart

FIRST_MEGABYTES = 2_000
"""Of a ring, until the disk is shared out."""

log = structlog.get_logger()


class CameraWatch:
    """`start`, `stop`, `close` once each, in this order. What goes wrong here stays here."""

    def __init__(
        self,
        settings: AgentSettings,
        camera: CameraSettings,
        clock: Clock,
        analysis: Analysis,
        scheduler: InferenceScheduler,
        reporter: Reporter,
        signer: Signer,
        model_of: Callable[[str], ModelPart | None],
        glimpses: Glimpses | None = None,
        plates: ReadsPlates | None = None,
        found: Callable[[str, str], None] = lambda _type, _camera: None,
    ) -> None:
        """`signer` seals what is recorded; events name the model that stands behind their type.
        `found(type, camera)` may switch something, at once.

        `plates` reads those of this camera whenever its rules ask for them.

        Raises SettingsError when the camera's credentials cannot be read.
        """
        self.id = camera.id
        self._reporter = reporter
        self._found = found
        self._model_of = model_of
        self._open: dict[tuple[str, str], Finding] = {}
        self.plates = plates
        self._drill = camera.drill
        self._earlier = EarlierPictures(
            camera, settings.still.max_kilobytes * 1024, settings.still.longest_edge
        )
        self._event_days = settings.ring.event_days
        self.disk_fault: str | None = None
        self.tap = LiveTap()
        self.sub_tap = None if camera.sub_url is None else LiveTap()
        self.ring = Ring(
            ring_folder(settings.data),
            camera.id,
            clock,
            limits=KeepingLimits(
                FIRST_MEGABYTES * 1_000_000,
                timedelta(hours=camera.ring_hours or settings.ring.hours),
                settings.ring.event_share,
                settings.ring.held_share,
            ),
            on_state=self._on_disk,
            seals=Seals(ring_folder(settings.data) / camera.id, camera.id, signer, time_quality),
        )
        self.pipeline = CameraPipeline(
            camera,
            clock,
            analysis,
            scheduler,
            glimpses,
            [self.ring, self.tap],
            [] if self.sub_tap is None else [self.sub_tap],
            self._on_seen,
            self._on_status,
            (lambda: self.tap.followers > 0, lambda: _followers(self.sub_tap) > 0),
        )

    @property
    def clip_source(self) -> ClipSource:
        return ClipSource(self.ring, self.tap, self.sub_tap)

    def size(self) -> tuple[int, int]:
        """Width and height of the main stream in pixels; zeros before it is known."""
        info = self.tap.info
        return (0, 0) if info is None else (info.width, info.height)

    def start(self) -> None:
        self.ring.start()
        self.pipeline.start()

    def stop(self) -> None:
        """End reading and analysing; the ring can still be read."""
        self.pipeline.stop()

    def close(self) -> None:
        """Finish the ring's last segment; nothing may use it afterwards."""
        self.ring.close()

    def watch_for(self, rules: CameraRules, analysis: Analysis) -> None:
        """Go on with other rules from the next frame on; what the old ones have open is closed."""
        self._earlier.watch_for(rules)
        self.pipeline.watch_for(rules, analysis, self._close_open)

    def dropped(self) -> dict[str, int]:
        """What full queues and failures lost, by queue."""
        return {
            f"{self.id}.packets": self.pipeline.decoder.dropped,
            f"{self.id}.frames": self.pipeline.lane.replaced,
            f"{self.id}.decode-errors": self.pipeline.decoder.errors,
            f"{self.id}.analysis-errors": self.pipeline.lane.failed,
            f"{self.id}.ring": self.ring.counters.dropped,
            f"{self.id}.unsealed": self.ring.counters.unsealed,
            f"{self.id}.event-holds": self.ring.counters.events_given_up,
            f"{self.id}.plate-looks": self.pipeline.lane.spare_dropped,
        }

    def _on_seen(self, seen: Seen) -> None:
        self._earlier.note(seen.frame)
        for finding in seen.findings:
            if finding.plate is not None and not finding.plate.hits:
                # On no list: it stands in the diary, and goes nowhere else.
                continue
            self._report(finding, seen.frame)

    def _report(self, finding: Finding, frame: Frame) -> None:
        key = (finding.rule, finding.key)
        if finding.phase == "close":
            self._open.pop(key, None)
        else:
            self._open[key] = finding
            self._found(finding.type, self.id)
        model = self._model_of(finding.type)
        earlier = self._earlier.of(finding) if finding.phase == "open" else ()
        finding_id = self._reporter.finding(
            finding, frame, model=model, drill=self._drill, earlier=earlier
        )
        self.ring.hold_event(
            event_hold(finding_id, finding, frame, timedelta(days=self._event_days))
        )

    def _close_open(self, frame: Frame) -> None:
        for finding in list(self._open.values()):
            ended = replace(finding, phase="close", end_s=max(frame.media_s, finding.alarm_s))
            self._report(ended, frame)

    def _on_status(self, status: CameraStatus) -> None:
        self._reporter.camera(self.id, status.state, status.code, status.message)

    def _on_disk(self, code: str | None, detail: str) -> None:
        self.disk_fault = code
        status = self.pipeline.source.status
        if code is not None:
            self._reporter.camera(self.id, "degraded", code, f"not recording: {detail}")
        elif status is not None:
            self._reporter.camera(self.id, status.state, status.code, "recording again")


def _followers(tap: LiveTap | None) -> int:
    return 0 if tap is None else tap.followers
