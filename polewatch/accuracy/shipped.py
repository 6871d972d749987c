"""The shipped configuration, put together as the agent does it, and its fingerprints."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Final

from edge_agent.analyze import Analyzed, analyze
from edge_agent.config import CameraSettings
from edge_agent.plates.find import LEAST_CONFIDENCE
from edge_agent.plates.locate import DEFAULT_MODEL as PLATE_LOCATOR
from edge_agent.plates.reader import DEFAULT_MODEL as PLATE_READER
from edge_agent.rules.base import wants_closer_look, wants_fire
from edge_agent.rules.fire import FIRE, SMOKE
from edge_agent.sight.camera_sight import CameraTracker, camera_sight
from edge_agent.sight.detector import DEFAULT_MODEL, FINE_MODEL, Detector
from edge_agent.sight.fire import DEFAULT_MODEL as FIRE_MODEL
from edge_agent.sight.fire import FireNetwork
from edge_agent.sight.identities import IdentitySettings
from edge_agent.sight.region_detector import RegionDetector, RegionSettings
from edge_agent.sight.tracker import TrackerSettings
from edge_agent.sight.two_scales import FINE_ALONE, SAME, UNSEEN, TwoScales
from models.registry import Registry
from polewatch.accuracy.remembered import RememberedDetector, RememberedPosture
from wire.camera_rules import CameraRules

PER_SECOND: Final[float] = CameraSettings.model_fields["analysis_fps"].default
"""Pictures analysed a second, unless a camera's configuration says otherwise."""

STRONG: Final = TrackerSettings().strong
"""The confidence from which on one detection alone is believed."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Detector and tracker of one camera, and the detector that all cameras share."""

    whole: TwoScales
    regions: RegionDetector
    tracker: CameraTracker


def shipped_sight() -> Sight:
    """A fresh camera's sight. Raises ModelError when a model file is missing or altered."""
    regions, tracker = camera_sight(_detector())
    return Sight(_detector(), regions, tracker)


def shipped_findings(video: Path, asked: CameraRules) -> Analyzed:
    """What the shipped pipeline finds in `video` when its camera asks for `asked`.

    Raises RecordingError when the video cannot be read, ModelError as `shipped_sight`.
    """
    registry = Registry.default()
    closer = _posture() if wants_closer_look(asked) else None
    fire = FireNetwork(registry) if wants_fire(asked) else None
    return analyze(
        video,
        asked,
        _detector(),
        closer=closer,
        fire=fire,
        site_zone=UTC,
        per_second=PER_SECOND,
    )


def model_name() -> str:
    """The names of the detector's two looks and the beginnings of their hashes."""
    registry = Registry.default()
    entries = [registry.entry(name) for name in (DEFAULT_MODEL, FINE_MODEL)]
    return " + ".join(f"{entry.name} {entry.sha256[:12]}" for entry in entries)


def configuration_hash() -> str:
    """Twelve digits that change whenever a setting of the shipped sight does."""
    detector = Detector(Registry.default())
    settings = {
        "model": detector.model.sha256,
        "fine": Registry.default().entry(FINE_MODEL).sha256,
        "scales": [SAME, UNSEEN, FINE_ALONE],
        "threshold": detector.threshold,
        "analysis_fps": PER_SECOND,
        "tracker": asdict(TrackerSettings()),
        "identities": asdict(IdentitySettings()),
        "regions": asdict(RegionSettings()),
        "fire": {
            "model": Registry.default().entry(FIRE_MODEL).sha256,
            "demands": [asdict(FIRE), asdict(SMOKE)],
        },
        "plates": {
            "locator": Registry.default().entry(PLATE_LOCATOR).sha256,
            "reader": Registry.default().entry(PLATE_READER).sha256,
            "least": LEAST_CONFIDENCE,
        },
    }
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _detector() -> TwoScales:
    registry = Registry.default()
    return TwoScales(RememberedDetector(registry), RememberedDetector(registry, FINE_MODEL))


@cache
def _posture() -> RememberedPosture:
    return RememberedPosture(Registry.default())
