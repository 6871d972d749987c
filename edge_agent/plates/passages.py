"""One camera's vehicles and their plates: whom to look at, and when a plate has been read. Pure.

Each vehicle's track is looked at until its plate is certain, no longer gets better, or it is gone;
then its looks are fused to one read. Tracks break, and parked cars stay for hours: a plate that is
read again where it was, or shortly after, is the same passage and not told again.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from edge_agent.plates.carriers import is_faint
from edge_agent.plates.motion import direction, speed, stood
from edge_agent.plates.paint import paint_of
from edge_agent.plates.parts import CARRIERS
from edge_agent.plates.types import PlateRead
from edge_agent.plates.vote import KEPT, Look, fuse, keep_best, same_plate
from edge_agent.scene import Box, Image, Passage, Track
from wire.plates import Paint, VehicleKind

MOST_WISHES: Final = 3
"""Vehicles looked at after one frame: bounds the work that a full street can ask for."""

MOST_VEHICLES: Final = 64
MOST_REMEMBERED: Final = 512

LEAST_WIDTH_PX: Final = 100
"""A vehicle narrower than this shows a plate of less than 30 pixels: nothing to read."""

GROWN: Final = 0.12
"""How much a vehicle's box is grown on every side: plates sit at its edge, boxes lag behind."""

AROUND_FAINT: Final = 0.4
"""Of the picture's width and height: what is looked at of a vehicle that is seen faintly. By night
its lamps are taken for a car each, and the plate is between them."""

ENOUGH_LOOKS: Final = 3
CERTAIN: Final = 0.98
GOOD_WIDTH_PX: Final = 90.0
"""A read is taken before the vehicle is gone when so many looks agree to so much, and the plate was
once this wide: small plates are misread with confidence."""

LONGEST_S: Final = 3.0
"""A plate looked at for so long does not become better."""

STANDING_LOOKS: Final = 4
GONE_S: Final = 0.8
"""A vehicle not seen for so long has passed."""

WAIT_S: Final = 3.0
"""How long a look that was asked for may take."""

SELDOM_AFTER: Final = 12
"""Looks in vain after which it is looked at seldom."""

LEAST_CONFIDENCE: Final = 0.2
"""Reads less sure than this are no reads."""

LEAST_FAINT: Final = 0.5
"""The same of a vehicle that no track of the analysis knows: only its plate speaks for it."""

AGAIN_S: Final = 30.0
"""A plate seen again within this time on the same camera is the same passage."""

PARKED_S: Final = 12 * 3600.0
"""... and where it stood, within this."""

_SAME_PLACE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Wish:
    """A vehicle whose plate should be looked for now."""

    track: int
    part: Box
    """Where, in fractions of the frame."""


@dataclass(slots=True)
class _Vehicle:
    track: Track
    boxes: deque[tuple[float, Box]] = field(default_factory=lambda: deque(maxlen=64))
    looks: tuple[Look, ...] = ()
    tries: int = 0
    in_vain: int = 0
    """Looks since the last one that found a plate."""
    asked_s: float | None = None
    looked_s: float = -math.inf
    read: bool = False
    """Nothing more is wanted of it."""
    unsure: bool = False
    """Its plate was in sight, and what was read of it not worth telling."""
    first_look_s: float = math.inf
    best: Look | None = None
    best_track: Track | None = None
    picture: Image | None = None
    fused: tuple[PlateRead, tuple[Look, ...]] | None = None

    def said(self) -> tuple[PlateRead, tuple[Look, ...]]:
        """What its looks say together, worked out once for each look."""
        if self.fused is None:
            self.fused = fuse(self.looks)
        return self.fused


@dataclass(slots=True)
class _Known:
    """A passage that was told."""

    read: PlateRead
    box: Box
    last_s: float
    track: int
    parked: bool
    """It stood when it was last seen."""


class Passages:
    """Vehicles by track; `media_s` grows from call to call, or all is forgotten."""

    def __init__(self) -> None:
        self._vehicles: dict[int, _Vehicle] = {}
        self._known: deque[_Known] = deque(maxlen=MOST_REMEMBERED)
        self._now = -math.inf
        self._count = 0
        self.unread = 0
        """Vehicles that passed with a plate in sight and no read of it worth telling."""
        self.again = 0
        """Reads of a plate that was told before: a broken track, a parked car."""

    @property
    def awaited(self) -> int:
        """Looks that were asked for and are not back."""
        return sum(self._awaits(vehicle) for vehicle in self._vehicles.values())

    def follow(self, tracks: Iterable[Track], media_s: float, width_px: int) -> tuple[Wish, ...]:
        """Take in one frame's tracks; the vehicles to look at, the most promising first.

        `width_px` is the width of the pictures that will be looked at.
        """
        if media_s <= self._now:
            self._vehicles.clear()
            self._known.clear()
        self._now = media_s
        for track in tracks:
            if track.label in CARRIERS and track.seen:
                self._note(track)
        wanted = [v for v in self._vehicles.values() if self._wants(v, width_px)]
        wanted.sort(key=lambda v: (v.tries, -v.track.box.w))
        for vehicle in wanted[:MOST_WISHES]:
            vehicle.asked_s = media_s
        return tuple(Wish(v.track.id, _part(v.track)) for v in wanted[:MOST_WISHES])

    def take(self, track: int, looks: Sequence[Look], picture: Image) -> None:
        """What looking at a vehicle found; `picture` is the frame, for a still."""
        vehicle = self._vehicles.get(track)
        if vehicle is None:
            return
        vehicle.asked_s = None
        vehicle.looked_s = self._now
        vehicle.tries += 1
        ours = self._on(vehicle, looks)
        if not ours or vehicle.read:
            vehicle.in_vain += 1
            return
        look = max(ours, key=lambda one: one.weight * one.read.confidence)
        vehicle.in_vain = 0
        vehicle.first_look_s = min(vehicle.first_look_s, look.media_s)
        self._go_on(vehicle, look)
        vehicle.looks = keep_best(vehicle.looks, look)
        vehicle.fused = None
        if vehicle.best is None or look.weight > vehicle.best.weight:
            vehicle.best, vehicle.best_track, vehicle.picture = look, vehicle.track, picture
        # Here, not when the next picture is analysed: looks are made beside the analysis.
        vehicle.said()

    def give_up(self, track: int) -> None:
        """A look that was asked for will not come: the queue was full, or the frame is gone."""
        vehicle = self._vehicles.get(track)
        if vehicle is not None:
            vehicle.asked_s = None
            vehicle.looked_s = self._now

    def done(self) -> tuple[Passage, ...]:
        """Passages whose plates are read now, each once."""
        told = []
        for track, vehicle in list(self._vehicles.items()):
            gone = self._now - vehicle.track.last_s > GONE_S
            over = gone and not self._awaits(vehicle)
            if not vehicle.read and (over or self._settled(vehicle)):
                vehicle.read = True
                passage = self._conclude(vehicle)
                told += [] if passage is None else [passage]
            if over:
                self.unread += vehicle.unsure
                del self._vehicles[track]
        return tuple(told)

    def finish(self) -> tuple[Passage, ...]:
        """The recording ended: what can be read of vehicles still in sight."""
        left = [v for v in self._vehicles.values() if not v.read and v.looks]
        self._vehicles.clear()
        return tuple(passage for v in left if (passage := self._conclude(v)) is not None)

    def _on(self, vehicle: _Vehicle, looks: Sequence[Look]) -> list[Look]:
        """Those of `looks` that are at the vehicle's plate. Of what is seen faintly one does not
        know how large it is: a plate near it is its own unless it is another's."""
        part = _part(vehicle.track)
        ours = [look for look in looks if _within(look.box, part)]
        if not is_faint(vehicle.track.id):
            return ours
        others = [
            _grown(one.track.box)
            for one in self._vehicles.values()
            if not is_faint(one.track.id) and self._now - one.track.last_s <= GONE_S
        ]
        return [look for look in ours if not any(_within(look.box, box) for box in others)]

    def _go_on(self, vehicle: _Vehicle, look: Look) -> None:
        """Let `vehicle` have the looks of one that is out of sight and has the plate of `look`: a
        vehicle seen faintly is lost and found again, and is one passage."""
        for track, other in list(self._vehicles.items()):
            if other is vehicle or not other.looks or other.track.last_s >= self._now:
                continue
            if not same_plate(other.said()[0], look.read):
                continue
            for earlier in other.looks:
                vehicle.looks = keep_best(vehicle.looks, earlier)
            vehicle.first_look_s = min(vehicle.first_look_s, other.first_look_s)
            if vehicle.best is None or (other.best and other.best.weight > vehicle.best.weight):
                vehicle.best, vehicle.best_track = other.best, other.best_track
                vehicle.picture = other.picture
            together = sorted([*other.boxes, *vehicle.boxes], key=lambda at: at[0])
            vehicle.boxes = deque(together, maxlen=vehicle.boxes.maxlen)
            vehicle.read = other.read
            for known in self._known:
                if known.track == track:
                    known.track = vehicle.track.id
            del self._vehicles[track]

    def _note(self, track: Track) -> None:
        vehicle = self._vehicles.get(track.id)
        if vehicle is None:
            if len(self._vehicles) >= MOST_VEHICLES:
                return
            vehicle = self._vehicles[track.id] = _Vehicle(track)
        vehicle.track = track
        vehicle.boxes.append((self._now, track.box))
        if vehicle.read:
            for known in self._known:
                if known.track == track.id:
                    known.last_s, known.box = self._now, track.box
                    known.parked = stood(vehicle.boxes)

    def _wants(self, vehicle: _Vehicle, width_px: int) -> bool:
        if vehicle.read or vehicle.track.last_s < self._now or self._awaits(vehicle):
            return False
        if width_px and vehicle.track.box.w * width_px < LEAST_WIDTH_PX:
            return False
        return self._now - vehicle.looked_s >= _pause_s(vehicle)

    def _awaits(self, vehicle: _Vehicle) -> bool:
        return vehicle.asked_s is not None and self._now - vehicle.asked_s < WAIT_S

    def _settled(self, vehicle: _Vehicle) -> bool:
        if not vehicle.looks:
            return False
        if stood(vehicle.boxes) and len(vehicle.looks) >= STANDING_LOOKS:
            return True
        if len(vehicle.looks) >= KEPT and self._now - vehicle.first_look_s >= LONGEST_S:
            return True
        if max(look.width_px for look in vehicle.looks) < GOOD_WIDTH_PX:
            return False
        read, used = vehicle.said()
        return len(used) >= ENOUGH_LOOKS and read.confidence >= CERTAIN

    def _conclude(self, vehicle: _Vehicle) -> Passage | None:
        """The vehicle's read, unless there is none worth telling or it was told before."""
        if not vehicle.looks or vehicle.best_track is None or vehicle.picture is None:
            return None
        read, used = vehicle.said()
        least = LEAST_FAINT if is_faint(vehicle.track.id) else LEAST_CONFIDENCE
        vehicle.unsure = read.confidence < least or read.type == "none"
        if vehicle.unsure:
            # It may stand where its plate is hidden: looked at again, but seldom.
            vehicle.read, vehicle.looks, vehicle.fused = False, (), None
            vehicle.in_vain = SELDOM_AFTER
            return None
        if self._told_before(read, vehicle.track):
            self.again += 1
            return None
        parked = stood(vehicle.boxes)
        self._known.append(_Known(read, vehicle.track.box, self._now, vehicle.track.id, parked))
        self._count += 1
        best = max(used, key=lambda look: look.weight)
        return Passage(
            id=self._count,
            read=read,
            looks=len(used),
            track=vehicle.best_track,
            start_s=used[0].media_s,
            best_s=best.media_s,
            box=best.box,
            crop=best.crop,
            picture=vehicle.picture,
            direction=direction(vehicle.boxes),
            vehicle=_kind(vehicle.best_track),
            paint=_paint(vehicle.picture, vehicle.best_track),
            speed="standing" if stood(vehicle.boxes) else speed(used),
        )

    def _told_before(self, read: PlateRead, track: Track) -> bool:
        for known in self._known:
            since_s = self._now - known.last_s
            there = known.parked and known.box.iou(track.box) >= _SAME_PLACE
            if since_s <= (PARKED_S if there else AGAIN_S) and _equal(known.read, read):
                known.last_s, known.box, known.track = self._now, track.box, track.id
                return True
        return False


def _equal(one: PlateRead, other: PlateRead) -> bool:
    """The same plate, or but for one character that may be misread."""
    if one.text == other.text:
        return True
    pairs = zip(one.characters, other.characters, strict=False)
    return bool(one.characters) and sum(a.best.text != b.best.text for a, b in pairs) <= 1


def _kind(track: Track) -> VehicleKind:
    """What is seen faintly is taken for anything."""
    known = get_args(VehicleKind)
    return "unknown" if is_faint(track.id) or track.label not in known else track.label  # type: ignore[return-value]  # one of them


def _paint(picture: Image, track: Track) -> Paint:
    return "unknown" if is_faint(track.id) else paint_of(picture, track.box)


def _pause_s(vehicle: _Vehicle) -> float:
    """Seconds between two looks: longer where looking was in vain or nothing moves."""
    if vehicle.in_vain >= SELDOM_AFTER:
        return 10.0 if stood(vehicle.boxes) else 2.0
    return 0.1 if vehicle.in_vain < 4 else 0.6


def _part(track: Track) -> Box:
    """Where the plate of a vehicle is looked for."""
    return _surroundings(_grown(track.box)) if is_faint(track.id) else _grown(track.box)


def _surroundings(box: Box) -> Box:
    """At least AROUND_FAINT of the picture, the box in the middle as far as the picture reaches."""
    w, h = max(AROUND_FAINT, box.w), max(AROUND_FAINT, box.h)
    left = min(max(0.0, box.x + box.w / 2 - w / 2), 1.0 - w)
    top = min(max(0.0, box.y + box.h / 2 - h / 2), 1.0 - h)
    return Box(left, top, w, h)


def _grown(box: Box) -> Box:
    left, top = max(0.0, box.x - GROWN * box.w), max(0.0, box.y - GROWN * box.h)
    right = min(1.0, box.right + GROWN * box.w)
    bottom = min(1.0, box.bottom + GROWN * box.h)
    return Box(left, top, right - left, bottom - top)


def _within(plate: Box, part: Box) -> bool:
    """Whether the plate's middle is in the part."""
    x, y = plate.x + plate.w / 2, plate.y + plate.h / 2
    return part.x <= x <= part.right and part.y <= y <= part.bottom
