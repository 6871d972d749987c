"""Who is in a zone, and since when, over flicker, short occlusion and a change of track."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from edge_agent.scene import Box, Track

GRACE_S: Final = 2.0
"""How long somebody not seen in the zone still counts as there."""

MAX_STAYS: Final = 300
"""Stays followed at a time; more people are not told apart by one camera anyway."""

_NEAR_HEIGHTS: Final = 1.0
"""How far, in heights, a new track may appear from where somebody was lost, to be the same."""


@dataclass(frozen=True, slots=True)
class Presence:
    """One object's stay in the zone."""

    track: Track
    since_s: float
    """When it was first seen in the zone."""
    last_s: float
    """When it was last seen in the zone."""
    sightings: int
    """Frames in which it was seen there."""

    @property
    def stayed_s(self) -> float:
        """Seconds between the first and the newest sighting in the zone."""
        return self.last_s - self.since_s


class ZonePresence:
    """Follows the stays in one zone."""

    def __init__(
        self,
        enters: Callable[[Box], bool],
        stays: Callable[[Box], bool],
        *,
        grace_s: float = GRACE_S,
    ) -> None:
        """`enters` begins a stay, the laxer `stays` continues it: nobody flickers on the edge."""
        self._enters = enters
        self._stays = stays
        self._grace_s = grace_s
        self._stays_by_track: dict[int, Presence] = {}
        self._now = -math.inf

    def update(self, tracks: Iterable[Track], media_s: float) -> tuple[Presence, ...]:
        """The stays that are going on at `media_s`, earliest first."""
        if media_s < self._now:
            self._stays_by_track.clear()
        self._now = media_s
        seen = {track.id: track for track in tracks if track.seen}
        for track in seen.values():
            known = self._stays_by_track.get(track.id)
            if known is not None:
                if self._stays(track.box):
                    self._note(known, track)
            elif len(self._stays_by_track) < MAX_STAYS and self._enters(track.box):
                lost = self._lost_near(track, seen)
                if lost is not None:
                    del self._stays_by_track[lost.track.id]
                self._note(lost or Presence(track, media_s, media_s, 0), track)
        for key, stay in list(self._stays_by_track.items()):
            if media_s - stay.last_s > self._grace_s:
                del self._stays_by_track[key]
        return tuple(sorted(self._stays_by_track.values(), key=lambda stay: stay.since_s))

    def _note(self, stay: Presence, track: Track) -> None:
        self._stays_by_track[track.id] = replace(
            stay, track=track, last_s=self._now, sightings=stay.sightings + 1
        )

    def _lost_near(self, track: Track, seen: dict[int, Track]) -> Presence | None:
        """The stay that `track` most likely continues under a new id."""
        candidates = [
            (_distance(stay.track.box, track.box), stay)
            for stay in self._stays_by_track.values()
            if stay.track.id not in seen and stay.track.label == track.label
        ]
        near = [pair for pair in candidates if pair[0] <= _NEAR_HEIGHTS]
        return min(near, key=lambda pair: pair[0])[1] if near else None


def _distance(a: Box, b: Box) -> float:
    """How far apart the feet are, in heights of the taller box; infinite if the sizes differ."""
    tall, short = max(a.h, b.h), min(a.h, b.h)
    if short < 0.5 * tall:
        return math.inf
    return math.dist(a.foot, b.foot) / tall
