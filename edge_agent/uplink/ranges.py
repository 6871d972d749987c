"""Arithmetic of number ranges, for gaps and losses."""

from __future__ import annotations

from collections.abc import Iterable

Range = tuple[int, int]
"""First and last number, both included."""


def ranges_of(numbers: Iterable[int]) -> list[Range]:
    """The numbers as ascending ranges that do not touch."""
    found: list[Range] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def without(whole: Range, parts: Iterable[Range]) -> list[Range]:
    """What of `whole` no part covers; parts may overlap and stand in any order."""
    left: list[Range] = []
    at, end = whole
    for first, last in sorted(parts):
        if last < at:
            continue
        if first > end:
            break
        if first > at:
            left.append((at, first - 1))
        at = max(at, last + 1)
    if at <= end:
        left.append((at, end))
    return left


def size(ranges: Iterable[Range]) -> int:
    """How many numbers they hold."""
    return sum(last - first + 1 for first, last in ranges)
