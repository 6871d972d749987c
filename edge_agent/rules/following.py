"""What a rule remembers of every object, carried on when its track gets a new id."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from edge_agent.rules.geometry import feet_apart, sound
from edge_agent.scene import Track

GRACE_S: Final = 2.0
"""How long an object that is not seen is remembered."""

MOST_FOLLOWED: Final = 300
"""Objects followed at a time."""

_NEAR_HEIGHTS: Final = 1.0
"""How far, in heights, a new track may appear from where one was lost, to be the same object."""

Memory = TypeVar("Memory")


@dataclass(slots=True)
class _Known(Generic[Memory]):
    track: Track
    last_s: float
    memory: Memory


class Following(Generic[Memory]):
    """One rule's memory of the objects in a picture."""

    def __init__(self, fresh: Callable[[], Memory]) -> None:
        """`fresh` makes the memory of an object that was not seen before."""
        self._fresh = fresh
        self._known: dict[int, _Known[Memory]] = {}
        self._now = -math.inf

    def update(
        self, tracks: Iterable[Track], media_s: float, aspect: float
    ) -> list[tuple[Track, Memory]]:
        """The tracks that are seen at `media_s`, each with its memory; times may not be NaN.

        `aspect` is the picture's width over its height.
        """
        if media_s < self._now:
            self._known.clear()
        self._now = media_s
        for key, known in list(self._known.items()):
            if media_s - known.last_s > GRACE_S:
                del self._known[key]
        seen = {track.id: track for track in tracks if track.seen and _usable(track)}
        lost = [known for key, known in self._known.items() if key not in seen]
        found = []
        for track in seen.values():
            mine = self._known.get(track.id)
            if mine is None and len(self._known) < MOST_FOLLOWED:
                mine = _nearest(track, lost, aspect)
                if mine is not None:
                    lost.remove(mine)
                    del self._known[mine.track.id]
                else:
                    mine = _Known(track, media_s, self._fresh())
            if mine is not None:
                mine.track, mine.last_s = track, media_s
                self._known[track.id] = mine
                found.append((track, mine.memory))
        return found


def _usable(track: Track) -> bool:
    return sound(track.box) and math.isfinite(track.confidence)


def _nearest(track: Track, lost: list[_Known[Memory]], aspect: float) -> _Known[Memory] | None:
    near = [
        (apart, number)
        for number, known in enumerate(lost)
        if known.track.label == track.label
        and (apart := feet_apart(known.track.box, track.box, aspect)) <= _NEAR_HEIGHTS
    ]
    return lost[min(near)[1]] if near else None
