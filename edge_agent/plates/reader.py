"""Reading a plate: text, type, colour and how sure it is, from a crop of one plate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.plates.grammar import plausible
from edge_agent.plates.types import UNREADABLE, Candidate, Character, PlateRead
from edge_agent.scene import Image
from edge_agent.sight.detector import ModelId
from edge_agent.sight.session import open_session
from models.plates import HEADS, PLACES, text_of
from models.registry import ModelError, Registry

DEFAULT_MODEL: Final = "plate-reader"

_NARROWEST: Final = 16
_LOWEST: Final = 6
"""Pixels: a smaller crop shows no character, whatever the network says of it."""

_CANDIDATES: Final = 5
_LEAST: Final = 0.001
"""How many readings of a place are told, and how probable they must be."""

_MOST_UNREAD: Final = 2
_SCRAPS: Final = 0.25
"""What is left of the confidence where more places than that are UNREADABLE, or the text is none
that a plate can have: so read a plate that is upside down, and the number of a bus."""

_FOREIGN: Final = "foreign"
_NO_PLATE: Final = (_FOREIGN, "none")
"""Types whose text is none of ours: they count against the confidence."""

FOREIGN_MOST: Final = 0.5
"""The most that a read of another country's plate is believed: of it the digits can be read, and
its letters, which are not of the alphabet, are UNREADABLE."""

_TINY: Final = 1e-12


class PlateReader:
    """One loaded network for all cameras. Safe to call from several threads."""

    def __init__(self, registry: Registry, name: str = DEFAULT_MODEL, *, threads: int = 1) -> None:
        """Load the model `name`; one read may use `threads` cores.

        Raises ModelError when the file is missing, altered, or not for reading plates.
        """
        entry = registry.entry(name)
        if entry.task != "plate-reader" or entry.decoder != "plate-places":
            raise ModelError(
                f"the model {name!r} is for {entry.task} (decoder {entry.decoder}); "
                "plates need one for plate-reader with the decoder plate-places"
            )
        path = registry.verified_path(name)
        self.model = ModelId(entry.name, entry.sha256)
        self._size = (entry.input.width, entry.input.height)
        self._session = open_session(path, threads)
        known = self._session.get_modelmeta().custom_metadata_map
        outputs = self._session.get_outputs()[0].shape[1]
        if outputs != sum(map(len, HEADS.values())) or "calibration" not in known:
            raise ModelError(f"{path}: its outputs are not those of models/plates.py, calibrated")
        self._slope, self._offset = json.loads(known["calibration"])

    def read(self, crops: Sequence[Image]) -> tuple[PlateRead, ...]:
        """What each crop says: `(h, w, 3)` uint8 BGR, one plate each, upright, of any size.

        What is no plate is read with a low confidence, and another country's plate as far as the
        alphabet goes, with FOREIGN_MOST at the most. Raises
        ValueError for a crop that is no such picture.
        """
        for crop in crops:
            if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or not crop.size:
                raise ValueError(
                    f"a plate's crop must be (h, w, 3) uint8 BGR, not {crop.shape} {crop.dtype}"
                )
        return tuple(self._read(crop) for crop in crops)

    def _read(self, crop: Image) -> PlateRead:
        height, width = crop.shape[:2]
        (found,) = self._session.run(["probabilities"], {"image": fitted(crop, self._size)})
        said = dict(zip(HEADS, np.split(found[0], _EDGES), strict=True))
        characters = tuple(_character(place, said[place]) for place in PLACES)
        kinds, colours = HEADS["type"], HEADS["colour"]
        kind, colour = kinds[int(said["type"].argmax())], colours[int(said["colour"].argmax())]
        korean = 1 - sum(float(said["type"][kinds.index(name)]) for name in _NO_PLATE)
        places = float(np.prod([one.best.probability for one in characters]))
        confidence = self._calibrated(korean * places)
        text = text_of({one.place: one.best.text for one in characters})
        unread = sum(one.best.text == UNREADABLE for one in characters)
        if unread > _MOST_UNREAD or not plausible(text):
            confidence *= _SCRAPS
        if kind == _FOREIGN:
            confidence = FOREIGN_MOST * float(said["type"].max()) * places
        if width < _NARROWEST or height < _LOWEST:
            confidence, kind = 0.0, "none"
        return PlateRead(text, characters, confidence if text else 0.0, kind, colour)

    def _calibrated(self, raw: float) -> float:
        """The chance that the text is right, given the network's own word for it."""
        odds = np.log(max(raw, _TINY)) - np.log(max(1 - raw, _TINY))
        return float(1 / (1 + np.exp(-(self._slope * odds + self._offset))))


_EDGES: Final = np.cumsum([len(classes) for classes in HEADS.values()])[:-1]
"""Where one head's outputs end and the next one's begin."""


def fitted(crop: Image, size: tuple[int, int]) -> NDArray[np.float32]:
    """`(1, 3, height, width)`: the crop stretched to `size` (width, height)."""
    shrinks = crop.shape[1] > size[0] or crop.shape[0] > size[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    picture = cv2.resize(crop, size, interpolation=way)
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def _character(place: str, probabilities: NDArray[np.float32]) -> Character:
    order = np.argsort(probabilities)[::-1][:_CANDIDATES]
    texts = PLACES[place]
    named = [Candidate(texts[int(i)], float(probabilities[i])) for i in order]
    kept = [one for one in named[1:] if one.probability >= _LEAST]
    return Character(place, (named[0], *kept))
