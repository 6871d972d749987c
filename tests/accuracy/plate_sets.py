"""The labelled Korean plates, and what is measured of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
import yaml

from edge_agent.recording import Recording
from edge_agent.scene import Image
from models.registry import Registry
from polewatch.accuracy.measurement import Figure, share
from polewatch.plates.bench import Labelled
from polewatch.plates.reading import PictureReader
from polewatch.plates.score import Judged, coverage
from tests.accuracy.labelled import LABELS, data, video

FOLDER: Final = LABELS / "plates"
PICTURES: Final = "plates/korean"
WIDE_ENOUGH: Final = 75
"""Pixels of a crop from which on it has a bar."""


@cache
def shipped() -> PictureReader:
    """The shipped models, put together as `polewatch plates read` does."""
    return PictureReader(Registry.default())


def labelled(half: str, kind: str, *, unsure: bool = False) -> list[Labelled]:
    """The pictures of one half and kind that have a text; `unsure` ones or the others."""
    found = []
    for row in _rows():
        fits = row["half"] == half and row["kind"] == kind and bool(row["unsure"]) is unsure
        if fits and row["text"]:
            texts = tuple(row["text"].split("|"))
            found.append(Labelled(row["file"], texts, kind == "scene", ""))
    return found


def in_half(half: str) -> set[str]:
    """The files of one half."""
    return {row["file"] for row in _rows() if row["half"] == half}


def wide_enough(chosen: Sequence[Labelled]) -> list[Labelled]:
    """Those whose picture is at least WIDE_ENOUGH wide."""
    widths = {row["file"]: int(row["width_px"]) for row in _rows()}
    return [one for one in chosen if widths[one.file] >= WIDE_ENOUGH]


def two_lines(judged: Sequence[Judged]) -> list[Judged]:
    """Those whose plate has two lines."""
    with (FOLDER / "two-lines.csv").open(encoding="utf-8", newline="") as lines:
        named = {row["file"] for row in csv.DictReader(lines)}
    return [one for one in judged if one.file in named]


def figures(prefix: str, label: str, judged: Sequence[Judged]) -> list[Figure]:
    """Exact plates, characters, and what can be kept without an error."""
    right = sum(one.characters_right for one in judged)
    kept, _ = coverage(judged, 1.0)
    return [
        share(f"{prefix}.exact", f"exact, {label}", sum(j.right for j in judged), len(judged)),
        share(
            f"{prefix}.characters",
            f"characters, {label}",
            right,
            sum(one.characters for one in judged),
        ),
        share(f"{prefix}.flawless", f"kept without an error, {label}", kept, len(judged)),
    ]


def wrong(judged: Sequence[Judged]) -> list[str]:
    """A line for every plate that was not read as it is."""
    return [
        f"* {one.file.rpartition('/')[2]}: {one.truth} read as "
        f"{one.said or 'nothing'} ({one.confidence:.2f})."
        for one in judged
        if not one.right
    ]


def without_plates() -> Iterator[tuple[str, bool, Image]]:
    """Name, whether foreign plates may be read, and picture, of all footage without Korean ones."""
    listed: list[dict[str, Any]] = yaml.safe_load(
        (FOLDER / "without.yaml").read_text(encoding="utf-8")
    )
    for entry in listed:
        for name, image in _pictures(entry["path"], entry.get("per_second", 1000)):
            yield name, bool(entry["foreign"]), image


def _pictures(path: str, per_second: float) -> Iterator[tuple[str, Image]]:
    name = path.rpartition("/")[2]
    if "." in name:
        with Recording(video(name)) as recording:
            for number, frame in enumerate(recording.frames(per_second)):
                yield f"{name} {number}", frame.image
        return
    for file in sorted(data(path).glob("*.jpg")):
        image = cv2.imread(str(file))
        assert image is not None, f"{file} is no picture"
        yield file.name, np.asarray(image, np.uint8)


@cache
def _rows() -> list[dict[str, str]]:
    with (FOLDER / "halves.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
