"""Following objects from frame to frame.

Association in two stages after ByteTrack (Zhang et al. 2022): strong detections are matched first,
then tracks left over are matched with weak ones, which are mostly the same objects half hidden.
Only strong detections start tracks. Pure and deterministic: the same calls give the same tracks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from edge_agent.scene import Box, Detection, Track
from edge_agent.sight.motion_model import MotionModel

MAX_DETECTIONS: Final = 300
"""The strongest detections of a frame that are looked at: keeps a frame's time bounded."""

_KINDS: Final = {
    "car": "vehicle",
    "bus": "vehicle",
    "truck": "vehicle",
    "bicycle": "two-wheeler",
    "motorcycle": "two-wheeler",
}
"""Labels between which one object may change from frame to frame; others stand for themselves."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """When detections become tracks, and how long tracks outlive them."""

    strong: float = 0.40
    """Detections from here on are matched first and may start a track."""
    weak: float = 0.15
    """Detections below are not looked at."""
    confirm_after: int = 2
    """Matched detections until a track is reported."""
    coast_s: float = 2.0
    """How long a confirmed track is kept, and reported as not seen, without a detection."""
    strong_overlap: float = 0.2
    """The least IoU, times the detection's confidence, at which a strong detection matches."""
    weak_overlap: float = 0.45
    """The least IoU at which a weak detection matches."""


@dataclass(slots=True)
class _Life:
    """What is remembered of one track beside its motion."""

    id: int
    kind: str
    first_s: float
    last_s: float
    confidence: float
    hits: int = 1
    votes: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The label with the most confidence behind it; on a tie the one seen first."""
        return max(self.votes, key=lambda label: self.votes[label])


class Tracker:
    """The tracks of one camera."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._motion = MotionModel()
        self._lives: list[_Life] = []
        self._now = -math.inf
        self._next_id = 1

    def update(self, detections: Iterable[Detection], media_s: float) -> tuple[Track, ...]:
        """Take in one frame's detections; the confirmed tracks as they stand now, oldest first.

        `media_s` is the frame's time in seconds. A frame that is not later than the last one, or
        one after a gap longer than tracks live, starts afresh; ids are never used twice.
        Detections with coordinates or confidences that are no numbers are left out.
        """
        if not math.isfinite(media_s):
            return self._report()
        elapsed = media_s - self._now
        if self._lives and not 0 < elapsed <= 2 * self._settings.coast_s:
            self._motion, self._lives, elapsed = MotionModel(), [], 0.0
        if self._lives:
            self._motion.predict(elapsed)
        self._now = media_s

        usable = _usable(detections, self._settings.weak)
        boxes = _corners(usable)
        scores = np.array([detection.confidence for detection in usable])
        kinds = [_kind(detection.label) for detection in usable]
        overlap = self._overlaps(boxes, kinds)

        strong = np.flatnonzero(scores >= self._settings.strong)
        weak = np.flatnonzero(scores < self._settings.strong)
        everyone = np.arange(len(self._lives))
        matches = _assign(overlap * scores, everyone, strong, self._settings.strong_overlap)
        left = np.setdiff1d(everyone, [row for row, _ in matches])
        matches += _assign(overlap, left, weak, self._settings.weak_overlap)

        self._take_in(matches, usable, boxes)
        taken = {column for _, column in matches}
        self._start([usable[i] for i in strong if i not in taken])
        self._forget()
        return self._report()

    def _overlaps(self, boxes: NDArray[np.float64], kinds: Sequence[str]) -> NDArray[np.float64]:
        """IoU of every track with every detection of its kind, `(tracks, detections)`."""
        overlap = iou_matrix(self._motion.corners(), boxes)
        if len(set(kinds) | {life.kind for life in self._lives}) > 1:
            mine = np.array([life.kind for life in self._lives], dtype=object)
            overlap *= mine[:, None] == np.array(kinds, dtype=object)[None, :]
        return overlap

    def _take_in(
        self,
        matches: Sequence[tuple[int, int]],
        detections: Sequence[Detection],
        boxes: NDArray[np.float64],
    ) -> None:
        if not matches:
            return
        rows = np.array([row for row, _ in matches], np.intp)
        columns = np.array([column for _, column in matches], np.intp)
        self._motion.correct(rows, _centred(boxes[columns]))
        for row, column in matches:
            life, detection = self._lives[row], detections[column]
            life.hits += 1
            life.last_s = self._now
            life.confidence += 0.2 * (detection.confidence - life.confidence)
            votes = life.votes
            votes[detection.label] = votes.get(detection.label, 0.0) + detection.confidence

    def _start(self, detections: Sequence[Detection]) -> None:
        if not detections:
            return
        self._motion.add(_centred(_corners(detections)))
        for d in detections:
            votes = {d.label: d.confidence}
            kind = _kind(d.label)
            life = _Life(self._next_id, kind, self._now, self._now, d.confidence, votes=votes)
            self._lives.append(life)
            self._next_id += 1

    def _forget(self) -> None:
        """Drop tracks unseen for too long, and beginners that their next frame did not confirm."""
        kept = []
        for row, life in enumerate(self._lives):
            unseen = self._now - life.last_s
            confirmed = life.hits >= self._settings.confirm_after
            if unseen == 0 or (confirmed and unseen <= self._settings.coast_s):
                kept.append(row)
        if len(kept) < len(self._lives):
            self._motion.keep(np.array(kept, np.intp))
            self._lives = [self._lives[row] for row in kept]

    def _report(self) -> tuple[Track, ...]:
        corners = np.clip(self._motion.corners(), 0.0, 1.0).tolist()
        return tuple(
            Track(
                id=life.id,
                label=life.label,
                box=Box(left, top, right - left, bottom - top),
                confidence=life.confidence,
                first_s=life.first_s,
                last_s=life.last_s,
                seen=life.last_s == self._now,
            )
            for life, (left, top, right, bottom) in zip(self._lives, corners, strict=True)
            if life.hits >= self._settings.confirm_after
        )


def iou_matrix(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of every box of `a` `(n, 4)` with every box of `b` `(m, 4)`, corners; `(n, m)`."""
    near = np.maximum(a[:, None, :2], b[None, :, :2])
    far = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.maximum(far - near, 0.0).prod(axis=2)
    area_a = (a[:, 2:] - a[:, :2]).prod(axis=1)
    area_b = (b[:, 2:] - b[:, :2]).prod(axis=1)
    iou: NDArray[np.float64] = common / np.maximum(area_a[:, None] + area_b - common, 1e-12)
    return iou


def _assign(
    likeness: NDArray[np.float64],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    least: float,
) -> list[tuple[int, int]]:
    """The pairs of rows and columns with the greatest total likeness, each at least `least`."""
    if not len(rows) or not len(columns):
        return []
    part = likeness[np.ix_(rows, columns)]
    # A pair that will be refused must not draw the assignment away from pairs that count.
    chosen = linear_sum_assignment(np.where(part >= least, part, 0.0), maximize=True)
    return [
        (int(rows[r]), int(columns[c])) for r, c in zip(*chosen, strict=True) if part[r, c] >= least
    ]


def _usable(detections: Iterable[Detection], weak: float) -> list[Detection]:
    def sound(d: Detection) -> bool:
        numbers = (d.box.x, d.box.y, d.box.w, d.box.h, d.confidence)
        return (
            all(map(math.isfinite, numbers))
            and max(map(abs, numbers)) <= 10
            and d.box.w > 0
            and d.box.h > 0
            and d.confidence >= weak
        )

    kept = [detection for detection in detections if sound(detection)]
    if len(kept) > MAX_DETECTIONS:
        kept = sorted(kept, key=lambda d: -d.confidence)[:MAX_DETECTIONS]
    return kept


def _kind(label: str) -> str:
    return _KINDS.get(label, label)


def _corners(detections: Sequence[Detection]) -> NDArray[np.float64]:
    rows = [(d.box.x, d.box.y, d.box.right, d.box.bottom) for d in detections]
    return np.array(rows, float).reshape(-1, 4)


def _centred(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    near, far = corners[:, :2], corners[:, 2:]
    return np.concatenate([(near + far) / 2, far - near], axis=1)
