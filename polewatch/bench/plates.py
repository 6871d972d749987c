"""How fast plates are read, and in how much memory, beside Tesseract on the same plates."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.plates.locate import WHOLE
from edge_agent.scene import Image
from models.registry import Registry
from polewatch.plates import tesseract
from polewatch.plates.picture import open_picture

PICTURES: Final = ("*.jpg", "*.jpeg", "*.png")
VEHICLE: Final = (360, 480)
"""Height and width of a vehicle crop in pixels, as 1080p shows a car at ten metres."""

_WARM: Final = 5


@dataclass(frozen=True, slots=True)
class Speed:
    """One step of one reader: milliseconds of one core, whatever else the machine does."""

    name: str
    ms: float
    """Median over the pictures."""
    slow_ms: float
    """What nine of ten stay under."""
    megabytes: float
    """Resident memory of a process that does only this, at its most."""


def measure(crops: Path, scenes: Path, most: int, *, peer: bool) -> list[Speed]:
    """This project's reader, its locator, both together, and Tesseract, each alone in a process of
    its own and one after the other.

    `crops` holds pictures of one plate each and `scenes` pictures with vehicles; at most `most` of
    each are used. Raises FileNotFoundError naming a folder without pictures, ModelError,
    PictureError, and TesseractError with the remedy.
    """
    plates = _files(crops, most)
    streets = _files(scenes, most)
    steps: list[tuple[Callable[[Sequence[Path]], Speed], Sequence[Path]]] = [
        (_reading, plates),
        (_locating, streets),
        (_finding, streets),
    ]
    if peer:
        tesseract.require()
        steps.append((_tesseract, plates))
    context = multiprocessing.get_context("spawn")
    found = []
    for step, files in steps:
        with context.Pool(1) as alone:
            found.append(alone.apply(step, (files,)))
    return found


def _reading(files: Sequence[Path]) -> Speed:
    from edge_agent.plates.reader import PlateReader

    reader = PlateReader(Registry.default())
    return _timed(
        "read a plate", lambda crop: reader.read([crop]), [open_picture(f) for f in files]
    )


def _locating(files: Sequence[Path]) -> Speed:
    from edge_agent.plates.locate import PlateLocator

    locator = PlateLocator(Registry.default())
    return _timed("locate in a vehicle crop", locator.locate, _vehicles(files))


def _finding(files: Sequence[Path]) -> Speed:
    from edge_agent.plates.find import PlateFinder
    from edge_agent.plates.locate import PlateLocator
    from edge_agent.plates.reader import PlateReader

    registry = Registry.default()
    finder = PlateFinder(PlateLocator(registry), PlateReader(registry))
    name = "locate, look closer and read"
    return _timed(name, lambda crop: finder.find(crop, (WHOLE,)), _vehicles(files))


def _tesseract(files: Sequence[Path]) -> Speed:
    """One process for all plates, so that its start is shared; hence no spread."""
    crops = [open_picture(file) for file in files]
    tesseract.read(crops)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    ms = (spent.ru_utime + spent.ru_stime) * 1000 / len(crops)
    return Speed("tesseract kor, a plate", ms, ms, spent.ru_maxrss / 1024)


def _timed(name: str, work: Callable[[Image], object], images: Sequence[Image]) -> Speed:
    cv2.setNumThreads(1)
    for image in images[:_WARM]:
        work(image)
    spent = []
    for image in images:
        began = time.thread_time()
        work(image)
        spent.append((time.thread_time() - began) * 1000)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slow = float(np.quantile(spent, 0.9))
    return Speed(name, statistics.median(spent), slow, kilobytes / 1024)


def _vehicles(files: Sequence[Path]) -> list[Image]:
    """Each scene at the size of a vehicle crop: what is in it does not change the time."""
    return [np.asarray(cv2.resize(open_picture(file), VEHICLE[::-1]), np.uint8) for file in files]


def _files(folder: Path, most: int) -> list[Path]:
    found = sorted(file for pattern in PICTURES for file in folder.glob(pattern))[:most]
    if not found:
        raise FileNotFoundError(f"{folder}: no pictures; name a folder that has some")
    return found
