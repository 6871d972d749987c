"""Following objects from frame to frame.

Association in two stages after ByteTrack (Zhang et al. 2022): strong detections are matched first,
then the tracks left over with weak ones, which are mostly the same objects half hidden. Only strong
detections start tracks. Pure and deterministic: the same calls give the same tracks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Detection, Track
from edge_agent.sight.association import best_pairs, centred, overlaps, shares_inside
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

Pairs = list[tuple[int, int]]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """When detections become tracks, and how long tracks outlive them."""

    strong: float = 0.40
    """Detections from here on are matched first and may start a track."""
    weak: float = 0.30
    """Detections below are not looked at."""
    slack: float = 1.5
    """How much boxes are grown on every side before strong detections are matched, in their own
    size for each second since the track was seen: a walker's boxes hardly overlap at 5 a second."""
    most_slack: float = 0.3
    """... but no more than this."""
    strong_overlap: float = 0.25
    """The least IoU of grown boxes at which a strong detection matches."""
    weak_overlap: float = 0.6
    """The least IoU at which a weak detection matches."""
    shadow_overlap: float = 0.3
    """A weak detection with this IoU to a strong one is its shadow, and left out."""
    part_share: float = 0.55
    """A detection with this share of it inside a matched one starts no track: it is a part."""
    sure: float = 0.50
    """A track is reported from its second detection on, if one of them was this sure ..."""
    vague_s: float = 1.0
    """... and without such a one when it has lasted this long, in seconds."""
    beginner_s: float = 0.25
    """How long a track not reported yet is kept without a detection."""
    coast_s: float = 2.0
    """How long a reported track is kept, as not seen, without a detection."""


@dataclass(slots=True)
class _Life:
    """What is remembered of one track beside its motion."""

    id: int
    kind: str
    label: str
    """The label with the most confidence behind it; on a tie the one seen first."""
    first_s: float
    last_s: float
    confidence: float
    best: float
    hits: int = 1
    votes: dict[str, float] = field(default_factory=dict)
    """Confidence summed for each label."""

    def take(self, detection: Detection, now_s: float) -> None:
        """The track was seen again."""
        self.hits += 1
        self.last_s = now_s
        self.best = max(self.best, detection.confidence)
        self.confidence += 0.2 * (detection.confidence - self.confidence)
        votes, label = self.votes, detection.label
        votes[label] = votes.get(label, 0.0) + detection.confidence
        if votes[label] > votes[self.label]:
            self.label = label


class Tracker:
    """The tracks of one camera."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._motion = MotionModel()
        self._lives: list[_Life] = []
        self._now = -math.inf
        self._next_id = 1

    def update(self, detections: Iterable[Detection], media_s: float) -> tuple[Track, ...]:
        """Take in one frame's detections; the tracks as they stand now, oldest first.

        `media_s` is the frame's time in seconds. A frame that is not later than the last one, or
        one after a gap longer than tracks live, starts afresh; ids are never used twice.
        Detections with coordinates or confidences that are no numbers are left out.
        """
        if not math.isfinite(media_s):
            return self._report()
        elapsed = media_s - self._now
        if self._lives and not 0 < elapsed <= 2 * self._settings.coast_s:
            self._motion, self._lives = MotionModel(), []
        if self._lives:
            self._motion.predict(elapsed)
        self._now = media_s

        strong, weak = self._sorted_out(detections)
        boxes = _corners(strong)
        tracks = self._motion.corners()
        matched = self._match_strong(tracks, strong, boxes)
        self._take_in(matched, strong, boxes)
        self._match_weak(tracks, {row for row, _ in matched}, weak, boxes)
        self._start(strong, boxes, [column for _, column in matched])
        self._forget()
        return self._report()

    def _sorted_out(
        self, detections: Iterable[Detection]
    ) -> tuple[list[Detection], list[Detection]]:
        """The sound detections, strong and weak ones apart."""
        usable = [d for d in detections if d.confidence >= self._settings.weak and _sound(d)]
        if len(usable) > MAX_DETECTIONS:
            usable = sorted(usable, key=lambda d: -d.confidence)[:MAX_DETECTIONS]
        least = self._settings.strong
        strong = [d for d in usable if d.confidence >= least]
        return strong, [d for d in usable if d.confidence < least]

    def _match_strong(self, tracks: Floats, strong: Sequence[Detection], boxes: Floats) -> Pairs:
        if not self._lives or not strong:
            return []
        unseen = np.array([self._now - life.last_s for life in self._lives])
        grow = np.minimum(self._settings.slack * unseen, self._settings.most_slack)
        likeness = overlaps(tracks, boxes, grow)
        self._keep_kinds_apart(likeness, range(len(self._lives)), strong)
        return best_pairs(likeness, self._settings.strong_overlap)

    def _match_weak(
        self, tracks: Floats, matched: set[int], weak: Sequence[Detection], strong_boxes: Floats
    ) -> None:
        """Carry tracks that no strong detection carried on with weak ones that stand alone."""
        left = [row for row in range(len(self._lives)) if row not in matched]
        if not left or not weak:
            return
        boxes = _corners(weak)
        likeness = overlaps(tracks[left], boxes)
        self._keep_kinds_apart(likeness, left, weak)
        if len(strong_boxes):
            shadows = overlaps(boxes, strong_boxes).max(axis=1) >= self._settings.shadow_overlap
            likeness[:, shadows] = 0.0
        pairs = best_pairs(likeness, self._settings.weak_overlap)
        self._take_in([(left[row], column) for row, column in pairs], weak, boxes)

    def _keep_kinds_apart(
        self, likeness: Floats, rows: Sequence[int], detections: Sequence[Detection]
    ) -> None:
        """A person is never a dog: strike such pairs out of `likeness`."""
        mine = [self._lives[row].kind for row in rows]
        theirs = [_kind(d) for d in detections]
        if len({*mine, *theirs}) > 1:
            same = [[kind == other for other in theirs] for kind in mine]
            likeness *= np.array(same, bool)

    def _take_in(self, pairs: Pairs, detections: Sequence[Detection], boxes: Floats) -> None:
        if not pairs:
            return
        rows = np.array([row for row, _ in pairs], np.intp)
        columns = [column for _, column in pairs]
        self._motion.correct(rows, centred(boxes[columns]))
        for row, column in pairs:
            self._lives[row].take(detections[column], self._now)

    def _start(self, strong: Sequence[Detection], boxes: Floats, taken: Sequence[int]) -> None:
        """Begin a track for every strong detection that is neither taken nor a part of one."""
        known = set(taken)
        fresh = [column for column in range(len(strong)) if column not in known]
        if fresh and known:
            inside = shares_inside(boxes[fresh], boxes[list(taken)]).max(axis=1)
            part = (inside >= self._settings.part_share).tolist()
            fresh = [column for column, is_part in zip(fresh, part, strict=True) if not is_part]
        if not fresh:
            return
        self._motion.add(centred(boxes[fresh]))
        for column in fresh:
            d, now = strong[column], self._now
            life = _Life(
                id=self._next_id,
                kind=_kind(d),
                label=d.label,
                first_s=now,
                last_s=now,
                confidence=d.confidence,
                best=d.confidence,
                votes={d.label: d.confidence},
            )
            self._lives.append(life)
            self._next_id += 1

    def _forget(self) -> None:
        """Drop the tracks that have not been seen for too long."""
        kept = []
        for row, life in enumerate(self._lives):
            patience = self._settings.coast_s if self._told(life) else self._settings.beginner_s
            if self._now - life.last_s <= patience:
                kept.append(row)
        if len(kept) < len(self._lives):
            self._motion.keep(np.array(kept, np.intp))
            self._lives = [self._lives[row] for row in kept]

    def _told(self, life: _Life) -> bool:
        lasted = life.last_s - life.first_s >= self._settings.vague_s
        return life.hits >= 2 and (life.best >= self._settings.sure or lasted)

    def _report(self) -> tuple[Track, ...]:
        told = [row for row, life in enumerate(self._lives) if self._told(life)]
        if not told:
            return ()
        corners = np.minimum(np.maximum(self._motion.corners()[told], 0.0), 1.0).tolist()
        tracks = []
        for row, (left, top, right, bottom) in zip(told, corners, strict=True):
            life = self._lives[row]
            box = Box(left, top, right - left, bottom - top)
            seen = life.last_s == self._now
            track = Track(
                life.id, life.label, box, life.confidence, life.first_s, life.last_s, seen
            )
            tracks.append(track)
        return tuple(tracks)


def _sound(d: Detection) -> bool:
    box = d.box
    # The comparisons are false for NaN, and the bounds keep out what would overflow.
    return -10 < box.x < 10 and -10 < box.y < 10 and 0 < box.w < 10 and 0 < box.h < 10


def _kind(detection: Detection) -> str:
    return _KINDS.get(detection.label, detection.label)


def _corners(detections: Sequence[Detection]) -> Floats:
    rows = [(d.box.x, d.box.y, d.box.x + d.box.w, d.box.y + d.box.h) for d in detections]
    return np.array(rows, float).reshape(-1, 4)
