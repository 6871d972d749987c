"""Intervals against values that textbooks and tables give."""

from __future__ import annotations

import math

import pytest

from polewatch.accuracy.intervals import f1_interval, poisson_upper, wilson


def test_wilson_matches_published_values() -> None:
    # Newcombe 1998, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_wilson_stays_within_0_and_1_and_knows_nothing_of_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 5)[1] == 1.0
    assert wilson(0, 5)[0] == 0.0


@pytest.mark.parametrize(("right", "total"), [(-1, 3), (4, 3), (1, 0)])
def test_a_share_above_1_is_refused(right: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(right, total)


def test_no_event_in_the_time_bounds_the_rate_by_the_rule_of_three() -> None:
    assert poisson_upper(0, 1.0) == pytest.approx(-math.log(0.05))
    assert poisson_upper(0, 2.0) == pytest.approx(-math.log(0.05) / 2)


def test_upper_bounds_match_tables_of_the_poisson_distribution() -> None:
    # One-sided 95 %: Garwood 1936.
    assert [poisson_upper(k, 1.0) for k in (1, 2, 5, 10)] == pytest.approx(
        [4.744, 6.296, 10.513, 16.962], abs=5e-4
    )


def test_at_the_bound_so_few_events_have_the_chance_that_is_left() -> None:
    bound = poisson_upper(3, 1.0)
    chance = sum(math.exp(-bound) * bound**k / math.factorial(k) for k in range(4))
    assert chance == pytest.approx(0.05)


def test_watching_nothing_bounds_nothing_and_less_than_nothing_is_refused() -> None:
    assert poisson_upper(0, 0.0) == math.inf
    with pytest.raises(ValueError, match="negative"):
        poisson_upper(-1, 1.0)
    with pytest.raises(ValueError, match="negative"):
        poisson_upper(1, -1.0)


def test_the_interval_of_f1_holds_f1() -> None:
    for right, wrong in [(1, 1), (12, 1), (440, 51), (3, 9)]:
        low, high = f1_interval(right, wrong)
        assert low < 2 * right / (2 * right + wrong) < high
    assert f1_interval(0, 0) == (0.0, 1.0)
