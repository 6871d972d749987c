"""Scoring tracks against labelled ones: CLEAR-MOT and identity measures.

MOTA and ID switches after Bernardin and Stiefelhagen 2008 ("Evaluating Multiple Object Tracking
Performance"), IDF1 after Ristani et al. 2016 ("Performance Measures and a Data Set for
Multi-Target, Multi-Camera Tracking"); a pair counts from IoU 0.5.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.sight.association import cheapest_pairs

OVERLAP: Final = 0.5

Corners = tuple[float, float, float, float]
"""Left, top, right, bottom, in any unit."""

Frames = Mapping[int, Sequence[tuple[int, Corners]]]
"""For each frame number the ids that are in it, with their boxes."""


@dataclass(frozen=True, slots=True)
class TrackScore:
    """How well tracks follow the labelled ones."""

    mota: float
    idf1: float
    switches: int
    misses: int
    false_boxes: int
    labelled: int
    """Labelled boxes in all."""


def score(truth: Frames, found: Frames) -> TrackScore:
    """Score `found` against `truth` on the frames that `truth` has."""
    misses = false_boxes = switches = labelled = 0
    last: dict[int, int] = {}
    pairs: Counter[tuple[int, int]] = Counter()
    true_size: Counter[int] = Counter()
    found_size: Counter[int] = Counter()
    for frame, people in truth.items():
        boxes = found.get(frame, ())
        overlap = iou_table([box for _, box in people], [box for _, box in boxes])
        for row, (person, _) in enumerate(people):
            true_size[person] += 1
            for column in np.flatnonzero(overlap[row] >= OVERLAP).tolist():
                pairs[person, boxes[column][0]] += 1
        found_size.update(track for track, _ in boxes)
        matched = _matches(people, boxes, overlap, last)
        switches += sum(last.get(person, track) != track for person, track in matched)
        last.update(matched)
        labelled += len(people)
        misses += len(people) - len(matched)
        false_boxes += len(boxes) - len(matched)
    mota = 1 - (misses + false_boxes + switches) / max(labelled, 1)
    idf1 = _idf1(pairs, true_size, found_size)
    return TrackScore(mota, idf1, switches, misses, false_boxes, labelled)


def read_mot(path: Path) -> dict[int, list[tuple[int, Corners]]]:
    """A MOT Challenge file: `frame,id,left,top,width,height,...` a line; numbers as they are."""
    frames: dict[int, list[tuple[int, Corners]]] = defaultdict(list)
    for line in path.read_text().splitlines():
        if line.strip():
            frame, track, left, top, width, height = (float(part) for part in line.split(",")[:6])
            frames[int(frame)].append((int(track), (left, top, left + width, top + height)))
    return dict(frames)


def _matches(
    people: Sequence[tuple[int, Corners]],
    boxes: Sequence[tuple[int, Corners]],
    overlap: NDArray[np.float64],
    last: Mapping[int, int],
) -> list[tuple[int, int]]:
    """Pairs of person and track; who was paired before stays so while it still fits."""
    matched: list[tuple[int, int]] = []
    rows, columns = set(range(len(people))), set(range(len(boxes)))
    place = {track: column for column, (track, _) in enumerate(boxes)}
    for row, (person, _) in enumerate(people):
        column = place.get(last.get(person, -1))
        if column in columns and overlap[row, column] >= OVERLAP:
            matched.append((person, boxes[column][0]))
            rows.discard(row)
            columns.discard(column)
    free_rows, free_columns = sorted(rows), sorted(columns)
    part = overlap[np.ix_(free_rows, free_columns)]
    for r, c in cheapest_pairs(np.where(part >= OVERLAP, -part, 1e3)):
        if part[r, c] >= OVERLAP:
            matched.append((people[free_rows[r]][0], boxes[free_columns[c]][0]))
    return matched


def _idf1(
    pairs: Mapping[tuple[int, int], int],
    true_size: Mapping[int, int],
    found_size: Mapping[int, int],
) -> float:
    """Twice the boxes that the best one-to-one pairing of identities explains, over all boxes."""
    people, tracks = list(true_size), list(found_size)
    both = np.zeros((len(people), len(tracks)))
    for row, person in enumerate(people):
        for column, track in enumerate(tracks):
            both[row, column] = pairs.get((person, track), 0)
    explained = sum(both[pair] for pair in cheapest_pairs(-both))
    everything = sum(true_size.values()) + sum(found_size.values())
    return float(2 * explained / everything) if everything else 1.0


def iou_table(a: Iterable[Corners], b: Iterable[Corners]) -> NDArray[np.float64]:
    first, second = (np.array(list(boxes), float).reshape(-1, 4) for boxes in (a, b))
    near = np.maximum(first[:, None, :2], second[None, :, :2])
    far = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.maximum(far - near, 0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - common
    iou: NDArray[np.float64] = common / np.maximum(union, 1e-12)
    return iou
