"""Korean plates: crops, scenes, the masked hard set, and footage without plates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from polewatch.accuracy.intervals import poisson_upper
from polewatch.accuracy.measurement import Figure, share
from polewatch.plates import tesseract
from polewatch.plates.bench import Labelled, Outcome, run
from polewatch.plates.score import Judged
from tests.accuracy.labelled import data
from tests.accuracy.plate_sets import (
    PICTURES,
    WIDE_ENOUGH,
    figures,
    labelled,
    shipped,
    two_lines,
    wide_enough,
    without_plates,
    wrong,
)
from tests.accuracy.reporting import leave

pytestmark = pytest.mark.timeout(900)

TUNED: Final = (
    "the development half, and what the networks learned from: drawn plates on composed pictures, "
    "no picture of this set; earlier weights of the reader had been measured on the frozen half, "
    "and nothing was tuned on it"
)
FEW: Final = (
    "Almost all real plates at hand are private ones of seven characters; eight-digit, commercial "
    "and two-line ones are a dozen together. A few cars appear in two or three crops: the "
    "intervals are too narrow."
)


def _measured(chosen: Sequence[Labelled], *, peer: bool = False) -> list[Outcome]:
    if peer:
        tesseract.require()
    return run(data(PICTURES), chosen, shipped(), tesseract.read if peer else None)


def _exact(name: str, label: str, judged: Sequence[Judged]) -> Figure:
    return share(name, label, sum(one.right for one in judged), len(judged))


def _listed(judged: Sequence[Judged]) -> list[str]:
    """One note with every wrong read; none without one."""
    lines = wrong(judged)
    return ["\n".join(lines)] if lines else []


def test_crops() -> None:
    ours, peer = _measured(wide_enough(labelled("frozen", "crop")), peer=True)
    (seen,) = _measured(wide_enough(labelled("development", "crop")))
    lines = two_lines(ours.judged) + two_lines(seen.judged)
    leave(
        "plates-1-crops",
        "Plates: real crops",
        [
            *figures("plates-crops", "frozen half", ours.judged),
            _exact("plates-crops.two-line", "exact, two lines, both halves", lines),
            _exact("plates-crops.development", "exact, development half", seen.judged),
            _exact("plates-crops.tesseract", "Tesseract kor, exact, frozen half", peer.judged),
        ],
        footage=(
            f"crops of data/plates/korean at least {WIDE_ENOUGH} pixels wide, texts checked by "
            "eye; two-line ones named by eye"
        ),
        condition="`plates bench`: each picture is one plate, read as it is and as located in it",
        tuned=TUNED,
        test="test_plates.py",
        model=shipped().models,
        notes=[FEW, *_listed([*ours.judged, *seen.judged])],
    )


def test_scenes() -> None:
    (ours,) = _measured(labelled("frozen", "scene"))
    (unsure,) = _measured(
        labelled("frozen", "scene", unsure=True) + labelled("development", "scene", unsure=True)
    )
    (seen,) = _measured(labelled("development", "scene"))
    leave(
        "plates-2-scenes",
        "Plates: scenes, located and read",
        [
            _exact("plates-scenes.exact", "exact, frozen half", ours.judged),
            _exact("plates-scenes.development", "exact, development half", seen.judged),
            _exact("plates-scenes.unsure", "exact, labels unsure, both halves", unsure.judged),
        ],
        footage="scenes of data/plates/korean: every plate that a person can read in them",
        condition="`plates bench`: vehicles found, plates located in them and in the whole picture",
        tuned=TUNED,
        test="test_plates.py",
        model=shipped().models,
        notes=[
            FEW,
            f"Reported beside the labelled ones: {ours.extra} in the frozen half, {seen.extra} in "
            "the development half (hanium_m1.jpg has its plate pasted in twice more).",
            *_listed([*ours.judged, *seen.judged, *unsure.judged]),
        ],
    )


def test_masked() -> None:
    (ours,) = _measured(labelled("frozen", "masked crop"))
    (seen,) = _measured(labelled("development", "masked crop"))
    (unsure,) = _measured(
        labelled("frozen", "masked crop", unsure=True)
        + labelled("development", "masked crop", unsure=True)
    )
    leave(
        "plates-2-masked",
        "Plates: the masked hard set",
        [
            *figures("plates-masked", "frozen half", ours.judged),
            _exact("plates-masked.development", "exact, development half", seen.judged),
            _exact("plates-masked.unsure", "exact, labels unsure, both halves", unsure.judged),
        ],
        footage=(
            "hard pictures (night, infrared, film, dirt, old and rare types), one digit of each "
            "masked by their publisher: anything may be read there"
        ),
        condition="`plates bench`: each picture is one plate, read as it is and as located in it",
        tuned=TUNED,
        test="test_plates.py",
        model=shipped().models,
        notes=_listed([*ours.judged, *seen.judged, *unsure.judged]),
    )


def test_footage_without_plates() -> None:
    pictures, false = 0, []
    for name, foreign, image in without_plates():
        pictures += 1
        for plate in shipped().scene(image):
            if not (foreign and plate.read.type == "foreign"):
                false.append(f"* {name}: {plate.read.text} ({plate.read.confidence:.2f}).")
    leave(
        "plates-4-footage",
        "Plates: what is taken for one",
        [
            Figure(
                id="plates-none.false",
                label="false plates per 1,000 pictures",
                value=1000 * len(false) / pictures,
                high=poisson_upper(len(false), pictures / 1000),
                basis=f"{len(false)} in {pictures} pictures",
                unit="/1000",
            )
        ],
        footage=(
            "every picture of a street, a road, rooms and a yard, and of 50 COCO pictures, none of "
            "which shows a Korean plate (tests/accuracy/labels/plates/without.yaml)"
        ),
        condition="as `plates read`: each picture on its own, any read that is reported counts",
        tuned=(
            "nothing on these pictures, but for the reader: it learned what is no plate from 24 "
            "frames of one-by-one-person-detection.mp4 among others"
        ),
        test="test_plates.py",
        model=shipped().models,
        notes=["\n".join(false)] if false else [],
    )
