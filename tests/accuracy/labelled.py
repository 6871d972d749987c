"""The labels of this folder, and the clips that they are about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from edge_agent.scene import Box

ROOT: Final = Path(__file__).resolve().parents[2]
LABELS: Final = Path(__file__).parent / "labels"
DATA: Final = ROOT.parent / "shared" / "data"
STREET: Final = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """Who is in one frame, boxes in fractions of it."""

    number: int
    people: tuple[Box, ...]
    ignored: tuple[Box, ...]
    vehicles: tuple[tuple[str, Box], ...] = ()
    """Label and box of every vehicle, in clips where they are labelled."""


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A clip of which some frames are labelled."""

    video: Path
    width: int
    height: int
    fps: float
    frames: tuple[LabelledFrame, ...]

    @property
    def counted(self) -> int:
        return sum(len(frame.people) for frame in self.frames)


def data(name: str) -> Path:
    """A file or folder of the shared footage; fails with the remedy where it is missing."""
    path = DATA / name
    if not path.exists():
        pytest.fail(
            f"{path} is not here. Put the footage that docs/reference/accuracy.md names into "
            f"{DATA}; it may not be published with the code."
        )
    return path


def street() -> Path:
    """OpenCV's street clip; fails with the remedy where it is missing."""
    if not STREET.is_file():
        pytest.fail(f"{STREET} is not here. Install it by: apt install opencv-doc")
    return STREET


def video(name: str) -> Path:
    """The labelled clip of this file name."""
    return street() if name == STREET.name else data(f"video/{name}")


def labelled_clip(stem: str) -> LabelledClip:
    """The labels `stem`.json; fails when the clip here is another one than was labelled."""
    document: dict[str, Any] = json.loads((LABELS / f"{stem}.json").read_text())
    path = video(document["file"])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == document["sha256"], f"{path} is another clip than the one that was labelled"
    width, height = document["width"], document["height"]
    frames = [
        LabelledFrame(
            frame["frame"],
            _boxes(frame["people"], width, height, ignored=False),
            _boxes(frame["people"], width, height, ignored=True),
            tuple(
                (vehicle["label"], box)
                for vehicle in frame.get("vehicles", [])
                for box in _boxes([vehicle], width, height, ignored=False)
            ),
        )
        for frame in document["frames"]
    ]
    return LabelledClip(path, width, height, document["fps"], tuple(frames))


def zones(stem: str = "zones") -> dict[str, Any]:
    """The document `stem`.json: zones, the stays in them and the events that follow."""
    document: dict[str, Any] = json.loads((LABELS / f"{stem}.json").read_text())
    return document


def _boxes(
    people: list[dict[str, Any]], width: int, height: int, *, ignored: bool
) -> tuple[Box, ...]:
    return tuple(
        Box(x / width, y / height, w / width, h / height)
        for person in people
        if person.get("ignore", False) is ignored
        for x, y, w, h in [person["box"]]
    )
