"""The sentence that people read first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

from collector.texts import DETAILS, TYPES, Sentence, sentences
from wire.event import RuleType, TamperKind

SEOUL = ZoneInfo("Asia/Seoul")
ABOUT = Sentence(
    type="intrusion",
    severity="moderate",
    confidence=0.914,
    opened_at=datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC),
    ended_at=None,
    camera_title="구청 정문",
    camera_title_en="Main gate",
    zone="yard",
    drill=False,
)


def test_it_says_what_where_when_and_how_sure_in_the_sites_time() -> None:
    korean, english = sentences(ABOUT, SEOUL)
    assert korean == "구청 정문 yard 구역에서 21:30:15 침입 감지 (보통, 신뢰도 91%)"
    assert english == "Intrusion at Main gate, zone yard, 21:30:15 (moderate, 91% confident)"


def test_a_drill_says_so_first_in_both_languages() -> None:
    korean, english = sentences(replace(ABOUT, drill=True), SEOUL)
    assert korean.startswith("[훈련] ")
    assert english.startswith("[DRILL] ")


def test_an_end_is_named() -> None:
    ended = replace(ABOUT, ended_at=datetime(2026, 3, 1, 12, 31, tzinfo=UTC))
    korean, english = sentences(ended, SEOUL)
    assert "21:31:00 종료" in korean
    assert "ended 21:31:00" in english


def test_every_rule_type_has_a_name_and_an_unknown_one_is_shown_as_it_is() -> None:
    # Calls for help and alerts come from no rule.
    assert set(TYPES) == {*get_args(RuleType), "sos", "disaster"}
    assert "drone" in sentences(replace(ABOUT, type="drone"), SEOUL)[0]


def test_the_kind_of_tampering_is_named_and_an_unknown_one_is_shown_as_it_is() -> None:
    korean, english = sentences(replace(ABOUT, type="tamper", detail="covered"), SEOUL)
    assert "카메라 훼손(가림) 감지" in korean
    assert english.startswith("Camera tampering (covered) at Main gate")
    assert "(painted)" in sentences(replace(ABOUT, type="tamper", detail="painted"), SEOUL)[1]


def test_every_kind_of_tampering_has_a_name() -> None:
    assert {kind for type, kind in DETAILS if type == "tamper"} == set(
        TamperKind.__args__  # type: ignore[attr-defined]  # a Literal's values
    )


def test_wanted_plates_are_named_the_last_read_first_and_likenesses_marked() -> None:
    read = (("12가3456", "12거3456"), ("외교001-123", "외교001123"))
    wanted = replace(ABOUT, type="plate", plates=read)
    korean, english = sentences(wanted, SEOUL)
    assert "수배 차량 외교001-123, 12가3456(12거3456 유사) 감지" in korean
    assert english.startswith("Wanted plate 외교001-123, 12가3456 (like 12거3456) at Main gate")
    many = tuple((f"12가345{n}", None) for n in range(5))
    korean, english = sentences(replace(wanted, plates=(*many, many[0])), SEOUL)
    assert "12가3450, 12가3454, 12가3453 외 2대 감지" in korean
    assert "12가3450, 12가3454, 12가3453 and 2 more at" in english


def test_it_fits_the_wire() -> None:
    long = replace(ABOUT, camera_title="가" * 600, camera_title_en="x" * 600)
    assert all(len(one) <= 500 for one in sentences(long, SEOUL))
