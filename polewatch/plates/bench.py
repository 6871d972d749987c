"""Accuracy on a folder of labelled pictures, beside Tesseract on the same plates."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge_agent.plates.find import FoundPlate
from edge_agent.plates.grammar import parse
from edge_agent.plates.locate import PlatePlace
from edge_agent.plates.types import UNREADABLE
from edge_agent.scene import Image
from polewatch.accuracy.intervals import wilson
from polewatch.plates.picture import open_picture
from polewatch.plates.reading import PictureReader
from polewatch.plates.score import Judged, coverage, distance, groups
from wire.plate_text import normalise

PRECISION: Final = 0.995
BETWEEN: Final = "|"
"""Parts the texts of several plates in one picture."""

SCENES: Final = "scene"


class LabelsError(ValueError):
    """The labels cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture and the texts of its readable plates."""

    file: str
    texts: tuple[str, ...]
    scene: bool
    """Whether plates are to be found in it; else it is one plate."""
    type: str
    """By its label; empty where it has none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One group of plates."""

    name: str
    plates: int
    exact: int
    low: float
    high: float
    characters: int
    characters_right: int
    covered: int | None
    """Plates kept at PRECISION; None where the reader tells no confidence."""
    flawless: int | None
    """Plates kept without a single error."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One reader on all plates."""

    reader: str
    judged: tuple[Judged, ...]
    extra: int
    """Plates reported in scenes that no label knows."""

    def rows(self) -> list[Row]:
        """All plates, then by type, then by width."""
        parts = [("all", list(self.judged))]
        parts += groups(self.judged, "kind").items()
        parts += groups(self.judged, "width").items()
        return [_row(name, part) for name, part in parts]


def read_labels(path: Path, where: Mapping[str, str] | None = None) -> list[Labelled]:
    """The labels of a CSV with the columns file and text, and perhaps kind (scene, or a crop) and
    type; several plates of a scene are parted by "|". Pictures without a text are left out, and
    those whose columns are not as `where` says.

    Raises LabelsError naming what is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"{path}: cannot be read as UTF-8 CSV: {error}") from error
    wanted = {"file", "text", *(where or {})}
    missing = wanted - set(rows[0] if rows else ())
    if missing:
        raise LabelsError(f"{path}: no column {', '.join(sorted(missing))} (or no line below it)")
    found = []
    for row in rows:
        if any(row[column] != value for column, value in (where or {}).items()):
            continue
        texts = tuple(normalise(one) for one in (row["text"] or "").split(BETWEEN) if one.strip())
        if texts:
            scene = (row.get("kind") or "").strip() == SCENES
            found.append(Labelled(row["file"], texts, scene, (row.get("type") or "").strip()))
    if not found:
        raise LabelsError(f"{path}: no picture with a text is left to measure")
    return found


def run(
    folder: Path,
    labels: Sequence[Labelled],
    reader: PictureReader,
    peer: Callable[[Sequence[Image]], Sequence[str]] | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Outcome]:
    """Read every labelled picture below `folder`, and each plate that was found with `peer` too.

    Tesseract locates nothing: of scenes it gets the plates that were found, seen from the front,
    and crops as they are. Raises PictureError for a picture that cannot be read.
    """
    judged: list[Judged] = []
    crops: list[Image | None] = []
    extra = 0
    for count, one in enumerate(labels, 1):
        image = open_picture(folder / one.file)
        if one.scene:
            found = list(reader.scene(image))
            for text in one.texts:
                plate = _best(text, found)
                judged.append(_judged(one, text, plate, image))
                crops.append(plate.crop if plate else None)
                if plate:
                    found.remove(plate)
            extra += len(found)
        else:
            alone = reader.crop(image)
            judged.append(_judged(one, one.texts[0], alone, image))
            crops.append(image)
        if progress is not None:
            progress(count / len(labels))
    outcomes = [Outcome("polewatch", tuple(judged), extra)]
    if peer is not None:
        outcomes.append(Outcome("tesseract kor", _peered(judged, crops, peer), 0))
    return outcomes


def _peered(
    judged: Sequence[Judged],
    crops: Sequence[Image | None],
    peer: Callable[[Sequence[Image]], Sequence[str]],
) -> tuple[Judged, ...]:
    there = [i for i, crop in enumerate(crops) if crop is not None]
    texts = dict(zip(there, peer([crop for crop in crops if crop is not None]), strict=True))
    return tuple(
        Judged(one.file, one.truth, texts.get(i, ""), 0.0, one.kind, one.width)
        for i, one in enumerate(judged)
    )


def _judged(one: Labelled, text: str, plate: FoundPlate | None, image: Image) -> Judged:
    if plate is None or plate.read.type == "none":
        return Judged(one.file, text, "", 0.0, _kind(one, text), float(image.shape[1]))
    width = _width(plate.place, image)
    said, confidence = plate.read.text, plate.read.confidence
    return Judged(one.file, text, said, confidence, _kind(one, text), width)


def _best(text: str, found: Iterable[FoundPlate]) -> FoundPlate | None:
    """The plate that says `text`, or comes nearest with at least half of it."""
    near = [(distance(text, one.read.text), -one.read.confidence, one) for one in found]
    near = [one for one in near if one[0] <= len(text) / 2]
    return min(near, key=lambda one: one[:2])[2] if near else None


def _kind(one: Labelled, text: str) -> str:
    if one.type:
        return one.type
    forms = parse(text)
    return forms[0].type if forms and UNREADABLE not in text else "other"


def _width(place: PlatePlace, image: Image) -> float:
    corners = np.array(place.quad) * (image.shape[1], image.shape[0])
    return max(math.dist(corners[0], corners[1]), math.dist(corners[3], corners[2]))


def _row(name: str, judged: Sequence[Judged]) -> Row:
    exact = sum(one.right for one in judged)
    low, high = wilson(exact, len(judged))
    told = any(one.confidence for one in judged)
    return Row(
        name,
        len(judged),
        exact,
        low,
        high,
        sum(one.characters for one in judged),
        sum(one.characters_right for one in judged),
        coverage(judged, PRECISION)[0] if told else None,
        coverage(judged, 1.0)[0] if told else None,
    )
