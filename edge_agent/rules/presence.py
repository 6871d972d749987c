"""Who is in a zone, and since when, over flicker, short occlusion and a change of track."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from edge_agent.rules.geometry import feet_apart
from edge_agent.scene import Box, Track

GRACE_S: Final = 2.0
"""How long somebody not seen in the zone still counts as there."""

RETURN_S: Final = 5.0
"""How long the stay of somebody not seen anywhere is kept for a return under the same name: the
tracker knows people by their looks again some 4 s after they were lost in a crowd."""

MAX_STAYS: Final = 300
"""Stays followed at a time; more people are not told apart by one camera anyway."""

TOGETHER_S: Final = 4.0
"""How long two who came side by side may be seen as one: who comes out of a stay no longer than
this has been there as long. Later ones have come from behind, and their own time begins."""

_COMES_OUT: Final = 0.5
"""The share of a new track's box within the box that it comes out of."""

_RIM: Final = 0.005
"""Fractions of the picture within which a box touches its side."""

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
        self._handed_on: set[int] = set()
        """Tracks whose stay a new track has taken up while they were lost."""
        self._left: set[int] = set()
        """Tracks that were seen outside after their stay: they are not lost, they went."""
        self._hidden_since: dict[int, float] = {}
        """Tracks that nobody sees, by when they must have come in, going on as they went."""
        self._now = -math.inf

    def update(
        self, tracks: Iterable[Track], media_s: float, aspect: float
    ) -> tuple[Presence, ...]:
        """The stays that are going on at `media_s`, earliest first.

        `aspect` is the picture's width over its height.
        """
        if media_s < self._now:
            self._stays_by_track.clear()
            self._handed_on.clear()
            self._left.clear()
            self._hidden_since.clear()
        self._now = media_s
        tracks = tuple(tracks)
        seen = {track.id: track for track in tracks if track.seen}
        hidden = {track.id for track in tracks if not track.seen and self._enters(track.box)}
        for track in seen.values():
            known = self._stays_by_track.get(track.id)
            if known is not None:
                if self._stays(track.box):
                    self._note(known, track)
                else:
                    self._left.add(track.id)
            elif len(self._stays_by_track) < MAX_STAYS and self._enters(track.box):
                lost = self._lost_near(track, seen, aspect)
                if lost is not None:
                    # Its own track may come back within the grace, and then goes on as it was.
                    self._handed_on.add(lost.track.id)
                came_s = self._hidden_since.get(track.id, media_s)
                since_s = min(came_s, self._since_of_companion(track))
                self._note(lost or Presence(track, since_s, media_s, 0), track)
        self._hidden_since = {key: self._hidden_since.get(key, media_s) for key in hidden}
        for key, stay in list(self._stays_by_track.items()):
            keep_s = self._grace_s if key in self._left else max(self._grace_s, RETURN_S)
            if media_s - stay.last_s > keep_s:
                del self._stays_by_track[key]
        self._handed_on &= self._stays_by_track.keys()
        self._left &= self._stays_by_track.keys()
        going_on = [
            stay
            for key, stay in self._stays_by_track.items()
            if key not in self._handed_on and self._lasts(stay)
        ]
        return tuple(sorted(going_on, key=lambda stay: stay.since_s))

    def _lasts(self, stay: Presence) -> bool:
        return self._now - stay.last_s <= self._grace_s

    def _note(self, stay: Presence, track: Track) -> None:
        self._handed_on.discard(track.id)
        self._left.discard(track.id)
        self._stays_by_track[track.id] = replace(
            stay, track=track, last_s=self._now, sightings=stay.sightings + 1
        )

    def _lost_near(self, track: Track, seen: dict[int, Track], aspect: float) -> Presence | None:
        """The stay that `track` most likely continues under a new id.

        Whoever was followed before the picture in which the other was last seen is somebody else
        (in it, a track that ends may have taken a wrong box), and whoever went, out of the zone or
        out of the picture, is not lost.
        """
        candidates = [
            (feet_apart(stay.track.box, track.box, aspect), stay)
            for stay in self._stays_by_track.values()
            if self._lasts(stay)
            and stay.track.id not in seen
            and stay.track.id not in self._handed_on
            and stay.track.id not in self._left
            and stay.track.label == track.label
            and track.first_s >= stay.last_s
            and not _at_the_rim(stay.track.box)
        ]
        near = [pair for pair in candidates if pair[0] <= _NEAR_HEIGHTS]
        return min(near, key=lambda pair: pair[0])[1] if near else None

    def _since_of_companion(self, track: Track) -> float:
        """Since when `track` is there: with whom it came, if it comes out of their box, or now."""
        times = [
            stay.since_s
            for stay in self._stays_by_track.values()
            if self._lasts(stay)
            and stay.track.label == track.label
            and stay.since_s < track.first_s <= stay.since_s + TOGETHER_S
            and stay.track.id not in self._left
            and _share_within(track.box, stay.track.box) >= _COMES_OUT
        ]
        return min(times, default=self._now)


def _share_within(box: Box, other: Box) -> float:
    """The share of `box` that lies within `other`."""
    width = min(box.right, other.right) - max(box.x, other.x)
    height = min(box.bottom, other.bottom) - max(box.y, other.y)
    return max(width, 0.0) * max(height, 0.0) / box.area if box.area > 0 else 0.0


def _at_the_rim(box: Box) -> bool:
    """Whether the box touches the left or right of the picture: who is lost there walked out."""
    return box.x <= _RIM or box.right >= 1 - _RIM
