"""Settled numbers behave like the set they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.numbers import Numbers

RANGES = st.lists(st.tuples(st.integers(-2, 60), st.integers(0, 8)), max_size=25)


@given(RANGES, st.integers(0, 10))
def test_it_is_the_set_of_what_was_added(parts: list[tuple[int, int]], contiguous: int) -> None:
    numbers = Numbers(contiguous)
    expected = set(range(1, contiguous + 1))
    for first, length in parts:
        numbers.add(first, first + length)
        expected |= {n for n in range(first, first + length + 1) if n >= 1}
    highest = max(expected, default=0)
    holes = {n for n in range(1, highest) if n not in expected}
    assert numbers.highest == highest
    assert numbers.missing == len(holes)
    assert {n for first, last in numbers.gaps() for n in range(first, last + 1)} == holes
    assert numbers.contiguous == (min(holes) - 1 if holes else highest)
    assert all((n in numbers) == (n in expected) for n in range(-3, highest + 3))


def test_what_was_given_out_and_did_not_come_is_missing() -> None:
    numbers = Numbers(2, [(4, 4)])
    numbers.expect(7)
    numbers.expect(3)
    assert (numbers.highest, numbers.missing, numbers.contiguous) == (7, 4, 2)
    assert numbers.gaps() == [(3, 3), (5, 7)]
    assert numbers.gaps(1) == [(3, 3)]
    numbers.add(3, 9)
    assert (numbers.gaps(), numbers.contiguous, numbers.missing) == ([], 9, 0)


def test_gaps_are_bounded_and_ascend() -> None:
    numbers = Numbers(0, [(n, n) for n in range(2, 2000, 2)])
    assert numbers.gaps(3) == [(1, 1), (3, 3), (5, 5)]


def test_a_huge_range_costs_nothing() -> None:
    numbers = Numbers()
    numbers.add(5, 10**15)
    assert numbers.gaps() == [(1, 4)]
    numbers.add(1, 4)
    assert numbers.contiguous == 10**15
