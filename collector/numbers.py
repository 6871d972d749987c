"""Which numbers of one epoch are settled: a set of integers from 1 on, kept as ranges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]
"""First and last, both included."""


class Numbers:
    """Settled numbers. Memory grows with the count of gaps, not with the count of numbers."""

    def __init__(self, contiguous: int = 0, above: Iterable[Range] = ()) -> None:
        """1 to `contiguous` are settled, and each range of `above`."""
        self._ranges: list[Range] = []
        self._expected = 0
        if contiguous > 0:
            self._ranges.append((1, contiguous))
        for first, last in above:
            self.add(first, last)

    def add(self, first: int, last: int | None = None) -> None:
        """Settle `first` to `last`; numbers below 1 do not exist and are left out."""
        first, last = max(1, first), first if last is None else last
        if last < first:
            return
        at = bisect_right(self._ranges, (first, last))
        # The neighbour on the left may touch or overlap, and any number of them on the right.
        if at > 0 and self._ranges[at - 1][1] >= first - 1:
            at -= 1
        end = at
        while end < len(self._ranges) and self._ranges[end][0] <= last + 1:
            first = min(first, self._ranges[end][0])
            last = max(last, self._ranges[end][1])
            end += 1
        self._ranges[at:end] = [(first, last)]

    def expect(self, last: int) -> None:
        """Numbers up to `last` were given out: what of them is not settled is missing."""
        self._expected = max(self._expected, last)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._ranges, (number, float("inf")))
        return at > 0 and self._ranges[at - 1][0] <= number <= self._ranges[at - 1][1]

    @property
    def ranges(self) -> tuple[Range, ...]:
        """What is settled, lowest first."""
        return tuple(self._ranges)

    @property
    def contiguous(self) -> int:
        """Highest number up to which nothing is missing; 0 when number 1 is."""
        return self._ranges[0][1] if self._ranges and self._ranges[0][0] == 1 else 0

    @property
    def highest(self) -> int:
        """Highest number that is settled, or known to have been given out."""
        return max(self._expected, self._ranges[-1][1] if self._ranges else 0)

    def gaps(self, at_most: int | None = None) -> list[Range]:
        """What is missing up to the highest, lowest first; at most `at_most` ranges."""
        found: list[Range] = []
        expected = 1
        for first, last in self._ranges:
            if first > expected:
                found.append((expected, first - 1))
                if at_most is not None and len(found) >= at_most:
                    return found
            expected = last + 1
        if expected <= self._expected:
            found.append((expected, self._expected))
        return found

    @property
    def missing(self) -> int:
        """How many numbers are missing up to the highest."""
        settled = sum(last - first + 1 for first, last in self._ranges)
        return self.highest - settled
