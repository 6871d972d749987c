"""What pictures are composed of: real streets, drawn plates, painted vehicles and decoys."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from models.train.locator.compose import Plate, Stock, Street, stock_of_decoys
from models.train.locator.decoys import Picture
from models.train.locator.vehicles import vehicle
from models.train.plates.draw import Shapes, default_shapes, draw_plate
from models.train.plates.layout import LAYOUTS

_VEHICLES, _DECOYS, _PLATES = 1200, 2500, 3000
"""What is painted once and used again and again, turned and lit otherwise."""

_WIDEST: Final = 640
"""Pixels of a stored ground: pictures are composed at half of it."""


def grounds(data: Path) -> list[Picture]:
    """Real pictures without plates: fire's normal, smoky and burning scenes, every fourth."""
    files = sorted((data / "fire/cctv_fire/images").glob("*.jpg"))[::4]
    return [_small(_read(file)) for file in files]


def streets(data: Path) -> list[Street]:
    """The European streets with their plates; the set's colour cast taken out of half of them."""
    boxes: dict[str, list[tuple[float, float, float, float]]] = {}
    with (data / "plates/european/boxes.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            left, top, right, bottom = (float(row[s]) for s in ("xmin", "ymin", "xmax", "ymax"))
            boxes.setdefault(row["file"], []).append((left, top, right, bottom))
    found = []
    for name, plates in sorted(boxes.items()):
        picture = _read(data / "plates/european" / name)
        found += [Street(picture, tuple(plates)), Street(_balanced(picture), tuple(plates))]
    return found


def stock(data: Path, random: np.random.Generator, share: float = 1.0) -> Stock:
    """Everything that pictures are composed of; `share` 0..1 paints less of each."""
    shapes = default_shapes(data)
    return Stock(
        grounds=grounds(data),
        streets=streets(data),
        plates=[_plate(random, shapes) for _ in range(round(share * _PLATES))],
        decoys=stock_of_decoys(random, round(share * _DECOYS)),
        vehicles=[vehicle(random) for _ in range(round(share * _VEHICLES))],
    )


def _plate(random: np.random.Generator, shapes: Shapes) -> Plate:
    drawn = draw_plate(random, shapes=shapes)
    width = next(layout.width for layout in LAYOUTS if layout.name == drawn.layout)
    return Plate(drawn.image, width)


def _small(picture: Picture) -> Picture:
    scale = _WIDEST / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _balanced(picture: Picture) -> Picture:
    """The colours evened out, as of a camera that sees no infrared."""
    means = picture.reshape(-1, 3).mean(0)
    return np.asarray(np.clip(picture * (means.mean() / means), 0, 255), np.uint8)


def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"{path}: not a picture")
    return np.asarray(picture, np.uint8)
