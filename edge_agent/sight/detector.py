"""Finding people, vehicles, bags and dogs in one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_agent.scene import Box, Detection, Image
from edge_agent.sight import nanodet
from edge_agent.sight.letterbox import Normalizer
from edge_agent.sight.session import open_session
from models.registry import ModelError, Registry

DEFAULT_MODEL: Final = "nanodet-g-256x416-int8"

FINE_MODEL: Final = "nanodet-g-384x512-int8"
"""The same network for a second, finer look."""

LABELS: Final = {
    "person": "person",
    "bicycle": "bicycle",
    "motorcycle": "motorcycle",
    "car": "car",
    "bus": "bus",
    "truck": "truck",
    "backpack": "bag",
    "handbag": "bag",
    "suitcase": "bag",
    "dog": "dog",
}
"""The model's classes that the product uses, and what it calls them."""

VEHICLES: Final = frozenset({"bicycle", "motorcycle", "car", "bus", "truck"})

GROUPS: Final = {
    "person": 0,
    "car": 1,
    "bus": 1,
    "truck": 1,
    "bicycle": 2,
    "motorcycle": 2,
    "bag": 3,
    "dog": 4,
}
"""One thing often answers to several labels of a group (car and truck); only the best is kept."""

OVERLAP: Final = 0.6
"""Boxes of a group above this IoU are the same thing: NanoDet's own published setting."""


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which model said so: goes into every event."""

    name: str
    sha256: str


class Detector:
    """One loaded detection model. Safe to call from several threads."""

    def __init__(
        self,
        registry: Registry,
        name: str = DEFAULT_MODEL,
        *,
        threads: int = 1,
        threshold: float = 0.15,
    ) -> None:
        """Load the model `name`.

        `threads` is the number of cores that one picture may use. Detections below `threshold` are
        not reported; the tracker needs the weak ones to carry a track through a bad moment, and
        starts tracks only from the strong ones.
        Raises ModelError when the file is missing, altered, or no detection model.
        """
        entry = registry.entry(name)
        if entry.task != "detection" or entry.decoder != "nanodet":
            raise ModelError(
                f"the model {name!r} is for {entry.task} (decoder {entry.decoder}); "
                "the detector needs one for detection with the decoder nanodet"
            )
        path = registry.verified_path(name)
        self.model = ModelId(entry.name, entry.sha256)
        self.threshold = threshold
        size = entry.input
        self.input_size = (size.height, size.width)
        """Height and width of the model's input, in pixels."""
        self._normalize = Normalizer(size.height, size.width, size.fill, size.mean, size.std)
        self._centres = nanodet.cell_centres(size.height, size.width)
        self._labels = [LABELS.get(label) for label in entry.classes]
        self._wanted = np.array([i for i, label in enumerate(self._labels) if label], np.intp)
        self._names = [label for label in self._labels if label]
        self._group_of = np.array([GROUPS[label] for label in self._names], np.intp)
        self._session = open_session(path, threads)
        self._outputs = [f"scores_{s}" for s in nanodet.STRIDES]
        self._outputs += [f"sides_{s}" for s in nanodet.STRIDES]

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """What `image` (`(H, W, 3)` uint8 BGR) shows, most confident first, boxes in fractions."""
        tensor, letterbox = self._normalize(image)
        outputs = self._session.run(self._outputs, {"image": tensor})
        scores = [output[0][:, self._wanted] for output in outputs[:3]]
        sides = [output[0] for output in outputs[3:]]
        corners, confidence, classes = nanodet.decode(scores, sides, self._centres, self.threshold)
        kept = nanodet.suppress(corners, self._group_of[classes], OVERLAP)
        fractions = letterbox.to_fractions(corners[kept])
        found = []
        for (left, top, right, bottom), index in zip(fractions.tolist(), kept, strict=True):
            if right > left and bottom > top:
                box = Box(left, top, right - left, bottom - top)
                label = self._names[classes[index]]
                found.append(Detection(label, float(confidence[index]), box))
        return tuple(found)
