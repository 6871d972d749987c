"""The markup of boards: text stays text, markup is read, and what is not known is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.services.boards.drivers.ntcip_objects import Memory, MessageId, activation, crc16
from collector.services.boards.layout import lay_out
from collector.services.boards.multi import (
    MultiError,
    as_read,
    canonical,
    harmless,
    of_plain,
    parse,
    plain,
    to_wire,
)
from collector.services.boards.registry import Board


def board(**changed: object) -> Board:
    usual = {"id": "b", "title": "b", "driver": "web", "width_px": 96, "height_px": 32}
    return Board.model_validate({**usual, "charset": "ks", **changed})


def why(one: Board, multi: str) -> list[str]:
    return [problem.why for problem in lay_out(one, multi).problems]


def test_letters_of_no_ascii_travel_by_their_number_and_come_back() -> None:
    wire = to_wire("화재[nl]A[[1]]")
    assert wire == b"[hcd654][hcc7ac][nl]A[[1]]"
    assert as_read(wire.decode()) == canonical("화재[NL]A[[1]]")
    assert plain(as_read(wire.decode())) == "화재\nA[1]"
    with pytest.raises(MultiError, match="has no number"):
        to_wire("🔥")


@pytest.mark.parametrize(
    ("multi", "position"), [("FIRE]", 4), ("A[nl", 1), ("[hcd800]", 0), ("[[[1]", 2), ("[]", 0)]
)
def test_what_is_no_markup_is_told_with_its_place(multi: str, position: int) -> None:
    with pytest.raises(MultiError) as caught:
        parse(multi)
    assert caught.value.position == position


def test_what_comes_from_elsewhere_marks_up_nothing() -> None:
    evil = "정문[np][fo9]\n\x1b[cf1]" + "x" * 99
    filled = f"화재 {harmless(evil)}"
    assert len(parse(filled)) == 1, "one text, no tag"
    assert plain(filled).startswith("화재 정문[np][fo9] [cf1]x")
    assert of_plain("하나\n[둘]\n\n셋 ") == "하나[nl][[둘]][np]셋"


def test_every_letter_stands_in_its_cell() -> None:
    page = lay_out(board(), "화재A[nl][jl2]B").pages[0]
    assert [(one.text, one.x, one.y, one.w) for one in page.glyphs] == [
        ("화", 28, 0, 16),
        ("재", 44, 0, 16),
        ("A", 60, 0, 8),
        ("B", 0, 16, 8),
    ]
    tables = lay_out(board(fonts=[{"wide_px": 12, "spacing_px": 1}]), "화재").pages[0]
    assert [(one.x, one.w) for one in tables.glyphs] == [(35, 12), (48, 12)]
    both = lay_out(board(), "[jl2]L[jl4]R[jp4]").pages[0].glyphs
    assert [(one.text, one.x, one.y) for one in both] == [("L", 0, 16), ("R", 88, 16)]
    two = lay_out(board(colors="classic"), "[pt20o5][cf3]A[np][fl]B[/fl]C").pages
    assert [(one.on_s, one.off_s) for one in two] == [(2.0, 0.5), (2.0, 0.5)]
    assert two[0].glyphs[0].color == "#00ff00"
    assert [one.flash for one in two[1].glyphs] == [True, False]


def test_what_a_board_cannot_show_is_told_before_it_is_sent() -> None:
    assert why(board(), "가나다라마바") == []
    assert why(board(), "가나다라마바사") == ["wide"]
    assert why(board(), "A[nl]B[nl]C") == ["high"]
    assert why(board(charset="ascii"), "화") == ["letter"]
    assert why(board(), "뚝뷁") == ["letter"], "KS X 1001 has 2,350 of 11,172 syllables"
    assert why(board(charset="unicode"), "뷁") == []
    assert why(board(), "[cf1]A") == ["color"]
    assert why(board(), "[fo7]A") == ["font"]
    assert why(board(), "[g1]A[mvl]") == ["tag", "tag"]
    assert why(board(), "[jl9]A[pt999]") == ["value", "value"]
    assert why(board(max_pages=1), "A[np]B") == ["pages"]
    assert why(board(max_bytes=12), "화재!!") == ["long"]
    assert why(board(), " [nl]".strip()) == ["empty"]
    assert why(board(), "A]") == ["syntax"]


@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
    | st.text("[]/cfohnlpt0123²٣ 화", max_size=40)
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_typed_is_laid_out_or_told(text: str) -> None:
    one = board(colors="rgb", charset="unicode")
    found = lay_out(one, text)
    assert found.pages or found.problems
    if not found.problems:
        assert as_read(to_wire(text).decode()) == canonical(text)
    typed = lay_out(one, of_plain(harmless(text)))
    assert {"syntax", "tag", "value", "font", "color"}.isdisjoint(p.why for p in typed.problems)


def test_codes_are_those_of_the_standard() -> None:
    # The check value of CRC-16/X-25, which is the frame check of ISO/IEC 3309.
    assert crc16(b"1234567", ord("8"), ord("9")) == 0x906E
    what = MessageId(int(Memory.CHANGEABLE), 258, 0xBEEF)
    assert MessageId.of(what.code) == what
    assert activation(what, 5, 255).hex() == "0005ff030102beef00000000"
