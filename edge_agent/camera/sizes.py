"""What the sizes of a stream's predicted frames tell: whether the picture changes as it usually
does. Pure.

What moves must be coded anew, and takes about its share of a keyframe's bytes. So the bytes of
predicted frames are compared with those of the quiet while before, by a two-sided cumulative sum
(Page 1954): a great change tells within three frames, a slight one when it lasts. Right behind a
keyframe, which is finer than what follows, a quiet picture costs least: the first places of a GOP
have baselines of their own.

How well that works is a camera's own: one that fills a constant bit rate, or codes the noise of a
night, sends frames of which no movement stands out. It is not to be judged by them, and this says
so.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

PLACES: Final = 8
"""Places behind a keyframe with baselines of their own; all later ones share one."""

REMEMBERED: Final = (24, 1200)
"""Quiet frames that make a baseline: of a place, and of all the later ones."""

LEAST: Final = (3, 60)
"""... and the fewest that do."""

SLACK: Final = 0.75
"""Spreads by which frames may differ from the baseline without adding up."""

ALARM: Final = 7.0
"""The sum, in spreads, that tells of a change. With independent frames a quiet picture reaches it
once in hours; with those of an encoder more often, which `restless` is for."""

CLIP: Final = 4.0
"""Spreads that one frame can count for: a single large one is no change."""

LEAST_SPREAD: Final = (0.15, 0.04)
"""A baseline's spread is taken for at least this share of it: few tell little of it ..."""

LEAST_BYTES: Final = 24.0
"""... and this many bytes: headers alone vary by that."""

VISIBLE: Final = 0.02
"""The share of a picture that must stand out when it changes, as bytes of one and a half spreads
over those of a keyframe: above this, sizes cannot be judged by."""

CALMER: Final = 1.5
MOST_RESTLESS: Final = 4
"""How often the alarm is raised by CALMER for changes that were nothing; beyond, sizes that alarm
for nothing are not to be judged by either."""


class _Baseline:
    """Of quiet frames at one place."""

    def __init__(self, *, shared: bool) -> None:
        self._shared = shared
        self._sizes: deque[int] = deque(maxlen=REMEMBERED[shared])
        self._fresh = 0
        self.middle = self.spread = math.nan

    def learn(self, size: int) -> None:
        self._sizes.append(size)
        self._fresh += 1
        if len(self._sizes) >= LEAST[self._shared] and self._fresh * 8 >= len(self._sizes):
            self._fresh = 0
            self._measure()

    def _measure(self) -> None:
        sizes = sorted(self._sizes)
        self.middle = _quantile(sizes, 0.5)
        usual = 1.4826 * _quantile(sorted(abs(one - self.middle) for one in sizes), 0.5)
        upper = (_quantile(sizes, 0.9) - self.middle) / 1.2816
        least = LEAST_SPREAD[self._shared] * self.middle
        self.spread = max(usual, upper, least, LEAST_BYTES)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """By linear interpolation; of two dozen numbers in a hundredth of numpy's time."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


class Sizes:
    """Of one stream; sizes in bytes, places counted from 1 behind the keyframe."""

    def __init__(self) -> None:
        self._first = [_Baseline(shared=False) for _ in range(PLACES)]
        self._rest = _Baseline(shared=True)
        self._keys: deque[int] = deque(maxlen=16)
        self._up = self._down = 0.0
        self.restless = 0
        """How many alarms were for nothing, less those forgiven."""

    def keyframe(self, size: int) -> None:
        """A keyframe came."""
        self._keys.append(size)

    def predicted(self, place: int, size: int) -> bool:
        """A predicted frame came: whether the picture changes other than it usually does."""
        base = self._base(place)
        if math.isnan(base.middle):
            return False
        away = max(-CLIP, min(CLIP, (size - base.middle) / base.spread))
        self._up = max(0.0, self._up + away - SLACK)
        self._down = max(0.0, self._down - away - SLACK)
        return max(self._up, self._down) > ALARM * CALMER ** min(self.restless, MOST_RESTLESS)

    def calm(self) -> None:
        """Begin to sum anew."""
        self._up = self._down = 0.0

    def learn(self, place: int, size: int) -> None:
        """A predicted frame of this size belonged to a picture in which nothing was to be seen."""
        self._base(place).learn(size)

    @property
    def known(self) -> bool:
        """Whether there is a baseline."""
        return not math.isnan(self._widest.middle)

    @property
    def visible(self) -> float:
        """The least share of the picture that stands out when it changes; infinite if unknown."""
        if not self.known or not self._keys:
            return math.inf
        return 2 * SLACK * self._widest.spread / _quantile(sorted(self._keys), 0.5)

    @property
    def tell(self) -> bool:
        """Whether this camera may be judged by the sizes of its frames."""
        return self.visible <= VISIBLE and self.restless <= MOST_RESTLESS

    @property
    def _widest(self) -> _Baseline:
        """The baseline of most frames: the shared one, but in GOPs too short to have one."""
        return self._rest if not math.isnan(self._rest.middle) else self._first[1]

    def _base(self, place: int) -> _Baseline:
        return self._first[place - 1] if place <= PLACES else self._rest
