"""The tracker beside other libraries' on the same detections, in one run."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import cv2

from edge_agent.recording import Recording
from edge_agent.scene import NO_PICTURE, Detection, Image
from edge_agent.sight.camera_sight import shipped_detector
from edge_agent.sight.identities import Identities
from edge_agent.sight.tracker import Tracker
from edge_agent.sight.two_scales import SeesAtSize, TwoScales
from models.registry import Registry
from polewatch.bench.environment import PEERS, PeerError, peer_python
from polewatch.bench.mot import Corners, Frames, TrackScore, iou_table, read_mot, score

PEER_SETTINGS: Final[Mapping[str, Sequence[Mapping[str, float]]]] = {
    "norfair": [
        {
            "distance_threshold": distance,
            "hit_counter_max": 15,
            "initialization_delay": delay,
            "least_score": least,
        }
        for distance in (0.5, 0.7)
        for delay in (1, 3)
        for least in (0.3, 0.4, 0.5)
    ],
    "trackers": [
        {
            "track_activation_threshold": activation,
            "high_conf_det_threshold": high,
            "minimum_iou_threshold": overlap,
        }
        for activation, high in ((0.7, 0.6), (0.5, 0.4), (0.6, 0.5), (0.55, 0.4))
        for overlap in (0.1, 0.2)
    ],
}
"""What each peer is tried with; its best by IDF1 + MOTA is shown, chosen on the data itself. The
first of trackers is its own default; norfair has none for the score."""

BEHIND_THE_WINDOW: Final[Corners] = (71, 213, 97, 245)
"""Where somebody sits inside the building through all of TUD-Campus, left, top, right and bottom in
pixels. Its truth has the passers-by alone: who finds him is neither right nor wrong."""

TITLES: Final = {"norfair": "norfair", "trackers": "trackers ByteTrack"}


@dataclass(frozen=True, slots=True)
class LabelledSequence:
    """One labelled sequence with the detections that every tracker gets."""

    name: str
    rate: float
    """Pictures a second."""
    boxes: list[list[list[float]]]
    """For each frame left, top, right, bottom in pixels and the confidence of every person."""
    detections: list[list[Detection]]
    size: tuple[int, int]
    truth: Frames
    """By frame number from 1."""
    ignored: Frames
    """Labelled boxes that count neither for nor against."""
    pictures: Callable[[], Iterable[Image]]
    """The pictures, read anew."""


@dataclass(frozen=True, slots=True)
class Row:
    """One tracker on one sequence."""

    tracker: str
    score: TrackScore
    us: float
    """Microseconds of one core for a frame: the least of the repeats, without reading the input."""
    settings: Mapping[str, float]


def campus(folder: Path, detector: SeesAtSize) -> LabelledSequence:
    """TUD-Campus: 71 frames of a street at 25 a second. Raises FileNotFoundError without it."""
    files = sorted((folder / "img1").glob("*.jpg"))
    if not files:
        raise FileNotFoundError(
            f"{folder}: no img1/*.jpg; name the folder of TUD-Campus by --campus"
        )
    truth = read_mot(folder / "gt_motmetrics.txt")
    ignored: Frames = {number: [(0, BEHIND_THE_WINDOW)] for number in truth}
    return _sequence("TUD-Campus", 25.0, lambda: map(_image, files), truth, ignored, detector)


def streets(video: Path, labels: Sequence[Path], detector: SeesAtSize) -> list[LabelledSequence]:
    """The street clip once for each of its sets of labels by eye, scored on their frames alone.

    Raises RecordingError without the clip, ValueError when labels are for another one.
    """
    found = hashlib.sha256(video.read_bytes()).hexdigest()
    sequences: list[LabelledSequence] = []
    for path in labels:
        document = json.loads(path.read_text())
        if found != document["sha256"]:
            raise ValueError(f"{video}: not the clip that {path} was made for (sha256 {found})")
        truth, ignored = _labelled(document)
        if sequences:
            sequences.append(replace(sequences[0], name=path.stem, truth=truth, ignored=ignored))
            continue
        rate = float(document["fps"])
        sequences.append(
            _sequence(path.stem, rate, partial(_pictures, video), truth, ignored, detector)
        )
    return sequences


def _pictures(video: Path) -> Iterator[Image]:
    with Recording(video) as recording:
        for frame in recording.frames(30):
            yield frame.image


def _labelled(document: Mapping[str, Any]) -> tuple[Frames, Frames]:
    """Who counts and who is to be ignored in each labelled frame, by number from 1."""
    truth: dict[int, list[tuple[int, Corners]]] = {}
    ignored: dict[int, list[tuple[int, Corners]]] = {}
    names: dict[str, int] = {}
    for frame in document["frames"]:
        number = frame["frame"] + 1
        truth[number], ignored[number] = [], []
        for person in frame["people"]:
            left, top, width, height = person["box"]
            one = (
                names.setdefault(person["person"], len(names)),
                (left, top, left + width, top + height),
            )
            (ignored if person.get("ignore") else truth)[number].append(one)
    return truth, ignored


def own(sequence: LabelledSequence, repeats: int, *, looks: bool = True) -> Row:
    """This project's tracker as it ships, or without `looks` by boxes alone as its peers."""
    width, height = sequence.size
    took, frames = [], {}
    for _ in range(repeats):
        tracker, identities, spent = Tracker(), Identities(), 0.0
        pictures = sequence.pictures() if looks else repeat(NO_PICTURE)
        for index, (detections, picture) in enumerate(
            zip(sequence.detections, pictures, strict=looks)
        ):
            now_s = index / sequence.rate
            began = time.thread_time()
            tracks = tracker.update(detections, now_s)
            if looks:
                tracks = identities.update(tracks, picture, now_s)
            spent += time.thread_time() - began
            frames[index + 1] = [
                (
                    t.id,
                    (t.box.x * width, t.box.y * height, t.box.right * width, t.box.bottom * height),
                )
                for t in tracks
                if t.seen
            ]
        took.append(1e6 * spent / len(sequence.detections))
    name = "polewatch" if looks else "polewatch, boxes alone"
    return Row(name, _scored(sequence, frames), min(took), {})


def peer(name: str, sequence: LabelledSequence, repeats: int) -> Row:
    """The peer's best of PEER_SETTINGS. Raises PeerError when it cannot be run."""
    tried = [_peer_with(name, settings, sequence, 1) for settings in PEER_SETTINGS[name]]
    best = max(tried, key=lambda row: row.score.idf1 + row.score.mota)
    return _peer_with(name, best.settings, sequence, repeats)


def _peer_with(
    name: str, settings: Mapping[str, float], sequence: LabelledSequence, repeats: int
) -> Row:
    extra = {"frame_rate": sequence.rate} if name == "trackers" else {}
    asked = {"settings": {**settings, **extra}, "frames": sequence.boxes, "repeats": repeats}
    answer = _ask(name, asked)
    frames = {
        index + 1: [(int(track[0]), tuple(track[1:])) for track in tracks]
        for index, tracks in enumerate(answer["frames"])
    }
    return Row(TITLES[name], _scored(sequence, frames), min(answer["us"]), settings)


def detector_for_bench() -> SeesAtSize | TwoScales:
    """The shipped detector, down to its weakest detections."""
    return shipped_detector(Registry.default())


def _ask(name: str, asked: Mapping[str, Any]) -> Any:
    result = subprocess.run(
        [peer_python(name), PEERS / f"run_{name}.py"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if result.returncode:
        raise PeerError(f"the peer {name!r} failed: {result.stderr.strip()[-500:]}")
    return json.loads(result.stdout)


def _sequence(
    name: str,
    rate: float,
    pictures: Callable[[], Iterable[Image]],
    truth: Frames,
    ignored: Frames,
    detector: SeesAtSize,
) -> LabelledSequence:
    height = width = 1
    people = []
    for image in pictures():
        height, width = image.shape[:2]
        people.append([d for d in detector.detect(image) if d.label == "person"])
    boxes = [
        [
            [
                d.box.x * width,
                d.box.y * height,
                d.box.right * width,
                d.box.bottom * height,
                d.confidence,
            ]
            for d in frame
        ]
        for frame in people
    ]
    return LabelledSequence(name, rate, boxes, people, (width, height), truth, ignored, pictures)


def _scored(sequence: LabelledSequence, found: Frames) -> TrackScore:
    """The score without the boxes that lie on somebody to be ignored and on nobody else."""
    kept = {}
    for number, tracks in found.items():
        boxes = [box for _, box in tracks]
        ignored = iou_table(boxes, [box for _, box in sequence.ignored.get(number, ())])
        counted = iou_table(boxes, [box for _, box in sequence.truth.get(number, ())])
        kept[number] = [
            track
            for track, dull, true in zip(tracks, ignored, counted, strict=True)
            if not (dull.max(initial=0.0) >= 0.5 > true.max(initial=0.0))
        ]
    return score(sequence.truth, kept)


def _image(file: Path) -> Image:
    image = cv2.imread(str(file))
    if image is None:
        raise FileNotFoundError(f"{file}: not a picture")
    return image.astype("uint8", copy=False)
