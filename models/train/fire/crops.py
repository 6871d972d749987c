"""Square crops with what each cell of their grid shows: the training set.

A label is 1 for fire or smoke in the cell, 0 for none, and UNKNOWN where the pictures' own labels
cannot be trusted: glow without a box, smoke before it is visible, the rim of a mask.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.fire import lookalikes, paint
from models.train.fire.backbone import GRID, SIDE
from models.train.fire.paint import Mask, Picture, Random

GROUPS: Final = Path(__file__).parent / "groups.csv"
UNKNOWN: Final = -1.0
FIRE, SMOKE = 0, 1


@dataclass(frozen=True, slots=True)
class Still:
    """One labelled picture of the fire set; boxes are left, top, right, bottom in fractions."""

    file: str
    group: str
    held: bool
    fire: tuple[tuple[float, ...], ...]
    smoke: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Crop:
    """One training example; labels are `(2, GRID, GRID)` float32: 0, 1 or UNKNOWN."""

    picture: Picture
    labels: NDArray[np.float32]
    groups: str
    """Of whose pictures it is made, parted by blanks."""


@dataclass(frozen=True, slots=True)
class Background:
    """A picture without fire or smoke; `group` is empty when it is of no group."""

    picture: Picture
    group: str = ""


@dataclass(frozen=True, slots=True)
class Donor:
    """A real flame: `light` `(h, w, 3)` uint8 and its soft `mask` `(h, w)`, 0..1."""

    light: Picture
    mask: Mask
    group: str


def stills(folder: Path) -> list[Still]:
    """Every picture of the fire set with its boxes (its class 1, a normal scene, has none)."""
    found = []
    with GROUPS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            text = (folder / "labels" / row["file"]).with_suffix(".txt").read_text().split("\n")
            boxes: dict[int, list[tuple[float, ...]]] = {0: [], 1: [], 2: []}
            for line in filter(None, map(str.strip, text)):
                number, *values = line.split()
                x, y, w, h = map(float, values[:4])
                boxes[int(number)].append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
            fire, smoke = tuple(boxes[0]), tuple(boxes[2])
            found.append(Still(row["file"], row["group"], row["split"] == "held", fire, smoke))
    return found


def real_crops(folder: Path, chosen: list[Still], times: int, random: Random) -> Iterator[Crop]:
    """Crops of real pictures, `times` around each box, or anywhere where there is none."""
    for still in chosen:
        picture = read(folder / "images" / still.file)
        boxes = still.fire + still.smoke
        for _ in range(times if boxes else 2 * times):
            if boxes and random.random() < 0.85:
                left, top, right, bottom = boxes[random.integers(len(boxes))]
                side = max(right - left, bottom - top) * random.uniform(1.0, 2.6)
                middle = (left + right) / 2, (top + bottom) / 2
            else:
                side = random.uniform(0.25, 1.0)
                middle = (random.uniform(0, 1), random.uniform(0, 1))
            side = float(np.clip(side, 0.12, 1.0))
            x = float(np.clip(middle[0] + random.normal(0, 0.12) * side - side / 2, 0, 1 - side))
            y = float(np.clip(middle[1] + random.normal(0, 0.12) * side - side / 2, 0, 1 - side))
            yield _cut(still, picture, x, y, side, random)


def _cut(still: Still, picture: Picture, x: float, y: float, side: float, random: Random) -> Crop:
    pixels = picture.shape[0]
    part = picture[
        int(y * pixels) : int((y + side) * pixels), int(x * pixels) : int((x + side) * pixels)
    ]
    small = np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    labels = np.zeros((2, GRID, GRID), np.float32)
    lit = _cells(small.max(2).astype(np.float32)).max(2) > 170
    for kind, boxes in ((FIRE, still.fire), (SMOKE, still.smoke)):
        for box in boxes:
            inside = _covered(box, x, y, side)
            labels[kind][inside] = 1
    # Light around a fire has no box of its own, and smoke by a fire is labelled now and then.
    if still.fire:
        labels[FIRE][(labels[FIRE] == 0) & lit] = UNKNOWN
        labels[FIRE][(labels[FIRE] == 1) & ~_flaming(small)] = UNKNOWN
        labels[SMOKE][labels[SMOKE] == 0] = UNKNOWN
    elif still.smoke:
        labels[SMOKE][labels[SMOKE] == 0] = UNKNOWN
    return _weathered(small, labels, still.group, random)


def _flaming(picture: Picture) -> NDArray[np.bool_]:
    """Cells that surely show flames, not the red light around them nor a wall that they blind the
    camera with: bright in green too, and of a flame's colour close by unless all is infrared."""
    colours = picture.astype(np.float32)
    hot: NDArray[np.bool_] = _cells(colours[..., 1]).max(2) > 150
    warmth = colours[..., 2] - colours[..., 0]
    if np.abs(warmth).mean() < 4:
        return hot
    warm = (_cells(warmth) > 50).mean(2).astype(np.float32)
    near: NDArray[np.bool_] = cv2.dilate(warm, np.ones((3, 3), np.uint8)) > 0.1
    found: NDArray[np.bool_] = hot & near
    return found


def painted_crops(
    backgrounds: list[Background],
    donors: list[Donor],
    count: int,
    random: Random,
) -> Iterator[Crop]:
    """`count` crops of `backgrounds` with fire, smoke, neither, or what is taken for them."""
    for _ in range(count):
        background = backgrounds[random.integers(len(backgrounds))]
        picture, groups = _part(background.picture, random), f"painted {background.group}"
        labels = np.zeros((2, GRID, GRID), np.float32)
        for _ in range(int(random.integers(0, 4))):
            painters = lookalikes.BRIGHT if random.random() < 0.6 else lookalikes.GREY
            picture = painters[random.integers(len(painters))](picture, random)
        kind = random.random()
        if kind < 0.2:
            picture, mask = paint.flame(picture, random)
            _mark(labels[FIRE], mask, 0.35, 0.1)
        elif kind < 0.42 and donors:
            donor = donors[random.integers(len(donors))]
            picture, mask = paint.donor_flame(picture, donor.light, donor.mask, random)
            groups += f" {donor.group}"
            _mark(labels[FIRE], mask, 0.35, 0.1)
        if 0.36 < kind < 0.62:
            picture, mask = (paint.smoke if random.random() < 0.8 else paint.haze)(picture, random)
            _mark(labels[SMOKE], mask, 0.35, 0.12)
            labels[FIRE][(labels[FIRE] == 1) & (_cells(mask).mean(2) > 0.4)] = UNKNOWN
        elif kind > 0.96:
            picture, mask = paint.smoke(picture, random, steam=True)
            # A puff of steam and a young plume look alike in one picture; time tells them apart.
            labels[SMOKE][_cells(mask).mean(2) > 0.1] = UNKNOWN
        yield _weathered(picture, labels, groups, random)


CLEAN: Final = {
    ("news-street", "img"): (418, 420, 421, 422, 446, 447, 448, 449),
    ("raaije", "fire1_mp4"): (23, 24, 25, 26, 27, 28),
    ("raaije", "img"): (84, 86, 87, 88, 89, 91, 92, 93),
}
"""Pictures of the training groups, by group and series, whose flames can be cut out: before
something dark, no road or wall alight within their box. Chosen by eye."""


def donors(folder: Path, chosen: list[Still]) -> list[Donor]:
    """Real flames with soft masks, cut out of dark surroundings by their light."""
    found = []
    for still in chosen:
        if not still.fire or not _clean(still):
            continue
        picture = read(folder / "images" / still.file)
        for left, top, right, bottom in still.fire:
            height, width = picture.shape[:2]
            part = picture[
                int(max(0, top) * height) : int(bottom * height),
                int(max(0, left) * width) : int(right * width),
            ]
            light = part.max(2).astype(np.float32)
            hot = np.clip((light - 170) / 60, 0, 1).astype(np.float32)
            rim = np.zeros(light.shape, np.float32)
            fade = max(2, min(part.shape[:2]) // 8)
            rim[fade:-fade, fade:-fade] = 1
            rim = cv2.GaussianBlur(rim, (0, 0), fade / 2).astype(np.float32)
            mask = (cv2.GaussianBlur(hot, (0, 0), 1.5) * rim).astype(np.float32)
            found.append(Donor(part, mask, still.group))
    return found


def _clean(still: Still) -> bool:
    head = still.file.partition("_jpg")[0]
    return any(
        still.group == group and head == f"{series}{'-' if series.endswith('mp4') else '_'}{number}"
        for (group, series), numbers in CLEAN.items()
        for number in numbers
    )


def _part(picture: Picture, random: Random) -> Picture:
    height, width = picture.shape[:2]
    # Small crops too: the product enlarges small places that flicker, down to 48 pixels.
    side = int(random.uniform(0.3, 1.0) ** 2 * min(height, width))
    side = max(40, min(side, height, width))
    y, x = random.integers(height - side + 1), random.integers(width - side + 1)
    part = picture[y : y + side, x : x + side]
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _weathered(picture: Picture, labels: NDArray[np.float32], groups: str, random: Random) -> Crop:
    """The crop as a camera would give it; a mirrored picture has mirrored labels."""
    if random.random() < 0.5:
        picture, labels = picture[:, ::-1].copy(), labels[:, :, ::-1].copy()
    return Crop(paint.weather(picture, random), labels, groups)


def _mark(labels: NDArray[np.float32], mask: Mask, sure: float, some: float) -> None:
    covered = _cells(mask).mean(2)
    labels[covered >= some] = UNKNOWN
    labels[covered >= sure] = 1


def _cells(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(SIDE, SIDE)` as `(GRID, GRID, pixels)`."""
    parts = values.reshape(GRID, SIDE // GRID, GRID, SIDE // GRID).swapaxes(1, 2)
    return parts.reshape(GRID, GRID, -1)


def _covered(box: tuple[float, ...], x: float, y: float, side: float) -> NDArray[np.bool_]:
    centres = (np.arange(GRID) + 0.5) / GRID * side
    columns = (x + centres > box[0]) & (x + centres < box[2])
    rows = (y + centres > box[1]) & (y + centres < box[3])
    return rows[:, None] & columns[None, :]


def read(path: Path) -> Picture:
    """Raises ValueError when there is no picture at `path`."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"{path}: not a picture")
    return np.asarray(picture, np.uint8)
