"""Cars that drive past a camera: real photographs, moved, blurred and coded.

The car is a photograph that comes closer or goes away; its plate is its own, or is painted over
with a drawn one in every frame, at the frame's own resolution. What is real is the car and how it
is lit; what is not is how it moves, and a drawn plate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Image
from models.train.plates.draw import DrawnPlate, Shapes, draw_plate
from models.train.plates.layout import LAYOUTS, Layout

FPS: Final = 25
WIDTH: Final = 1280
HEIGHT: Final = 720
SECONDS: Final = 3.0
EMPTY_S: Final = 0.5
"""Without the car, before and after."""

SHUTTER_S: Final = 1 / 60
GROUND: Final = 96
_NOISE: Final = 4.0
_CRF: Final = 26

Matrix = NDArray[np.float64]
LONG: Final = ("p7", "p8-film", "p8", "comm")
SHORT: Final = ("p7-short", "p8-short")
TWO_LINES: Final = ("green", "old", "comm-two")


@dataclass(frozen=True, slots=True)
class Car:
    """A photograph below data/plates/korean/scenes, and its plate's corners in pixels, by eye."""

    file: str
    quad: tuple[tuple[float, float], ...]
    layouts: tuple[str, ...] = ()
    """Of the drawn plates that fit it."""
    grey: bool = False
    """An infrared picture."""
    part: tuple[int, int, int, int] | None = None
    """Left, top, right, bottom of what is moved of the photograph, in its pixels; None: all."""


CARS: Final = (
    Car("kairess_1.jpg", ((400, 250), (605, 295), (599, 343), (398, 297)), LONG),
    Car("kairess_4.jpg", ((347, 343), (489, 340), (490, 372), (346, 377)), LONG),
    Car("tipsy_1.jpg", ((237, 100), (308, 102), (308, 120), (237, 118)), LONG),
    Car("tipsy_2.jpg", ((122, 280), (304, 285), (302, 324), (122, 318)), LONG),
    Car(
        "cvlab_30_in_L01_0_20161126_112742_112742_863_108388.jpg",
        ((802, 512), (1018, 535), (1014, 620), (800, 598)),
        SHORT,
        grey=True,
    ),
    Car(
        "cvlab_39_in_L01_0_20170102_110119_110121_984_807171.jpg",
        ((930, 338), (1153, 340), (1151, 450), (930, 446)),
        TWO_LINES,
        grey=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Drive:
    """One passage and its truth."""

    car: Car
    text: str
    plate: DrawnPlate | None
    """None: the photograph's own."""
    narrow_px: float
    wide_px: float
    """The plate's width where the car is furthest and nearest."""
    away: bool
    blur: float
    """How much faster than it seems the car moves, for the blur of the shutter."""
    hold_x: float
    """Where across the frame the plate is when the car is halfway."""
    cross: float = 0.0
    """How much of the frame's width it goes to the right while it passes."""
    seconds: float = SECONDS
    light: float = 1.0
    noise: float = _NOISE
    crf: int = _CRF
    most_smear_px: int = 2
    """Of the shutter, in a direction."""


def drives(count: int, seed: int, shapes: Shapes) -> Iterator[Drive]:
    """Passages of all cars in turn, each with a plate of its own."""
    random = np.random.default_rng(seed)
    layouts = {layout.name: layout for layout in LAYOUTS}
    for number in range(count):
        car = CARS[number % len(CARS)]
        layout: Layout = layouts[car.layouts[(number // len(CARS)) % len(car.layouts)]]
        plate = draw_plate(random, layout, shapes=shapes, worn=False)
        yield Drive(
            car=car,
            text=plate.text,
            plate=plate,
            narrow_px=float(random.uniform(40, 60)),
            wide_px=float(random.uniform(110, 190)),
            away=bool(random.random() < 0.3),
            blur=float(random.uniform(0.5, 2.5)),
            hold_x=float(random.uniform(0.35, 0.65)),
        )


def photographed(cars: Sequence[tuple[Car, str]], seed: int) -> Iterator[Drive]:
    """Each car with its own plate, whose text is known, coming and then going."""
    random = np.random.default_rng(seed)
    for away in (False, True):
        for car, text in cars:
            across = float(np.hypot(*(np.array(car.quad[1]) - np.array(car.quad[0]))))
            yield Drive(
                car=car,
                text=text,
                plate=None,
                narrow_px=float(random.uniform(40, 60)),
                wide_px=min(across, float(random.uniform(110, 190))),
                away=away,
                blur=float(random.uniform(0.5, 2.5)),
                hold_x=float(random.uniform(0.35, 0.65)),
            )


def render(drive: Drive, scenes: Path, seed: int) -> Iterator[Image]:
    """Its frames, `(720, 1280, 3)` uint8 BGR."""
    random = np.random.default_rng(seed)
    photo = cv2.imread(str(scenes / drive.car.file))
    if photo is None:
        raise FileNotFoundError(f"{scenes / drive.car.file}: no picture there")
    if drive.car.part is not None:
        left, top, right, bottom = drive.car.part
        photo = photo[top:bottom, left:right]
    stage = _Stage(drive, np.asarray(photo, np.uint8))
    noises = [
        cv2.resize(random.normal(0, drive.noise, (HEIGHT // 2, WIDTH // 2)), (WIDTH, HEIGHT))
        for _ in range(4)
    ]
    grains = [np.repeat(one[..., None], 3, axis=2).astype(np.int16) for one in noises]
    moving = round(drive.seconds * FPS)
    empty = round(EMPTY_S * FPS)
    for frame in range(moving + 2 * empty):
        at = frame - empty
        seen = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8)
        if 0 <= at < moving:
            seen = stage.at(at / moving)
        if drive.light != 1:
            seen = np.asarray(cv2.convertScaleAbs(seen, alpha=drive.light), np.uint8)
        noisy = cv2.add(seen.astype(np.int16), grains[frame % len(grains)])
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def write(driven: Sequence[Drive], scenes: Path, path: Path, seed: int, width: int = WIDTH) -> None:
    """One passage after the other as H.264, as a camera would send it in its stream of `width`."""
    crf = str(max(drive.crf for drive in driven))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        size = (width, width * HEIGHT // WIDTH)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"crf": crf, "preset": "veryfast", "tune": "zerolatency", "g": "50"}
        images = (image for drive in driven for image in render(drive, scenes, seed))
        for number, image in enumerate(images):
            shown = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            frame = av.VideoFrame.from_ndarray(np.asarray(shown, np.uint8), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


class _Stage:
    """The photograph and the plate, in sizes that need not be made anew for every frame."""

    def __init__(self, drive: Drive, photo: Image) -> None:
        self._drive = drive
        corners = np.array(drive.car.quad, np.float64)
        if drive.car.part is not None:
            corners -= drive.car.part[:2]
        width = float(np.hypot(*(corners[1] - corners[0])))
        self._levels: list[tuple[float, Image, Image | None, Matrix]] = []
        lit = None if drive.plate is None else _lit(drive.car, drive.plate, photo)
        for plate_px in (drive.wide_px, drive.wide_px / 2, drive.wide_px / 4):
            scale = plate_px / width
            small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            plate = None
            if lit is not None:
                shrink = min(1.0, 1.5 * plate_px / lit.shape[1])
                fitted = cv2.resize(lit, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
                plate = np.asarray(fitted, np.uint8)
            self._levels.append((plate_px, np.asarray(small, np.uint8), plate, corners * scale))
        most = drive.most_smear_px
        down, across = (
            max(-most, min(most, round(way / drive.seconds * SHUTTER_S * drive.blur)))
            for way in (0.3 * HEIGHT, drive.cross * WIDTH)
        )
        self._smear = np.zeros((2 * most + 1, 2 * most + 1), np.float32)
        cv2.line(self._smear, (most, most), (most + across, most + down), 1.0, 1)
        self._smear /= self._smear.sum()

    def at(self, along: float) -> Image:
        """The frame at a share of the way, 0..1."""
        drive = self._drive
        near = 1.0 - along if drive.away else along
        wanted = drive.narrow_px * (drive.wide_px / drive.narrow_px) ** near
        fitting = [level for level in self._levels if level[0] >= wanted * 0.99]
        plate_px, photo, plate, corners = fitting[-1]
        scale = wanted / plate_px
        middle = corners.mean(axis=0)
        x = (drive.hold_x + drive.cross * (along - 0.5)) * WIDTH
        y = (0.45 + 0.3 * near) * HEIGHT
        moved: Matrix = np.array(
            [[scale, 0, x - scale * middle[0]], [0, scale, y - scale * middle[1]], [0, 0, 1]]
        )
        size = (WIDTH, HEIGHT)
        seen = cv2.warpAffine(photo, moved[:2], size, borderValue=(GROUND, GROUND, GROUND))
        if plate is not None:
            h, w = plate.shape[:2]
            edge = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
            onto = moved @ cv2.getPerspectiveTransform(edge, corners.astype(np.float32))
            cv2.warpPerspective(plate, onto, size, seen, borderMode=cv2.BORDER_TRANSPARENT)
        half = round(wanted)
        part = np.s_[
            max(0, round(y) - half) : round(y) + half, max(0, round(x) - half) : round(x) + half
        ]
        seen[part] = cv2.filter2D(seen[part], -1, self._smear)
        return np.asarray(seen, np.uint8)


def _lit(car: Car, plate: DrawnPlate, photo: Image) -> Image:
    """The plate as bright as the photograph's own was."""
    corners = np.array(car.quad, np.int32)
    where = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillConvexPoly(where, corners, 255)
    there = float(np.percentile(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)[where > 0], 80))
    image: NDArray[Any] = plate.image
    if car.grey:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    own = float(np.percentile(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 80))
    gain = min(1.6, max(0.5, there / max(own, 1.0)))
    return np.asarray(np.clip(image.astype(np.float32) * gain, 0, 255), np.uint8)
