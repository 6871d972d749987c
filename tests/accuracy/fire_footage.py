"""Held-back clips of fire and smoke, and those put together of them (labels/fire/clips.yaml)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from models.train.fire.crops import Still, read, stills
from tests.accuracy.labelled import LABELS, STREET, data, street
from tests.support import fire_scenes as scenes
from tests.support.fire_lookalikes import NEGATIVES, spoiled
from tests.support.fire_scenes import Corners, Picture, Spot

COMPOSED: Final = {"fire": 24, "smoke": 20}
COMPOSED_S: Final = 16.0
COMPOSED_START_S: Final = 4.0
NEGATIVE_S: Final = 60.0
SEED: Final = 411


def real(kind: str, folder: Path) -> Iterator[tuple[Path, float]]:
    """Each real clip of `kind`, and when it begins to burn or smoke."""
    for clip in _listed()["clips"]:
        if clip["kind"] != kind:
            continue
        if "video" in clip:
            yield data(clip["video"]), clip["start_s"]
            continue
        pictures = [read(_path(still)) for still in _series(clip)]
        if "scene" in clip:
            pictures = [_scene(clip)] * clip["scene_s"] + pictures
        path = folder / f"{clip['name']}.mp4"
        yield scenes.write(path, iter(pictures), 1), clip["start_s"]


def composed(kind: str, folder: Path) -> Iterator[Path]:
    """COMPOSED[kind] clips in which it burns or smokes from COMPOSED_START_S on."""
    chance = random.Random(SEED if kind == "fire" else SEED + 1)
    donors = [_layers(donor, kind) for donor in _listed()["donors"][kind]]
    for number in range(COMPOSED[kind]):
        layers, per_second = donors[number % len(donors)]
        spot = Spot(
            chance.uniform(0.2, 0.8),
            chance.uniform(0.55, 0.95),
            chance.uniform(0.12, 0.4) if kind == "fire" else chance.uniform(0.5, 0.9),
        )
        pictures = scenes.over(
            _background(number % len(_listed()["backgrounds"])),
            layers,
            spot,
            COMPOSED_S,
            start_s=COMPOSED_START_S,
            grow_s=chance.uniform(3, 9),
            per_second=per_second,
            fire=kind == "fire",
        )
        yield scenes.write(folder / f"composed-{kind}-{number:02}.mp4", pictures)


def negative(number: int) -> tuple[str, Iterator[Picture]]:
    """Clip `number` of what is taken for fire and smoke, NEGATIVE_S long: its name and pictures,
    RATE a second. The same number is the same clip."""
    chance = random.Random(SEED + 1000 * number)
    paint = NEGATIVES[number % len(NEGATIVES)]
    spot = Spot(chance.uniform(0.2, 0.8), chance.uniform(0.5, 0.95), chance.uniform(0.12, 0.4))
    # Each kind meets each background in turn.
    turn = (number + number // len(NEGATIVES)) % len(_listed()["backgrounds"])
    pictures = spoiled(_background(turn), paint, spot, number, NEGATIVE_S)
    return f"{paint.__name__.replace('_', '-')}-{number:03}", pictures


def _layers(donor: dict[str, Any], kind: str) -> tuple[list[scenes.Layer], float]:
    per_second: float = donor["per_second"]
    if "video" in donor:
        pictures = scenes.frames(data(donor["video"]), donor["first"], donor["last"])
        return scenes.flame_layers(pictures), per_second
    if "still" in donor:
        return scenes.flame_layers([read(data(donor["still"]))], [donor["box"]]), per_second
    pairs = [(read(_path(still)), _largest(still, kind)) for still in _series(donor)]
    shown = [(picture, box) for picture, box in pairs if box]
    pictures, boxes = [picture for picture, _ in shown], [box for _, box in shown]
    if kind == "fire":
        return scenes.flame_layers(pictures, boxes), per_second
    return scenes.smoke_layers(pictures, _scene(donor), boxes), per_second


def _largest(still: Still, kind: str) -> Corners:
    """The publisher's largest box of `kind`; empty when there is none."""
    boxes = still.fire if kind == "fire" else still.smoke
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=())


@cache
def _listed() -> dict[str, Any]:
    text = (LABELS / "fire/clips.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


@cache
def _background(number: int) -> Any:
    entry = _listed()["backgrounds"][number]
    if "folder" in entry:
        pictures = [read(file) for file in sorted(data(entry["folder"]).glob("*.*"))]
    else:
        video = street() if entry["video"] == STREET.name else data(entry["video"])
        pictures = scenes.frames(video, entry["first"], entry["last"])
    return scenes.looped(pictures, entry["rate"])


def _series(entry: dict[str, Any]) -> list[Still]:
    numbered = []
    for still in _of_group(entry["group"]):
        number = _number(still.file, entry["series"])
        if number is not None and entry["first"] <= number <= entry["last"]:
            numbered.append((number, still.file, still))
    assert numbered, f"no pictures of {entry}"
    return [still for _, _, still in sorted(numbered, key=lambda found: found[:2])]


def _scene(entry: dict[str, Any]) -> Picture:
    (still, *_) = _series(entry | {"first": entry["scene"], "last": entry["scene"]})
    return read(_path(still))


def _number(file: str, series: str) -> int | None:
    """The number of a file like `img_335_jpg.rf.….jpg` or `fire2_mp4-60_jpg.rf.….jpg`."""
    head = file.partition("_jpg")[0]
    name, number = head[: len(series)], head[len(series) + 1 :]
    return int(number) if name == series and number.isdigit() else None


@cache
def _of_group(group: str) -> tuple[Still, ...]:
    return tuple(s for s in stills(data("fire/cctv_fire")) if s.group == group)


def _path(still: Still) -> Path:
    return data(f"fire/cctv_fire/images/{still.file}")
