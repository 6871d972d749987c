"""Which reads a witness's plate may mean."""

from __future__ import annotations

import pytest

from edge_agent.plates.pattern import OTHERS, Pattern, PatternError, others_of
from edge_agent.plates.types import PlateRead
from tests.edge_agent.plates.reads import read

Places = list[list[tuple[str, float]]]


def places(of: PlateRead) -> Places:
    """As the diary keeps them."""
    return [
        [(c.text, c.probability) for c in one.candidates] for one in of.characters if one.best.text
    ]


def chance(pattern: str, of: PlateRead, *, confusable: bool = True) -> float | None:
    return Pattern.of(pattern, confusable=confusable).chance(of.text, places(of))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("12가3456", "12가3456"),
        ("12가34??", "12가3456"),
        ("??가3456", "12가3456"),
        ("12 가-3456", "12가3456"),
        ("3456", "123가3456"),
        ("가3456", "12가3456"),
        ("12바3456", "서울12바3456"),
    ],
)
def test_what_is_known_is_there(pattern: str, text: str) -> None:
    found = Pattern.of(pattern, confusable=False).chance(text, [])
    assert found is not None
    assert found > 0.9


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("12가3456", "12가3457"),
        ("12가3456", "112가3456"),
        ("12가34??", "12가34"),
        ("서울12바3456", "12바3456"),
        ("12가3456", "12거3456"),
    ],
)
def test_what_is_another_plate_is_none(pattern: str, text: str) -> None:
    assert Pattern.of(pattern, confusable=False).chance(text, []) is None


def test_a_likeness_counts_a_little_and_a_candidate_as_much_as_it_says() -> None:
    sure = chance("12거3456", read("12가3456"))
    named = chance("12거3456", read("12가3456", unsure={2: {"가": 0.6, "거": 0.38}}))
    assert sure is not None
    assert named is not None
    assert 0 < sure < 0.01
    assert named == pytest.approx(0.38 * 0.999**6)


def test_another_candidate_need_not_be_a_likeness() -> None:
    doubtful = read("12가3456", unsure={6: {"6": 0.7, "1": 0.25}})
    assert chance("12가3451", doubtful) == pytest.approx(0.25 * 0.999**6)
    assert chance("12가3451", doubtful, confusable=False) is None
    assert chance("12가3457", doubtful) is None


def test_an_unread_character_may_be_the_one() -> None:
    assert Pattern.of("12가3456", confusable=False).chance("12가34?6", []) == pytest.approx(
        0.1 * 0.99**6
    )


def test_it_says_what_differs() -> None:
    pattern = Pattern.of("12거34??", confusable=True)
    assert pattern.differs("12가3456")
    assert not pattern.differs("12거3456")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("??가????", "must be known"), ("12*3456", "letters and digits"), ("1" * 13, "letters")],
)
def test_what_asks_for_everybody_or_is_no_plate_is_refused(text: str, reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        Pattern.of(text, confusable=True)


def test_the_likeliest_others_of_a_read_are_kept_for_searches() -> None:
    several = read("12가3456", unsure={0: {"1": 0.5, "7": 0.3, "4": 0.1}, 6: {"6": 0.8, "8": 0.2}})
    assert others_of(places(several)) == "784"
    assert len(others_of([[("1", 0.3), *((str(n), 0.1) for n in range(2, 9))]])) == OTHERS
