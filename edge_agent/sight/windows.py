"""Where to look closer: windows of one size placed over the places that ask for it. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from edge_agent.scene import Box

_MARGIN = 0.3
"""Room around what is looked at, in its own size: feet and shadows merge, heads are lost."""


def window_size(
    height: int, width: int, input_height: int, input_width: int, shrink: float
) -> tuple[float, float]:
    """Width and height of a window, in fractions of a picture of `width` x `height` pixels.

    A window fills the model's input when shrunk by `shrink` (1 keeps every pixel); it is never
    larger than the picture.
    """
    return (
        min(1.0, input_width / shrink / width),
        min(1.0, input_height / shrink / height),
    )


def cover(places: Sequence[Box], size: tuple[float, float], most: int) -> list[Box]:
    """At most `most` windows of `size` that hold as many of `places` as they can, in their order.

    Each window is placed around the first place not yet covered and moved to take in others. A
    place larger than a window is covered where its middle is.
    """
    wanted = [_grown(place, size) for place in places]
    windows: list[Box] = []
    while wanted and len(windows) < most:
        hull = wanted[0]
        for place in wanted[1:]:
            together = _union(hull, place)
            if together.w <= size[0] and together.h <= size[1]:
                hull = together
        window = _around(hull, size)
        windows.append(window)
        wanted = [place for place in wanted if not holds(window, place)]
    return windows


def grid(size: tuple[float, float]) -> list[Box]:
    """Windows of `size` that together cover the picture, overlapping evenly, row by row."""
    tops, lefts = _starts(size[1]), _starts(size[0])
    return [Box(left, top, *size) for top, left in itertools.product(tops, lefts)]


def holds(window: Box, place: Box) -> bool:
    """Whether `place` lies within `window`, up to rounding."""
    slack = 1e-9
    return (
        window.x <= place.x + slack
        and window.y <= place.y + slack
        and place.right <= window.right + slack
        and place.bottom <= window.bottom + slack
    )


def _starts(extent: float) -> list[float]:
    # A fifth of a window is shared with the next one, so that nobody is cut in both.
    count = 1 if extent >= 1 else 1 + math.ceil((1 - extent) / (0.8 * extent) - 1e-9)
    if count == 1:
        return [0.0]
    return [number * (1 - extent) / (count - 1) for number in range(count)]


def _grown(place: Box, size: tuple[float, float]) -> Box:
    """`place` with its margin, within the picture and no larger than a window."""
    x, w = _span(place.x - _MARGIN * place.w, (1 + 2 * _MARGIN) * place.w, size[0])
    y, h = _span(place.y - _MARGIN * place.h, (1 + 2 * _MARGIN) * place.h, size[1])
    return Box(x, y, w, h)


def _span(start: float, length: float, most: float) -> tuple[float, float]:
    near, far = max(0.0, start), min(1.0, start + length)
    if far - near > most:
        middle = (near + far) / 2
        near, far = middle - most / 2, middle + most / 2
    return near, far - near


def _around(hull: Box, size: tuple[float, float]) -> Box:
    x = min(max(0.0, hull.x + hull.w / 2 - size[0] / 2), 1 - size[0])
    y = min(max(0.0, hull.y + hull.h / 2 - size[1] / 2), 1 - size[1])
    return Box(x, y, *size)


def _union(a: Box, b: Box) -> Box:
    x, y = min(a.x, b.x), min(a.y, b.y)
    return Box(x, y, max(a.right, b.right) - x, max(a.bottom, b.bottom) - y)
