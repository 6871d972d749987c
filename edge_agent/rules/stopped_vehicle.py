"""Stopped vehicle: it stands in a zone where traffic should flow, for longer than a halt takes.

A standing place is remembered, not a track: whoever passes in front may take the track along, or
the vehicle may come back under a new id. In a queue the next one moves up to the place of the last:
that is another vehicle, and its time starts anew. Where several stand and nobody passes, it is a
jam and not a stopped vehicle, until traffic flows past those who still stand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.geometry import inside, sound, stance
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Finding, Sighting, Track
from wire.camera_rules import RuleSpec, ZoneSpec

_SAME_PLACE: Final = 0.5
"""Overlap of a vehicle's box with where it stopped above which it has not moved."""

_HIDDEN_S: Final = 10.0
"""How long a vehicle may be hidden by others."""

_BORN_S: Final = 2.5
"""How long after its track went away a place may be taken over by a track that begins there."""

_SEEN_S: Final = 1.5
"""How lately it must have been seen when the alarm is raised."""

_JAM: Final = 3
"""Vehicles that stand at a time, with nobody passing, from which on it is a jam."""

_STANDS_S: Final = 5.0
"""How long a vehicle must not have moved to count as one that stands."""

_FLOW_S: Final = 5.0
"""The time in which a vehicle that moves leaves two places behind."""

_MOST: Final = 100


@dataclass(slots=True)
class _Stand:
    """A place where a vehicle stands, or was a moment ago."""

    track: Track
    since_s: float
    last_s: float
    left_s: float | None = None
    """When its track went somewhere else."""


class StoppedVehicle:
    """Opens when a vehicle has stood for the rule's seconds, closes when it is gone."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._polygon = zone.polygon
        self._schedule = schedule
        self._episodes = Episodes(spec)
        self._now = -math.inf
        self._start_afresh()

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not math.isfinite(now):
            return ()
        if now < self._now:
            self._start_afresh()
        self._now = now
        vehicles = [track for track in sighting.tracks if self._concerns(track)][:_MOST]
        self._follow(vehicles)
        armed = self._schedule.armed(sighting.wall)
        return self._episodes.step(self._subjects(), now, armed=armed)

    def _start_afresh(self) -> None:
        self._stands: list[_Stand] = []
        self._moves: dict[int, list[float]] = {}
        self._flowed_s = -math.inf
        self._told: set[int] = set()

    def _concerns(self, track: Track) -> bool:
        box = track.box
        return (
            track.seen
            and track.label in self._spec.heeded
            and sound(box)
            and math.isfinite(track.confidence)
            and box.h >= self._spec.min_height
            and inside(stance(box)[1], self._polygon)
        )

    def _follow(self, vehicles: list[Track]) -> None:
        now = self._now
        mine = {stand.track.id: stand for stand in self._stands if stand.left_s is None}
        for track in vehicles:
            stand = mine.get(track.id)
            if stand is not None and stand.track.box.iou(track.box) < _SAME_PLACE:
                stand.left_s = now
                self._moved(track.id)
                stand = None
            if stand is None:
                stand = self._orphaned(track, {other.id for other in vehicles})
            if stand is None:
                self._stands.append(_Stand(track, now, now))
                continue
            # The box stays where it stopped: who creeps on leaves it in the end.
            kept = Track(
                track.id,
                track.label,
                stand.track.box,
                track.confidence,
                stand.track.first_s,
                now,
                True,
            )
            stand.track, stand.last_s, stand.left_s = kept, now, None
        self._stands = [stand for stand in self._stands if not self._over(stand)][-_MOST:]
        alive = {stand.track.id for stand in self._stands}
        self._moves = {key: times for key, times in self._moves.items() if key in alive}

    def _orphaned(self, track: Track, seen: set[int]) -> _Stand | None:
        """The stand of a vehicle whose track was lost where `track` begins."""
        if self._now - track.first_s > _BORN_S:
            return None
        left = [
            stand
            for stand in self._stands
            if (stand.left_s is not None or stand.track.id not in seen)
            and stand.last_s < self._now
            and stand.track.box.iou(track.box) >= _SAME_PLACE
        ]
        return max(left, key=lambda stand: stand.track.box.iou(track.box), default=None)

    def _over(self, stand: _Stand) -> bool:
        if stand.left_s is not None:
            return self._now - stand.left_s > _BORN_S
        return self._now - stand.last_s > _HIDDEN_S

    def _moved(self, track: int) -> None:
        """Take note that a track has left a place; twice in a moment is traffic that flows."""
        times = [at for at in self._moves.get(track, []) if self._now - at <= _FLOW_S]
        self._moves[track] = [*times, self._now]
        if len(times) >= 1:
            self._flowed_s = self._now

    def _subjects(self) -> list[Subject]:
        now = self._now
        standing = [
            stand
            for stand in self._stands
            if stand.left_s is None and stand.last_s - stand.since_s >= _STANDS_S
        ]
        long = [
            stand
            for stand in standing
            if stand.last_s - stand.since_s >= self._spec.lasting_s - 1e-6
            and (stand.track.id in self._told or now - stand.last_s <= _SEEN_S)
            and (
                stand.track.id in self._told
                or len(standing) < _JAM
                or self._flowed_s > stand.since_s + _STANDS_S
            )
        ]
        self._told = {stand.track.id for stand in long}
        return [
            Subject(stand.since_s, stand.track.confidence, stand.track, stand.track.box)
            for stand in long
        ]
