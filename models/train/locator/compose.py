"""Composes training pictures: plates on painted vehicles, in real windows, and on bare streets.

A picture is what the locator gets: `(HEIGHT, WIDTH, 3)` uint8 BGR, letterboxed. Each plate in it is
four corners in pixels, from the top left clockwise as the plate is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plate_grid import HEIGHT, WIDTH
from models.train.locator.decoys import Picture, Random, decoy
from models.train.locator.spoil import Frame, bar, spoil
from models.train.locator.vehicles import Vehicle

Corners = NDArray[np.float32]
"""`(4, 2)` x and y in pixels."""

Decoy = tuple[Picture, NDArray[np.float32]]

_LEAST: Final = 13.0
"""Pixels of a plate's width: smaller ones are neither asked for nor false."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One training picture."""

    picture: Picture
    plates: tuple[Corners, ...]
    doubtful: tuple[Corners, ...]
    """Plates cut by the edge, or too small: found or not, neither is wrong."""


@dataclass(frozen=True, slots=True)
class Street:
    """A real picture with the boxes of all plates in it: left, top, right, bottom in pixels."""

    picture: Picture
    plates: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Plate:
    """A flat plate seen from the front, filling its `picture`."""

    picture: Picture
    millimetres: float
    """Its width."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What pictures are composed of."""

    grounds: Sequence[Picture]
    """Real pictures without plates."""
    streets: Sequence[Street]
    plates: Sequence[Plate]
    decoys: Sequence[Decoy]
    vehicles: Sequence[Vehicle]


class Composer:
    """Composes one picture after the other from its stock. The same seed gives the same ones."""

    def __init__(self, stock: Stock, seed: int) -> None:
        self._stock = stock
        self._random = np.random.default_rng(seed)

    def scene(self) -> Scene:
        kind = self._random.random()
        if kind < 0.5:
            picture, plates = self._vehicles()
        elif kind < 0.7:
            picture, plates = self._street()
        else:
            picture, plates = self._bare(0 if kind > 0.94 else 1)
        picture = spoil(picture, self._random)
        picture, frame = bar(picture, self._random)
        clear = [_width(quad) >= _LEAST and _within(quad, frame) for quad in plates]
        asked = [quad for quad, is_clear in zip(plates, clear, strict=True) if is_clear]
        doubtful = [quad for quad, is_clear in zip(plates, clear, strict=True) if not is_clear]
        return Scene(picture, tuple(asked), tuple(doubtful))

    def _ground(self) -> Picture:
        """A piece of a real picture, or nothing much."""
        random = self._random
        if random.random() < 0.2:
            coarse = random.uniform(
                0, 255, (int(random.integers(2, 6)), int(random.integers(2, 6)), 3)
            )
            grey = coarse.mean(2, keepdims=True)
            smooth = cv2.resize(grey + (coarse - grey) * 0.2, (WIDTH, HEIGHT))
            return np.asarray(np.clip(smooth, 0, 255), np.uint8)
        whole = _one(self._stock.grounds, random)
        tall, wide = whole.shape[:2]
        share = random.uniform(0.3, 1.0)
        part_w = min(wide, tall * WIDTH / HEIGHT) * share
        part_h = part_w * HEIGHT / WIDTH
        x, y = int(random.uniform(0, wide - part_w)), int(random.uniform(0, tall - part_h))
        part = whole[y : y + int(part_h), x : x + int(part_w)]
        if random.random() < 0.5:
            part = part[:, ::-1]
        fitted = cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return np.asarray(fitted, np.uint8)

    def _vehicles(self) -> tuple[Picture, list[Corners]]:
        random = self._random
        picture = self._ground()
        plates: list[Corners] = []
        if random.random() < 0.5:
            self._litter(picture, plates, int(random.integers(1, 3)))
        near = random.random() < 0.72
        count = 1 if near else int(random.integers(2, 4))
        for place in range(count):
            painted = _one(self._stock.vehicles, random)
            tall = painted.picture.shape[0]
            if near:
                scale = random.uniform(0.8, 1.25) * min(WIDTH / 320, HEIGHT / tall)
                if random.random() < 0.2:
                    scale *= random.uniform(1.2, 2.2)
                middle = np.array([WIDTH / 2, HEIGHT / 2]) + random.normal(0, 18, 2)
                if scale * 320 > WIDTH * 1.3:
                    middle[1] -= (painted.plate[1] - tall / 2) * scale * random.uniform(0.4, 1)
            else:
                scale = random.uniform(0.8, 1.2) * WIDTH / (320 * count)
                down = random.uniform(0.4, 0.75)
                middle = np.array([WIDTH * (place + 0.5) / count, down * HEIGHT])
            self._placed(picture, painted, scale, middle, plates)
        if random.random() < 0.25:
            self._litter(picture, plates, 1)
        return picture, plates

    def _placed(
        self, picture: Picture, painted: Vehicle, scale: float, middle: Any, plates: list[Corners]
    ) -> None:
        """Lay the vehicle over `picture`, turned a little, and hang a plate or two on it."""
        random = self._random
        tall, wide = painted.picture.shape[:2]
        view = _view(random, (wide, tall), scale, np.asarray(middle, float))
        if any(_overlap(_corners((wide, tall), view), other) for other in plates):
            return
        _lay(picture, painted.picture, painted.mask, view)
        if random.random() < 0.06:
            return
        plate = _one(self._stock.plates, random)
        across = plate.millimetres * painted.pixels_per_mm * random.uniform(0.85, 1.15)
        box = _box(painted.plate, across, across * _ratio(plate))
        quad = cv2.perspectiveTransform(_turned(box, random.normal(0, 1.2))[None], view)[0]
        quad += random.normal(0, 0.012 * _width(quad), (4, 2)).astype(np.float32)
        self._hung(picture, plate, quad, plates)

    def _street(self) -> tuple[Picture, list[Corners]]:
        """A window of a real street around one of its plates; often a Korean one is put there."""
        random = self._random
        street = _one(self._stock.streets, random)
        left, top, right, bottom = street.plates[int(random.integers(len(street.plates)))]
        tall, wide = street.picture.shape[:2]
        part_w = (right - left) * float(np.exp(random.uniform(np.log(1.6), np.log(9))))
        part_w = min(part_w, wide, tall * WIDTH / HEIGHT)
        part_h = part_w * HEIGHT / WIDTH
        x = (left + right) / 2 - part_w * random.uniform(0.3, 0.7)
        y = (top + bottom) / 2 - part_h * random.uniform(0.3, 0.85)
        x, y = np.clip([x, y], 0, [max(0, wide - part_w), max(0, tall - part_h)])
        k = WIDTH / part_w
        view = np.array([[k, 0, -x * k], [0, k, -y * k]], np.float32)
        how = cv2.INTER_AREA if k < 0.8 else cv2.INTER_LINEAR
        picture = cv2.warpAffine(
            street.picture, view, (WIDTH, HEIGHT), flags=how, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.uint8)
        boxes = [
            np.array([[a, b], [c, b], [c, d], [a, d]], np.float32) for a, b, c, d in street.plates
        ]
        quads = [(quad - [x, y]) * k for quad in boxes]
        quads = [q.astype(np.float32) for q in quads if _overlaps_picture(q)]
        plates: list[Corners] = []
        for quad in quads:
            if random.random() < 0.35 or not _within(quad):
                plates.append(quad)
                continue
            plate = _one(self._stock.plates, random)
            middle, across = quad.mean(0), _width(quad) * random.uniform(0.95, 1.1)
            if plate.millimetres < 400:
                across *= random.uniform(0.7, 0.95)
            down = across * _ratio(plate) * random.uniform(0.85, 1.1)
            box = _box((float(middle[0]), float(middle[1])), across, down)
            self._surround(picture, quad, 1.06)
            self._hung(picture, plate, _turned(box, random.normal(0, 3)), plates)
        if random.random() < 0.5:
            self._litter(picture, plates, int(random.integers(1, 4)))
        return picture, plates

    def _bare(self, least: int) -> tuple[Picture, list[Corners]]:
        """Plates and decoys of all sizes and turns on whatever is there."""
        random = self._random
        picture = self._ground()
        plates: list[Corners] = []
        self._litter(picture, plates, int(random.integers(0, 5)) + (1 - least) * 2)
        for _ in range(int(random.choice([1, 2, 3], p=[0.65, 0.25, 0.1])) if least else 0):
            plate = _one(self._stock.plates, random)
            across = float(np.exp(random.uniform(np.log(16), np.log(285))))
            tall, wide = plate.picture.shape[:2]
            if plate.millimetres < 400:
                across *= 0.72
            across = min(across, 0.92 * HEIGHT * wide / tall)
            view = _view(random, (wide, tall), across / wide, self._somewhere(across), wild=True)
            quad = _corners((wide, tall), view)
            if any(_overlap(quad, other) for other in plates):
                continue
            if random.random() < 0.65:
                self._surround(picture, quad, random.uniform(1.05, 2.2))
            self._hung(picture, plate, quad, plates)
        return picture, plates

    def _somewhere(self, across: float) -> NDArray[np.float64]:
        random = self._random
        edge = np.minimum([across / 2, across / 6], [WIDTH / 2, HEIGHT / 2])
        return random.uniform(edge, np.array([WIDTH, HEIGHT]) - edge)

    def _surround(self, picture: Picture, quad: Corners, factor: float) -> None:
        """A bumper's or holder's plain surface behind a plate to come."""
        random = self._random
        middle = quad.mean(0)
        stretch = np.array([1, random.uniform(1.0, 1.8)])
        around = middle + (quad - middle) * factor * stretch
        tone = random.uniform(5, 230) + random.uniform(-12, 12, 3)
        shade = tone + np.linspace(-1, 1, 16)[:, None, None] * random.normal(0, 40)
        patch = np.clip(np.broadcast_to(shade, (16, 32, 3)), 0, 255).astype(np.uint8)
        mask = np.zeros((16, 32), np.float32)
        mask[1:-1, 1:-1] = 1
        edge = np.array([[0, 0], [32, 0], [32, 16], [0, 16]], np.float32)
        _lay(picture, patch, mask, cv2.getPerspectiveTransform(edge, around.astype(np.float32)))

    def _hung(self, picture: Picture, plate: Plate, quad: Corners, plates: list[Corners]) -> None:
        """Put `plate` into `quad`, lit as chance will have it."""
        random = self._random
        if any(_overlap(quad, other) for other in plates):
            return
        flat = plate.picture
        tall, wide = flat.shape[:2]
        edge = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
        reduction = _width(quad) / wide
        if reduction < 0.6:
            flat = cv2.GaussianBlur(flat, (0, 0), 0.4 / reduction).astype(np.uint8)
        view = cv2.getPerspectiveTransform(edge, quad.astype(np.float32))
        light = random.uniform(0.45, 1.15) if random.random() < 0.8 else random.uniform(0.2, 1.6)
        lit = np.clip(flat * np.float32(light), 0, 255).astype(np.uint8)
        _lay(picture, lit, np.ones((tall, wide), np.float32), view)
        plates.append(quad.astype(np.float32))

    def _litter(self, picture: Picture, plates: Sequence[Corners], count: int) -> None:
        """Decoys at random places that are free of plates."""
        random = self._random
        for _ in range(count):
            patch, mask = _one(self._stock.decoys, random)
            tall, wide = mask.shape
            across = float(np.exp(random.uniform(np.log(18), np.log(220))))
            view = _view(random, (wide, tall), across / wide, random.uniform(0, [WIDTH, HEIGHT]))
            quad = _corners((wide, tall), view)
            if any(_overlap(quad, other) for other in plates):
                continue
            if across / wide < 0.6:
                patch = cv2.GaussianBlur(patch, (0, 0), 0.4 * wide / across).astype(np.uint8)
            _lay(picture, patch, mask, view)


def stock_of_decoys(random: Random, count: int) -> list[Decoy]:
    """`count` decoys to choose from."""
    return [decoy(random) for _ in range(count)]


def _lay(picture: Picture, patch: Picture, mask: NDArray[np.float32], view: Any) -> None:
    """Lay `patch` over `picture` where `mask` (0..1) says, both seen through `view`."""
    quad = _corners((patch.shape[1], patch.shape[0]), view)
    left, top = np.clip(np.floor(quad.min(0)), 0, [WIDTH, HEIGHT]).astype(int)
    right, bottom = np.clip(np.ceil(quad.max(0)) + 1, 0, [WIDTH, HEIGHT]).astype(int)
    if right <= left or bottom <= top:
        return
    moved = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], float) @ view
    size = (int(right - left), int(bottom - top))
    seen = cv2.warpPerspective(patch, moved, size)
    soft = cv2.warpPerspective(mask, moved, size)[..., None]
    part = picture[top:bottom, left:right]
    part[:] = part + (seen.astype(np.float32) - part) * soft


def _corners(size: tuple[int, int], view: Any) -> Corners:
    """Where a flat thing of `size` (width, height) comes to lie."""
    wide, tall = size
    edge = np.array([[[0, 0], [wide, 0], [wide, tall], [0, tall]]], np.float32)
    quad: Corners = cv2.perspectiveTransform(edge, view)[0].astype(np.float32)
    return quad


def _one(things: Sequence[Any], random: Random) -> Any:
    return things[int(random.integers(len(things)))]


def _view(
    random: Random, size: tuple[int, int], scale: float, middle: Any, *, wild: bool = False
) -> NDArray[np.float32]:
    """A camera's view of a flat thing of `size` (width, height): `scale`d, its middle at `middle`,
    narrowed and sheared as from aside and above; `wild` also turns it far."""
    wide, tall = size
    turn = random.normal(0, 4)
    if wild and random.random() < 0.25:
        turn = random.uniform(-50, 50)
    narrow = random.uniform(0.6, 1.05) if random.random() < 0.5 else random.uniform(0.92, 1.05)
    shear = random.normal(0, 0.08) + (
        random.choice([-1, 1]) * (1 - narrow) * random.uniform(0, 0.6)
    )
    angle = np.deg2rad(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lean = np.array([[1, random.normal(0, 0.05)], [shear, 1]])
    matrix = rotation @ lean @ np.diag([narrow, random.uniform(0.9, 1.08)]) * scale
    edge = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], float)
    corners = (edge - [wide / 2, tall / 2]) @ matrix.T + middle
    corners += random.normal(0, 0.012 * scale * np.hypot(wide, tall), (4, 2))
    view: NDArray[np.float32] = cv2.getPerspectiveTransform(
        edge.astype(np.float32), corners.astype(np.float32)
    ).astype(np.float32)
    return view


def _box(middle: tuple[float, float], across: float, down: float) -> Corners:
    x, y = middle
    half_w, half_h = across / 2, down / 2
    return np.array(
        [[x - half_w, y - half_h], [x + half_w, y - half_h],
         [x + half_w, y + half_h], [x - half_w, y + half_h]],
        np.float32,
    )  # fmt: skip


def _turned(quad: Corners, degrees: float) -> Corners:
    middle, angle = quad.mean(0), np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned: Corners = ((quad - middle) @ rotation.T + middle).astype(np.float32)
    return turned


def _ratio(plate: Plate) -> float:
    """Its height over its width."""
    tall, wide = plate.picture.shape[:2]
    return float(tall / wide)


def _width(quad: Corners) -> float:
    upper, lower = quad[1] - quad[0], quad[2] - quad[3]
    return max(float(np.hypot(*upper)), float(np.hypot(*lower)))


def _within(quad: Corners, frame: Frame = (0, 0, WIDTH, HEIGHT)) -> bool:
    """Whether all of it is in the frame (left, top, right, bottom), but for a hair."""
    slack = 0.04 * _width(quad)
    return bool(
        (quad > np.array(frame[:2]) - slack).all() and (quad < np.array(frame[2:]) + slack).all()
    )


def _overlaps_picture(quad: Corners) -> bool:
    low, high = quad.min(0), quad.max(0)
    return bool((high > 0).all() and (low < [WIDTH, HEIGHT]).all())


def _overlap(one: Corners, other: Corners) -> bool:
    """Whether their upright boxes do."""
    apart = (one.max(0) < other.min(0)) | (other.max(0) < one.min(0))
    return not bool(apart.any())
