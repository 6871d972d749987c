"""Fire and smoke in a camera's pictures: what colour and time propose, the network looks at.

The network costs time only where something is proposed, and looks at it enlarged: a flame of 30
pixels in 1080p fills half of what it sees.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, FireRegion, Image
from edge_agent.sight.detector import ModelId
from edge_agent.sight.flames import FlameProposals, Proposal
from edge_agent.sight.letterbox import Normalizer
from edge_agent.sight.session import open_session
from edge_agent.sight.veils import SmokeProposals
from models.registry import ModelError, Registry

DEFAULT_MODEL: Final = "fire-192-int8"

_KINDS: Final = ("fire", "smoke")

_AROUND: Final = {"fire": 1.7, "smoke": 1.25}
"""The crop's side over the proposal's longer side: what surrounds it tells fire from lamps."""

_LEAST_SIDE: Final = 48
"""Pixels of the smallest crop: less, enlarged, shows nothing."""

_BEST: Final = {"fire": 4, "smoke": 12}
"""Cells whose mean is a proposal's confidence: a flame is small, smoke is wide."""


class FireNetwork:
    """One loaded network for all cameras. Safe to call from several threads."""

    def __init__(self, registry: Registry, name: str = DEFAULT_MODEL, *, threads: int = 1) -> None:
        """Load the model `name`; one look may use `threads` cores.

        Raises ModelError when the file is missing, altered, or not for fire.
        """
        entry = registry.entry(name)
        if entry.task != "fire" or entry.decoder != "fire-cells":
            raise ModelError(
                f"the model {name!r} is for {entry.task} (decoder {entry.decoder}); "
                "fire and smoke need one for fire with the decoder fire-cells"
            )
        path = registry.verified_path(name)
        self.model = ModelId(entry.name, entry.sha256)
        size = entry.input
        self._normalize = Normalizer(size.height, size.width, size.fill, size.mean, size.std)
        self._session = open_session(path, threads)

    def cells(self, crop: Image) -> NDArray[np.float32]:
        """`(2, rows, columns)`: how sure it is of fire and of smoke in each cell of `crop`."""
        tensor, _ = self._normalize(crop)
        (cells,) = self._session.run(["cells"], {"image": tensor})
        found: NDArray[np.float32] = cells[0]
        return found

    def look(self, image: Image, box: Box, kind: str) -> float:
        """How sure it is of `kind` ("fire" or "smoke") in `box` of `image`, 0..1."""
        crop, within = _crop(image, box, _AROUND[kind])
        if crop.size == 0:
            return 0.0
        cells = self.cells(crop)[_KINDS.index(kind)]
        rows, columns = cells.shape
        top, bottom = int(within.y * rows), int(np.ceil(within.bottom * rows))
        left, right = int(within.x * columns), int(np.ceil(within.right * columns))
        inside = np.sort(cells[top:bottom, left:right], axis=None)
        return float(inside[-_BEST[kind] :].mean()) if inside.size else 0.0


class FireWatch:
    """Fire and smoke of one camera. Pictures must come in their order."""

    def __init__(self, network: FireNetwork) -> None:
        self._network = network
        self._flames = FlameProposals()
        self._veils = SmokeProposals()
        self.pictures = 0
        """Pictures seen."""
        self.looks = 0
        """Proposals that the network looked at."""

    def update(self, image: Image, media_s: float) -> tuple[FireRegion, ...]:
        """What may burn or smoke in `image` (`(H, W, 3)` uint8 BGR), with the network's word."""
        self.pictures += 1
        found = [self._verified("fire", p, image) for p in self._flames.update(image, media_s)]
        found += [self._verified("smoke", p, image) for p in self._veils.update(image, media_s)]
        return tuple(found)

    def _verified(self, kind: str, proposal: Proposal, image: Image) -> FireRegion:
        self.looks += 1
        confidence = self._network.look(image, proposal.box, kind)
        label: Final = "fire" if kind == "fire" else "smoke"
        return FireRegion(label, proposal.box, confidence, proposal.strength)


def _crop(image: Image, box: Box, around: float) -> tuple[Image, Box]:
    """A square around `box`, moved to lie within the picture, and where in it `box` is."""
    height, width = image.shape[:2]
    side = max(_LEAST_SIDE, around * max(box.w * width, box.h * height))
    side = min(side, height, width)
    left = min(max(0.0, (box.x + box.w / 2) * width - side / 2), width - side)
    top = min(max(0.0, (box.y + box.h / 2) * height - side / 2), height - side)
    x0, y0, pixels = int(left), int(top), max(1, int(side))
    crop = np.ascontiguousarray(image[y0 : y0 + pixels, x0 : x0 + pixels])
    x, y = max(0.0, (box.x * width - x0) / pixels), max(0.0, (box.y * height - y0) / pixels)
    right = min(1.0, (box.right * width - x0) / pixels)
    bottom = min(1.0, (box.bottom * height - y0) / pixels)
    return crop, Box(x, y, max(0.0, right - x), max(0.0, bottom - y))
