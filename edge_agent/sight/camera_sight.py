"""The sight of one camera as it ships, for live streams and recordings alike."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.scene import Detection, Image, Track
from edge_agent.sight.detector import DEFAULT_MODEL, FINE_MODEL, Detector
from edge_agent.sight.identities import Identities
from edge_agent.sight.region_detector import RegionDetector, RegionSettings
from edge_agent.sight.stillness import StillnessFilter
from edge_agent.sight.tracker import Tracker, TrackerSettings
from edge_agent.sight.two_scales import SeesAtSize, TwoScales
from models.registry import Registry


class CameraTracker:
    """Tracks of one camera, true to their people, without what never moves and is nobody."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._tracker = Tracker(settings)
        self._stillness = StillnessFilter()
        self._identities = Identities()

    def update(
        self, detections: Iterable[Detection], media_s: float, image: Image
    ) -> tuple[Track, ...]:
        """The tracks as they stand after the frame `image` at `media_s` seconds."""
        moving = self._stillness.update(self._tracker.update(detections, media_s), media_s)
        return self._identities.update(moving, image, media_s)


def shipped_detector(registry: Registry, *, threads: int = 1) -> SeesAtSize | TwoScales:
    """The detector as it ships, with both looks. Raises ModelError as Detector does."""
    coarse = Detector(registry, DEFAULT_MODEL, threads=threads)
    return with_second_look(coarse, registry, FINE_MODEL, threads=threads)


def with_second_look(
    coarse: Detector, registry: Registry, name: str | None, *, threads: int = 1
) -> SeesAtSize | TwoScales:
    """`coarse` together with the fine look of the model `name`, or alone where that is None.

    Raises ModelError as Detector does.
    """
    return coarse if name is None else TwoScales(coarse, Detector(registry, name, threads=threads))


def camera_sight(
    detector: SeesAtSize | TwoScales, regions: RegionSettings | None = None
) -> tuple[RegionDetector, CameraTracker]:
    """Detector and tracker for one camera, around the detector that all cameras share."""
    return RegionDetector(detector, regions), CameraTracker()
