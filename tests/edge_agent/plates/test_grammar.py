"""Formats of plates: good and bad examples of each type."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.plates.grammar import (
    REGIONS,
    is_foreign,
    judge,
    parse,
    plausible,
    type_candidates,
)
from edge_agent.plates.types import PLATE_COLOURS, PLATE_TYPES
from wire.plate_text import normalise

GOOD = {
    "p8": ["123가4567", "100구0100", "997호9999", "799허1234", "6?4마12?4", "???가1234"],
    "p7": ["12가3456", "01너0100", "99주9999", "33하1234", "80배1234", "?2?3456", "1?서0?00"],
    "comm": ["서울33바1234", "경기70아0100", "세종99자9999", "?33바1234", "??33사1234"],
    "old": ["서울75마2684", "경기3나1234", "충북1바1000", "전남12허3456"],
    "dipl": ["외교001001", "준영123456", "대표9999??"],
    "mil": ["12육3456", "99공0100", "01국1234"],
    "cons": ["012가3456", "099머0100", "0?1나1234", "경기02가1234"],
    "temp": ["임1234", "임?999"],
    "moto": ["1가23456", "9호00100", "서울강남가1234", "경기광주기1234", "경기수원팔달나1?34"],
}  # fmt: skip
BAD = {
    "p8": ["123가456", "1234가567", "123바4567", "000가1234", "123가0099"],
    "p7": ["00가3456", "12가345", "12갸3456", "12가0012", "가123456"],
    "comm": ["서울00바1234", "서율33바1234", "서울33바123", "서울333바1234"],
    "old": ["서울0마2684", "서울75마0084", "전라12가1234"],
    "dipl": ["외교12345", "외무123456", "외교1234567"],
    "mil": ["00육1234", "12군1234"],
    "cons": ["000가1234", "012가0001"],
    "temp": ["임123", "임0012", "가1234"],
    "moto": ["0가21234", "1가20012", "서울가12345"],
}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in GOOD.items() for t in texts])
def test_good_examples_are_read_as_their_type(kind: str, text: str) -> None:
    assert kind in {plate.type for plate in parse(text)}
    assert plausible(text)


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in BAD.items() for t in texts])
def test_bad_examples_are_not(kind: str, text: str) -> None:
    assert kind not in {plate.type for plate in parse(text)}


def test_a_plate_is_taken_apart() -> None:
    plate = parse("서울 33 바 1234")[0]
    assert (plate.region, plate.prefix, plate.letter, plate.serial) == ("서울", "33", "바", "1234")
    assert not plate.partial
    assert parse("외교 001-002")[0].serial == "002"
    assert parse("경기수원팔달나1234")[0].region == "경기수원팔달"
    assert parse("12?3456")[0].partial


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("12가 3456", "12가3456"),
        (" 12가-3456 ", "12가3456"),
        ("１２가３４５６", "12가3456"),
        (unicodedata.normalize("NFD", "12가3456"), "12가3456"),
        ("외교 123-456", "외교123456"),
        ("ab·123 cd", "AB123CD"),
        ("", ""),
    ],
)
def test_normal_form(written: str, normal: str) -> None:
    assert normalise(written) == normal


@pytest.mark.parametrize("text", ["AB123CD", "B MW 1234", "京A12345", "12AB?4", "京A1?345"])
def test_foreign_plates_are_marked(text: str) -> None:
    assert judge(text).type == "foreign"
    assert not plausible(text)


@pytest.mark.parametrize(
    "text", ["1234", "TAXI", "", "?", "????", "A1", "B" * 30 + "1", "가나다라"]
)
def test_numbers_and_words_are_neither(text: str) -> None:
    assert judge(text).type == "none"
    assert not is_foreign(text)


def test_the_colour_decides_where_the_text_leaves_a_choice() -> None:
    assert judge("12?3456").type == "p7"
    assert judge("12?3456", "black").type == "mil"
    assert judge("서울75?2684", "green", 2.0).type == "old"
    assert judge("서울75?2684", "yellow").type == "comm"


def test_a_colour_that_does_not_fit_is_told_and_changes_nothing() -> None:
    verdict = judge("12가3456", "navy")
    assert (verdict.type, verdict.plausible, verdict.odd) == ("p7", True, "colour")


def test_shape_leaves_out_what_has_another_number_of_lines() -> None:
    assert "temp" not in type_candidates("white", 2.1)
    assert "moto" not in type_candidates("white", 4.7)
    assert type_candidates("unknown", 4.7)


def test_candidates_name_known_types_only() -> None:
    for colour in PLATE_COLOURS:
        assert set(type_candidates(colour)) <= set(PLATE_TYPES)


@given(st.text(alphabet="0129?가하바서울임시육AZ京-. \u1100\U0001f697", max_size=16))
def test_any_text_is_judged(text: str) -> None:
    verdict = judge(text)
    assert verdict.type in PLATE_TYPES
    assert normalise(normalise(text)) == normalise(text)


@given(
    st.sampled_from(REGIONS),
    st.integers(1, 99),
    st.sampled_from("바사아자"),
    st.integers(100, 9999),
)
def test_every_commercial_number_is_plausible(
    region: str, number: int, letter: str, serial: int
) -> None:
    assert "comm" in {p.type for p in parse(f"{region}{number:02d}{letter}{serial:04d}")}
