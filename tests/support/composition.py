"""Real objects laid into real video: what somebody who passes there leaves behind, or takes away.

An object is cut from a real picture and stands on the ground of a real clip over a span of its
frames. Whoever passes in front hides it, found by the difference to the empty scene; the camera's
own exposure darkens it, and the result goes through H.264 like any recording. Where and when is
written in a list, so that the footage is the same in every run.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Picture = NDArray[np.uint8]
Pixels = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""

_DIFFERS: Final = 28
"""Levels by which a pixel differs from the empty scene where somebody passes."""

_CUT_SIDE: Final = 200


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectCut(_Entry):
    """An object in a picture."""

    image: str
    box: Pixels
    outline: Literal["grabcut", "ellipse", "box"]


class Effect(_Entry):
    """Something that happens to the whole picture, or to a part of it, from one frame to another.

    `gain` brightens or darkens by `strength`; `shade` does so within `box` alone; `shake` moves the
    picture by up to `strength` pixels; `hold` keeps what `box` showed at the first frame in place.
    """

    kind: Literal["gain", "shade", "shake", "hold"]
    first: int
    last: int
    strength: float = 1.0
    box: Pixels | None = None


class Scene(_Entry):
    """One composed clip; frames are counted in it from 0, boxes are pixels of its video."""

    name: str
    part: Literal["develop", "held"]
    kind: Literal["drop", "pickup", "removal", "light", "shade", "shake", "stopped"]
    video: str
    empty: tuple[int, ...] = ()
    """Frames of the video that show nobody; without them the median of all frames is the scene."""
    pieces: tuple[tuple[int, int], ...]
    """Frames of the video, both ends included; backwards when the first is the greater."""
    object: str | None = None
    box: Pixels | None = None
    there: tuple[int, int] | None = None
    """The first and the last frame with the object."""
    carrier: Literal["person", "vehicle"] = "person"
    left: int | None = None
    """The frame in which the carrier was more than a height away, or out of the picture."""
    effect: Effect | None = None

    def staged(self) -> Staged:
        """The same clip in the form of the second list."""
        things: tuple[Thing, ...] = ()
        if self.object is not None:
            thing = {"name": self.name, "kind": self.kind, "object": self.object}
            when = {"box": self.box, "there": self.there, "left": self.left}
            things = (Thing.model_validate({**thing, **when, "carrier": self.carrier}),)
        folder = "" if self.video == "vtest.avi" else "video/"
        return Staged(
            name=self.name,
            video=f"{folder}{self.video}",
            empty=self.empty,
            pieces=self.pieces,
            things=things,
            effect=self.effect,
        )


class Scenes(_Entry):
    """A list of clips with one event each."""

    objects: dict[str, ObjectCut]
    scenes: tuple[Scene, ...]

    def staging(self, part: str) -> Staging:
        """One half of the list in the form of the second one."""
        clips = tuple(scene.staged() for scene in self.scenes if scene.part == part)
        return Staging(objects=self.objects, clips=clips)


class Thing(_Entry):
    """An object of a staged clip."""

    name: str
    kind: Literal["drop", "pickup", "removal", "attended"]
    object: str
    box: Pixels
    there: tuple[int, int]
    """The first and the last frame with the object."""
    left: int | None = None
    """As of a scene; None where its owner never leaves it for long."""
    carrier: Literal["person", "vehicle"] = "person"


class Staged(_Entry):
    """A composed clip with any number of events; frames are counted in it from 0."""

    name: str
    video: str
    """Below the folder of the shared data, or the street clip."""
    mirrored: bool = False
    """Left and right exchanged; boxes are pixels of the mirrored picture."""
    empty: tuple[int, ...] = ()
    pieces: tuple[tuple[int, int], ...]
    things: tuple[Thing, ...] = ()
    effect: Effect | None = None


class Staging(_Entry):
    """A list of clips with several events each."""

    objects: dict[str, ObjectCut]
    clips: tuple[Staged, ...]


@dataclass(frozen=True, slots=True)
class Cutout:
    """An object without its surroundings."""

    image: Picture
    alpha: NDArray[np.float32]

    def sized(self, width: int, height: int) -> Cutout:
        """The object at another size."""
        size = (width, height)
        return Cutout(
            np.asarray(cv2.resize(self.image, size, interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(cv2.resize(self.alpha, size, interpolation=cv2.INTER_AREA), np.float32),
        )


def cut_out(folder: Path, what: ObjectCut) -> Cutout:
    """Cut the object from its picture. Raises FileNotFoundError when that is missing."""
    read = cv2.imread(str(folder / what.image))
    if read is None:
        raise FileNotFoundError(folder / what.image)
    picture = np.asarray(read, np.uint8)
    x, y, w, h = what.box
    rim = max(6, round(0.15 * max(w, h)))
    left, top = max(0, x - rim), max(0, y - rim)
    whole = picture[top : y + h + rim, left : x + w + rim]
    scale = min(1.0, _CUT_SIDE / max(whole.shape[:2]))
    shrunk = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    part: Picture = np.asarray(shrunk, np.uint8)
    rows, columns = part.shape[:2]
    x0, y0 = round((x - left) * scale), round((y - top) * scale)
    x1, y1 = min(columns - 1, x0 + round(w * scale)), min(rows - 1, y0 + round(h * scale))
    alpha = np.zeros((rows, columns), np.float32)
    if what.outline == "box":
        alpha[y0:y1, x0:x1] = 1
    elif what.outline == "ellipse":
        middle, half = ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2)
        cv2.ellipse(alpha, middle, half, 0, 0, 360, (1.0,), -1)
    else:
        alpha[_grabcut(part, (x0, y0, x1 - x0, y1 - y0))] = 1
    solid = np.argwhere(alpha > 0)
    (top, left), (bottom, right) = solid.min(axis=0), solid.max(axis=0) + 1
    return Cutout(part[top:bottom, left:right], alpha[top:bottom, left:right])


def compose(
    clip: Staged, video: Path, cutouts: Mapping[str, Cutout], out: Path
) -> tuple[float, tuple[int, int]]:
    """Write the composed clip to `out` (MP4); returns frames per second, and width and height.

    `cutouts` by the name of the object.
    """
    frames = _frames(video)
    numbers = [n for piece in clip.pieces for n in _span(*piece)]
    empty = _turned(_empty(video, clip.empty), mirrored=clip.mirrored)
    laid = [(thing, cutouts[thing.object].sized(*thing.box[2:])) for thing in clip.things]
    effect = clip.effect
    random = np.random.default_rng(len(numbers))
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(frames.rate).limit_denominator(1000))
        stream.height, stream.width = frames.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "20"}
        held = None
        for index, number in enumerate(numbers):
            picture = _turned(frames[number], mirrored=clip.mirrored)
            for thing, cutout in laid:
                if thing.there[0] <= index <= thing.there[1]:
                    picture = _lay(picture, cutout, thing.box, empty)
            if effect is not None and effect.first <= index <= effect.last:
                if effect.kind == "hold" and held is None:
                    held = _held(picture, empty, effect.box)
                picture = _apply(effect, picture, held, random)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return frames.rate, (frames.shape[1], frames.shape[0])


def _turned(picture: Picture, *, mirrored: bool) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture


def _grabcut(part: Picture, box: Pixels) -> NDArray[np.bool_]:
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(part, mask, box, *models, 5, cv2.GC_INIT_WITH_RECT)
    found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found)
    return np.asarray(labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA]))


class _Frames:
    """The decoded frames of a clip in any order, kept in a file: clips run backwards too."""

    def __init__(self, video: Path) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the clip
        self._count = 0
        self.shape: tuple[int, ...] = ()
        """Height, width and channels."""
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            self.rate = float(stream.average_rate or 10)
            """Frames a second."""
            for frame in container.decode(stream):
                picture = frame.to_ndarray(format="bgr24")
                self.shape = picture.shape
                self._file.write(picture.tobytes())
                self._count += 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Picture:
        if not 0 <= number < self._count:
            raise IndexError(number)
        size = math.prod(self.shape)
        self._file.seek(number * size)
        return np.frombuffer(self._file.read(size), np.uint8).reshape(self.shape)


@lru_cache(maxsize=1)
def _frames(video: Path) -> _Frames:
    return _Frames(video)


def _span(first: int, last: int) -> Iterator[int]:
    step = 1 if last >= first else -1
    yield from range(first, last + step, step)


@lru_cache(maxsize=4)
def _empty(video: Path, named: tuple[int, ...]) -> Picture:
    frames = _frames(video)
    chosen = [frames[n] for n in named or range(0, len(frames), 20)]
    return np.asarray(np.median(np.stack(chosen), axis=0), np.uint8)


def _gain(picture: Picture, empty: Picture) -> float:
    """The exposure of a picture against the empty scene's."""
    return float(np.median(picture[::8, ::8])) / max(1.0, float(np.median(empty[::8, ::8])))


def _passing(picture: Picture, empty: Picture, gain: float) -> NDArray[np.uint8]:
    """Where somebody is, 0 or 1."""
    differs = cv2.absdiff(picture, cv2.convertScaleAbs(empty, alpha=gain)).max(axis=2) > _DIFFERS
    return np.asarray(
        cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)),
        np.uint8,
    )


def _lay(picture: Picture, laid: Cutout, box: Pixels, empty: Picture) -> Picture:
    """The object on the ground; whoever's feet are nearer to the camera hides it."""
    x, y, w, h = box
    ground = y + h
    top, left = max(0, y - 20), max(0, x - 60)
    near = slice(top, ground + 40), slice(left, x + w + 60)
    passing = _passing(picture[near], empty[near], _gain(picture, empty))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(passing)
    front = stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT] >= ground - top
    front[0] = False
    front &= stats[:, cv2.CC_STAT_AREA] > 60
    hidden = front[labels[y - top : ground - top, x - left : x - left + w]].astype(np.float32)
    alpha = cv2.GaussianBlur(laid.alpha, (3, 3), 0) * (1 - hidden)
    out = picture.copy()
    part = out[y:ground, x : x + w].astype(np.float32)
    shown = np.clip(laid.image * min(1.2, _gain(picture, empty)), 0, 255)
    out[y:ground, x : x + w] = (part + alpha[..., None] * (shown - part)).astype(np.uint8)
    return out


def _held(picture: Picture, empty: Picture, box: Pixels | None) -> tuple[Picture, Picture]:
    """What `box` shows, and where within the whole picture that is."""
    assert box is not None
    x, y, w, h = box
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[y : y + h, x : x + w] = _passing(picture, empty, _gain(picture, empty))[
        y : y + h, x : x + w
    ]
    return picture.copy(), mask


def _apply(
    effect: Effect,
    picture: Picture,
    held: tuple[Picture, Picture] | None,
    random: np.random.Generator,
) -> Picture:
    if effect.kind == "gain":
        return np.asarray(np.clip(picture * effect.strength, 0, 255), np.uint8)
    if effect.kind == "shade":
        assert effect.box is not None
        x, y, w, h = effect.box
        mask = np.zeros(picture.shape[:2], np.float32)
        cv2.ellipse(mask, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, (1.0,), -1)
        weight = 1 + (effect.strength - 1) * cv2.GaussianBlur(mask, (15, 15), 0)
        return np.asarray(np.clip(picture * weight[..., None], 0, 255), np.uint8)
    if effect.kind == "shake":
        dx, dy = random.uniform(-effect.strength, effect.strength, 2)
        shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        size = (picture.shape[1], picture.shape[0])
        moved = cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)
    assert held is not None
    noise = random.normal(0, 1.5, picture.shape)
    still = np.clip(held[0] + noise, 0, 255).astype(np.uint8)
    return np.asarray(np.where(held[1][..., None] > 0, still, picture), np.uint8)
