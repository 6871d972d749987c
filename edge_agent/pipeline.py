"""The stages of one camera, in order: source → ring, decoder → detector → tracker → rules → report.

The reader's thread feeds the ring and the decoder; the decoder leaves its newest frame in the
camera's lane of the shared inference: slow analysis costs frames, never packets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from edge_agent.camera.decoder import FrameDecoder
from edge_agent.camera.gate import PacketGate
from edge_agent.camera.glimpse import Glimpses
from edge_agent.camera.packet import PacketSink
from edge_agent.camera.source import CameraStatus, RtspSource
from edge_agent.config import CameraSettings, stream_url
from edge_agent.rules.base import Rule, wants_still_objects, wants_tamper
from edge_agent.rules.plate import Plate
from edge_agent.scene import (
    NO_CLOSER_LOOK,
    CloserLook,
    Detection,
    Finding,
    FireRegion,
    Frame,
    Image,
    Passage,
    Sighting,
    Track,
)
from edge_agent.sight.attention import Attention, gate_settings
from edge_agent.sight.scheduler import InferenceScheduler
from edge_agent.sight.still_objects import StillObjects
from edge_agent.sight.tamper import TamperWatch
from edge_agent.stages import stage
from wire.camera_rules import CameraRules
from wire.clock import Clock

log = structlog.get_logger()


class Sees(Protocol):
    """A detector, as the analysis needs it."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Detections in `(H, W, 3)` uint8 BGR, boxes in fractions of the frame."""
        ...


class Follows(Protocol):
    """A tracker, as the analysis needs it."""

    def update(
        self, detections: Sequence[Detection], media_s: float, image: Image
    ) -> tuple[Track, ...]:
        """Tracks after the frame `image` (`(H, W, 3)` uint8 BGR) at `media_s`."""
        ...


class LooksCloser(Protocol):
    """What answers the rules' questions about parts of a frame, as the analysis needs it."""

    def at(self, image: Image) -> CloserLook:
        """A closer look at `image` (`(H, W, 3)` uint8 BGR), valid for this frame's rules."""
        ...


class WatchesFire(Protocol):
    """What tells where a picture may burn or smoke, as the analysis needs it."""

    def update(self, image: Image, media_s: float) -> tuple[FireRegion, ...]:
        """What may burn or smoke in `image` (`(H, W, 3)` uint8 BGR) at `media_s`."""
        ...


class ReadsPlates(Protocol):
    """What reads the plates of tracked vehicles, as the analysis needs it."""

    def update(
        self, frame: Frame, tracks: Sequence[Track], detections: Sequence[Detection]
    ) -> tuple[Passage, ...]:
        """Passages that were read since the last frame, of `tracks` and of vehicles among
        `detections` that are seen too faintly for one."""
        ...

    def finish(self) -> tuple[Passage, ...]:
        """The same when a recording has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What one frame gave."""

    frame: Frame
    tracks: tuple[Track, ...]
    findings: tuple[Finding, ...]
    busy: bool = True
    """Whether there is something to be watched, so that every picture is wanted."""


class Analysis:
    """Detector, tracker and rules of one camera; the same for live streams and recordings."""

    def __init__(
        self,
        detector: Sees,
        tracker: Follows,
        rules: Sequence[Rule],
        closer: LooksCloser | None = None,
        fire: WatchesFire | None = None,
        plates: ReadsPlates | None = None,
        attention: Attention | None = None,
    ) -> None:
        """Without `attention` there always is something to be watched.

        Without `closer`, rules that ask for a closer look get none and decide by boxes. Without
        `fire`, nothing burns for the rules, and without `plates` none is read; these three
        remember, so that each camera needs its own.
        """
        self._detector = detector
        self._tracker = tracker
        self._rules = tuple(rules)
        self._closer = closer
        self._still = StillObjects() if wants_still_objects(self._rules) else None
        self._tamper = TamperWatch() if wants_tamper(self._rules) else None
        self._fire = fire
        self._plates = plates
        self._attention = attention

    def asking(
        self,
        rules: Sequence[Rule],
        closer: LooksCloser | None = None,
        fire: WatchesFire | None = None,
        plates: ReadsPlates | None = None,
        attention: Attention | None = None,
    ) -> Analysis:
        """The same camera watched for other rules: what it has seen so far is not forgotten.

        `fire` is taken only when nothing looked for fire before.
        """
        if fire is not None and self._fire is not None:
            fire = self._fire
        other = Analysis(self._detector, self._tracker, rules, closer, fire, plates, attention)
        if other._still is not None and self._still is not None:
            other._still = self._still
        if other._tamper is not None and self._tamper is not None:
            other._tamper = self._tamper
        return other

    def step(self, frame: Frame, wall: datetime | None = None) -> Seen:
        """Analyse one frame; `wall` is the time that schedules see, else the frame's arrival."""
        image, media_s = frame.image, frame.media_s
        with stage("detect"):
            detections = self._detector.detect(image)
        with stage("track"):
            tracks = self._tracker.update(detections, media_s, image)
        with stage("plates"):
            passages = (
                () if self._plates is None else self._plates.update(frame, tracks, detections)
            )
        with stage("rules"):
            height, width = image.shape[:2]
            still, fire, tamper = self._still, self._fire, self._tamper
            sighting = Sighting(
                media_s=media_s,
                wall=frame.received_at if wall is None else wall,
                tracks=tracks,
                detections=detections,
                aspect=width / height,
                look=NO_CLOSER_LOOK if self._closer is None else self._closer.at(image),
                still_objects=() if still is None else still.update(image, media_s),
                burning=() if fire is None else fire.update(image, media_s),
                passages=passages,
                tamper=None if tamper is None else tamper.update(image, media_s),
            )
            findings = tuple(finding for rule in self._rules for finding in rule.update(sighting))
        attention = self._attention
        busy = attention is None or attention.update(sighting, findings)
        return Seen(frame, tracks, findings, busy)

    def finish(self, frame: Frame, wall: datetime | None = None) -> Seen:
        """A recording ended with `frame`: what can still be said of plates that were in sight."""
        passages = () if self._plates is None else self._plates.finish()
        sighting = Sighting(frame.media_s, wall or frame.received_at, passages=passages)
        about = [rule for rule in self._rules if isinstance(rule, Plate)] if passages else []
        return Seen(frame, (), tuple(said for rule in about for said in rule.update(sighting)))


def _never() -> bool:
    return False


class CameraPipeline:
    """One camera's threads; `start` once, `stop` once. A failing stage never ends the agent."""

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock,
        analysis: Analysis,
        scheduler: InferenceScheduler,
        glimpses: Glimpses | None,
        sinks: Sequence[PacketSink],
        sub_sinks: Sequence[PacketSink],
        on_seen: Callable[[Seen], None],
        on_state: Callable[[CameraStatus], None],
        followed: tuple[Callable[[], bool], Callable[[], bool]] = (_never, _never),
    ) -> None:
        """`sinks` take the main stream beside the analysis: the ring, and whoever watches live;
        `sub_sinks` the substream. `followed` tells whether anybody does watch the one and the
        other, so that each picture is wanted at once.

        `glimpses` are the single pictures of the main stream that plates are read in, of a camera
        that is analysed in its substream; None when nobody asks for them.
        Raises SettingsError when the camera's credentials cannot be read.
        """
        self.camera = settings.id
        self.tracks = 0
        self._analysis = analysis
        self._fresh: deque[tuple[Analysis, Callable[[Frame], None]]] = deque()
        self._on_seen = on_seen
        self.lane = scheduler.add(settings.id, settings.analysis_fps, self._analyse)
        self.gate = PacketGate(gate_settings(settings)) if settings.gate else None
        self.decoder = FrameDecoder(
            settings.id,
            self.lane.put,
            wait=self.lane.wait,
            analysis_fps=settings.analysis_fps,
            gate=self.gate,
            turns=scheduler.learning,
        )
        self.glimpses = glimpses
        main_sinks = [*sinks] if settings.sub_url is not None else [*sinks, self.decoder]
        main_sinks += [] if glimpses is None else [glimpses]
        in_sub = settings.sub_url is not None
        self.source = RtspSource(
            settings.id,
            stream_url(settings, settings.url),
            clock,
            main_sinks,
            on_state,
            patient=lambda: (in_sub or self.decoder.patient) and not followed[0](),
        )
        self.sub_source: RtspSource | None = None
        if settings.sub_url is not None:
            self.sub_source = RtspSource(
                settings.id,
                stream_url(settings, settings.sub_url),
                clock,
                [*sub_sinks, self.decoder],
                lambda status: log.info(
                    "camera.substream", camera=status.camera, state=status.state
                ),
                patient=lambda: self.decoder.patient and not followed[1](),
            )

    def start(self) -> None:
        self.decoder.start()
        if self.glimpses is not None:
            self.glimpses.start()
        self.source.start()
        if self.sub_source is not None:
            self.sub_source.start()

    def stop(self) -> None:
        """End the threads of this camera, each within its own bound."""
        self.source.stop()
        if self.sub_source is not None:
            self.sub_source.stop()
        self.decoder.stop()
        if self.glimpses is not None:
            self.glimpses.stop()

    def watch_for(
        self, rules: CameraRules, analysis: Analysis, on_turn: Callable[[Frame], None]
    ) -> None:
        """Analyse by `analysis`, which `rules` asked for, from the next frame on.

        `on_turn` is told of that frame first.
        """
        if self.gate is not None:
            self.gate.watch_for(gate_settings(rules))
        self._fresh.append((analysis, on_turn))

    @property
    def analysis(self) -> Analysis:
        """What the next frame will be analysed by."""
        return self._fresh[-1][0] if self._fresh else self._analysis

    def _analyse(self, frame: Frame) -> None:
        while self._fresh:
            self._analysis, on_turn = self._fresh[0]
            # Only now, so that `analysis` never names the old one in between.
            self._fresh.popleft()
            on_turn(frame)
        seen = self._analysis.step(frame)
        self.decoder.judged(frame.media_s, busy=seen.busy)
        self.tracks = sum(track.seen for track in seen.tracks)
        self._on_seen(seen)
