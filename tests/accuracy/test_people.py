"""People on the frozen labels, with the configuration that ships."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
import pytest

from edge_agent.recording import Recording
from edge_agent.scene import Box, Detection, Image, Track
from polewatch.accuracy.matching import Counts, Found, match
from polewatch.accuracy.measurement import Figure, detection_figures, share
from polewatch.accuracy.shipped import PER_SECOND, STRONG, shipped_sight
from polewatch.bench.weather import WEATHERS, Weather
from tests.accuracy.labelled import LabelledClip, LabelledFrame, labelled_clip
from tests.accuracy.reporting import leave

pytestmark = pytest.mark.timeout(900)

SMALL: Final = (25 / 1152, 80 / 1152)
"""Heights of small people in the tiled picture."""

QUARTERS: Final = ((0, 0), (0, 1), (1, 0), (1, 1))
SHIFT: Final = 200
"""Frames by which each quarter of the tiled picture is ahead of the one before."""

FIRST_S: Final = 1.0
"""The tracker reports nobody in its first picture, which a camera sees once in months."""

MODEL_TUNED: Final = (
    "weights on COCO train2017; quantization on 50 COCO pictures; the threshold 0.40 on 20 other "
    "labels of the street clip"
)
SEEN: Final = (
    f"seen while tuning: {MODEL_TUNED}; settings of the windows (values picked on TUD-Campus) and "
    "of the tracker were chosen in the knowledge of this set's figures"
)
HELD_BACK: Final = (
    f"held back: {MODEL_TUNED}; labelled and committed after every setting was chosen, measured "
    "once (recall of tracks 0.976, precision 0.994); then the tracker's faint detections were "
    "taken back for the sake of identities, without a look at what is missed here"
)
FIGURES_KNOWN: Final = (
    f"its figures were known, its misses not looked at: {MODEL_TUNED}; labelled after the settings "
    "of its time, measured (recall of tracks 0.897 in the street, 0.876 of small people), and then "
    "the second look was chosen on the first set and on TUD-Campus"
)
CONDITION: Final = (
    f"{PER_SECOND:g} pictures a second through the shipped sight. *Tracks* are those of tracker "
    "and stillness filter that are seen in the frame, which is what rules get; *detections* what "
    f"the windows give to the tracker, from {STRONG:g} on; *the detector alone* looks at the whole "
    f"picture, without windows, from {STRONG:g} on"
)

VEHICLES: Final = {"car": ("car", "bus", "truck"), "bicycle": ("bicycle", "motorcycle")}
"""Kinds of vehicles and the labels that they answer to."""

CONDITIONS: Final = {"": "tracks", "-detections": "detections", "-detector": "the detector alone"}
"""What is reported side by side: the end of the figures' ids, and what they are of."""


@dataclass
class Tally:
    """The counts of every condition, and what the windows cost."""

    every: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    small: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    vehicles: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    """Those of the tracks, by kind of VEHICLES; only where vehicles are labelled."""
    looked_closer: int = 0
    windows: int = 0
    pictures: int = 0

    @property
    def people(self) -> int:
        return self.every[""].there

    @property
    def small_people(self) -> int:
        return self.small[""].there


@dataclass(frozen=True, slots=True)
class StreetSet:
    """One set of labels of the street clip."""

    stem: str
    suffix: str
    """Of the ids of its figures and measurements."""
    which: str
    """What the titles call it."""
    tuned: str
    people: int
    """How many people count, the first second left out ..."""
    tiled: int
    """... and how many in the tiled picture."""


STREETS: Final = (
    StreetSet("vtest", "", "seen while tuning", SEEN, 471, 455),
    StreetSet("vtest-2", "-2", "second set, its figures known", FIGURES_KNOWN, 242, 242),
    StreetSet("vtest-3", "-3", "held back", HELD_BACK, 165, 165),
)


@pytest.mark.parametrize("labels", STREETS, ids=lambda one: one.stem)
def test_people_in_the_street_are_found(labels: StreetSet) -> None:
    clip, tally = labelled_clip(labels.stem), _measured(labels.stem)
    assert tally.people == labels.people
    frames = sum(frame.number >= FIRST_S * clip.fps for frame in clip.frames)
    leave(
        f"people-1-street{labels.suffix}",
        f"People: street, {labels.which}",
        _figures(f"people-street{labels.suffix}", tally.every),
        footage=(
            f"vtest.avi, {frames} labelled frames ({labels.stem}.json), {tally.people} people of "
            "30 to 165 pixels"
        ),
        condition=CONDITION,
        tuned=labels.tuned,
        test="test_people.py",
    )


def test_people_in_a_room_are_found() -> None:
    clip, tally = labelled_clip("one-by-one"), _measured("one-by-one")
    assert tally.people == clip.counted == 41
    leave(
        "people-2-room",
        "People: indoors, large",
        _figures("people-room", tally.every),
        footage=(
            "one-by-one-person-detection.mp4, 58 labelled frames, 41 people nearly as tall as the "
            "picture"
        ),
        condition=CONDITION,
        tuned=SEEN,
        test="test_people.py",
    )


def test_a_worker_in_a_hall_is_found() -> None:
    clip, tally = labelled_clip("worker"), _measured("worker")
    assert tally.people == clip.counted == 19
    leave(
        "people-2-worker",
        "People: a worker in a hall, figures known",
        _figures("people-worker", tally.every),
        footage="worker-zone-detection.gif, 19 labelled frames of one man, 3.6 s",
        condition=CONDITION,
        tuned=FIGURES_KNOWN,
        test="test_people.py",
    )


def test_what_is_in_a_car_park_is_found() -> None:
    """A car and a bicycle that is pushed, seen from above, and the man who pushes it."""
    clip, tally = labelled_clip("parking"), _measured("parking")
    assert tally.people == clip.counted == 8
    assert [tally.vehicles[kind].there for kind in VEHICLES] == [12, 12]
    figures = [
        *detection_figures("people-parking", tally.every[""], "tracks, people"),
        *(
            figure
            for kind in VEHICLES
            for figure in detection_figures(
                f"parking-{kind}", tally.vehicles[kind], f"tracks, {kind}"
            )
        ),
    ]
    leave(
        "people-4-parking",
        "A car park from above, figures known",
        figures,
        footage=(
            "person-bicycle-car-detection.gif, 12 labelled frames of one car, one bicycle and the "
            "man behind it, 2.2 s"
        ),
        condition=(
            f"{CONDITION}. Car, bus and truck count as car, bicycle and motorcycle as bicycle"
        ),
        tuned=FIGURES_KNOWN,
        test="test_people.py",
    )


@pytest.mark.parametrize("labels", STREETS, ids=lambda one: one.stem)
def test_small_people_in_a_large_picture_are_found(labels: StreetSet) -> None:
    clip = labelled_clip(labels.stem)
    tally = _tally(_tiled(clip), clip.fps)
    assert tally.people == labels.tiled
    closer = share(
        f"people-tiled{labels.suffix}.closer",
        "pictures that needed a closer look",
        tally.looked_closer,
        tally.pictures,
    )
    leave(
        f"people-3-tiled{labels.suffix}",
        f"People: small, in a picture of 1536 by 1152, {labels.which}",
        [
            *_figures(f"people-small{labels.suffix}", tally.small, ", small people"),
            *_figures(f"people-tiled{labels.suffix}", tally.every),
            closer,
        ],
        footage=(
            f"vtest.avi at four times {SHIFT / clip.fps:g} s apart, side by side "
            f"({labels.stem}.json), {tally.people} people, of these {tally.small_people} of 25 to "
            "80 pixels"
        ),
        condition=f"{CONDITION}. Small people are those of 25 to 80 pixels",
        tuned=labels.tuned,
        test="test_people.py",
        notes=[f"{tally.windows / tally.pictures:.2f} windows a picture beside the whole one."],
    )


@pytest.mark.parametrize("weather", WEATHERS)
def test_people_are_looked_for_by_night_and_in_rain(weather: Weather) -> None:
    labels = STREETS[1]
    clip = labelled_clip(labels.stem)
    tally = _tally(_in_order(clip, WEATHERS[weather]), clip.fps)
    assert tally.people == labels.people
    leave(
        f"people-5-{weather}",
        f"People: street, composed {weather}",
        _figures(f"people-{weather}", tally.every),
        footage=f"vtest.avi with drawn {weather} (polewatch/bench/weather.py), {labels.stem}.json",
        condition=CONDITION,
        tuned=FIGURES_KNOWN,
        test="test_people.py",
        notes=["Composed: no footage of a street by night or in rain is at hand."],
    )


def _figures(prefix: str, counts: Mapping[str, Counts], who: str = "") -> list[Figure]:
    return [
        figure
        for suffix, of in CONDITIONS.items()
        for figure in detection_figures(f"{prefix}{suffix}", counts[suffix], f"{of}{who}")
    ]


@cache
def _measured(stem: str) -> Tally:
    clip = labelled_clip(stem)
    return _tally(_in_order(clip, lambda image, _: image), clip.fps)


def _tally(pictures: Iterable[tuple[Image, LabelledFrame | None, float]], fps: float) -> Tally:
    sight, tally = shipped_sight(), Tally()
    for image, labels, media_s in pictures:
        detections = sight.regions.detect(image)
        tracks = sight.tracker.update(detections, media_s, image)
        if labels is None or media_s < FIRST_S - 0.5 / fps:
            continue
        alone = _strong(sight.whole.detect(image))
        said = (_tracked(tracks, "person"), _strong(detections), alone)
        for suffix, found in zip(CONDITIONS, said, strict=True):
            tally.every[suffix] += match(labels.people, labels.ignored, found)
            tally.small[suffix] += match(labels.people, labels.ignored, found, heights=SMALL)
        for kind, names in VEHICLES.items() if labels.vehicles else ():
            there = [box for label, box in labels.vehicles if label in names]
            tally.vehicles[kind] += match(there, (), _tracked(tracks, *names))
    tally.pictures = sight.regions.pictures
    tally.looked_closer, tally.windows = sight.regions.looked_closer, sight.regions.windows
    return tally


def _in_order(
    clip: LabelledClip, changed: Callable[[Image, int], Image]
) -> Iterator[tuple[Image, LabelledFrame | None, float]]:
    """The pictures that are analysed, each `changed`, with the labels where there are any."""
    labels = {frame.number: frame for frame in clip.frames}
    with Recording(clip.video) as recording:
        for frame in recording.frames(PER_SECOND):
            number = round(frame.media_s * clip.fps)
            yield changed(frame.image, number), labels.get(number), frame.media_s


def _tiled(clip: LabelledClip) -> Iterator[tuple[Image, LabelledFrame | None, float]]:
    """Four moments of the clip side by side, twice as wide and high, with their labels."""
    labels = {frame.number: frame for frame in clip.frames}
    with Recording(clip.video) as recording:
        images = [frame.image for frame in recording.frames(clip.fps)]
    step = round(clip.fps / PER_SECOND)
    for start in range(0, len(images) - SHIFT * (len(QUARTERS) - 1), step):
        numbers = [start + SHIFT * quarter for quarter in range(len(QUARTERS))]
        a, b, c, d = (images[number] for number in numbers)
        picture = np.ascontiguousarray(np.vstack([np.hstack([a, b]), np.hstack([c, d])]))
        known = [labels.get(number) for number in numbers]
        yield picture, _side_by_side(start, known), start / clip.fps


def _side_by_side(number: int, quarters: Sequence[LabelledFrame | None]) -> LabelledFrame | None:
    people: list[Box] = []
    ignored: list[Box] = []
    for (row, column), frame in zip(QUARTERS, quarters, strict=True):
        if frame is None:
            return None
        people += [_placed(box, row, column) for box in frame.people]
        ignored += [_placed(box, row, column) for box in frame.ignored]
    return LabelledFrame(number, tuple(people), tuple(ignored))


def _placed(box: Box, row: int, column: int) -> Box:
    return Box((box.x + column) / 2, (box.y + row) / 2, box.w / 2, box.h / 2)


def _tracked(tracks: Iterable[Track], *labels: str) -> list[Found]:
    return [Found(t.box, t.confidence) for t in tracks if t.seen and t.label in labels]


def _strong(detections: Iterable[Detection]) -> list[Found]:
    return [
        Found(d.box, d.confidence)
        for d in detections
        if d.label == "person" and d.confidence >= STRONG
    ]
