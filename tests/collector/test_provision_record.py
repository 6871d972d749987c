"""The record of provision in the official columns, with what is erased and what would be run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from collector import destruction, ledger
from collector.provision_record import COLUMNS, as_csv, as_xlsx, rows
from collector.store.database import Database
from tests.support.new_store import new_store

AT = datetime(2026, 3, 1, 15, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")


class Book:
    """A ledger with one case: asked, viewed, copied."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.enter(
            "service.approved",
            agency="police",
            case="112-7",
            purpose="폭행 신고",
            basis="제18조제2항제3호",
            requester={"unit": "상황실", "rank": "경위", "name": "김", "phone": "032"},
        )
        common: dict[str, Any] = {"device": "pole-1", "camera": "gate"}
        common |= {"agency": "police", "case": "112-7"}
        self.view = self.enter("view.opened", person="kim", session_id="s-1", **common)
        self.copy = self.enter(
            "pole.export",
            AT + timedelta(days=1),
            person="kim",
            event_id="e-1",
            start_at="2026-03-01T14:50:00Z",
            end_at="2026-03-01T15:00:00Z",
            **common,
        )

    def enter(self, kind: ledger.Kind, at: datetime = AT, **fields: Any) -> int:
        with self.database.transaction() as run:
            return ledger.append(run, at, kind, fields)

    def told(self, **bounds: Any) -> list[dict[str, str]]:
        with self.database.reading() as run:
            return [
                dict(zip(COLUMNS, row.values, strict=True)) for row in rows(run, SEOUL, **bounds)
            ]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    database = new_store(tmp_path)
    yield Book(database)
    database.close()


def test_each_viewing_and_each_copy_is_a_row_with_who_asked_and_why(book: Book) -> None:
    view, copy = book.told()
    assert (view["구분"], view["일시"], view["파일명"]) == ("열람", "2026-03-02 00:00:00", "s-1")
    assert (view["제공받는 기관"], view["부서"], view["직급"], view["성명"], view["연락처"]) == (
        "police", "상황실", "경위", "김", "032",
    )  # fmt: skip
    assert (view["목적"], view["법적 근거"], view["문서번호"]) == (
        "폭행 신고", "제18조제2항제3호", "112-7",
    )  # fmt: skip
    assert (view["촬영 장소"], view["파기일"]) == ("pole-1/gate", "해당 없음")
    assert "실시간" in view["촬영 기간"]
    assert (copy["구분"], copy["전달 매체"]) == ("제공", "파일")
    assert copy["촬영 기간"] == "2026-03-01 23:50:00 ~ 2026-03-02 00:00:00"


def test_what_became_of_a_copy_stands_beside_it(book: Book) -> None:
    (before,) = [row for row in book.told() if row["구분"] == "제공"]
    assert (before["파기 예정일"], before["파기일"], before["파기 담당자"]) == ("", "", "")
    book.enter("copy.destruction", number=book.copy, planned="2026-04-01")
    book.enter("copy.destruction", number=book.copy, on="2026-03-20", officer="박")
    (after,) = [row for row in book.told() if row["구분"] == "제공"]
    assert (after["파기 예정일"], after["파기일"], after["파기 담당자"]) == (
        "2026-04-01", "2026-03-20", "박",
    )  # fmt: skip


def test_a_copy_is_destroyed_once_after_it_was_provided_and_by_somebody(book: Book) -> None:
    def enter(given: dict[str, str], number: int = book.copy) -> None:
        with book.database.transaction() as run:
            destruction.enter(
                run,
                AT + timedelta(days=9),
                SEOUL,
                number,
                planned=given.get("planned"),
                on=given.get("on"),
                officer=given.get("officer"),
                person="lee",
            )

    wrong: tuple[tuple[dict[str, str], str], ...] = (
        ({}, "give the planned day"),
        ({"on": "2026-03-05"}, "belong together"),
        ({"planned": "soon"}, "is no day"),
        ({"planned": "2026-03-01"}, "before the day"),
        ({"on": "2026-03-20", "officer": "박"}, "has not come yet"),
    )
    for given, why in wrong:
        with pytest.raises(destruction.DestructionError, match=why):
            enter(given)
    with pytest.raises(destruction.DestructionError, match="is no copy"):
        enter({"planned": "2026-04-01"}, book.view)
    enter({"planned": "2026-04-01"})
    enter({"on": "2026-03-05", "officer": "박"})
    with pytest.raises(destruction.DestructionError, match="destroyed on 2026-03-05 already"):
        enter({"planned": "2026-05-01"})


def test_what_the_centre_copies_for_an_agency_names_the_agency(book: Book) -> None:
    book.enter("pole.export", agency="centre", case="112-7", person="lee", event_id="e-2")
    (row,) = [one for one in book.told() if one["파일명"] == "e-2"]
    assert (row["제공받는 기관"], row["성명"], row["비고"]) == ("police", "김", "lee")
    # Two agencies under one number: nobody can say for whom it was.
    book.enter("service.asked", agency="fire", case="112-7", requester={"name": "박"})
    (row,) = [one for one in book.told() if one["파일명"] == "e-2"]
    assert (row["제공받는 기관"], row["성명"]) == ("centre", "lee")


def test_a_time_span_is_from_on_and_before(book: Book) -> None:
    day = timedelta(days=1)
    assert [row["번호"] for row in book.told(since=AT + day)] == [str(book.copy)]
    assert [row["번호"] for row in book.told(until=AT + day)] == [str(book.view)]


def test_what_was_erased_leaves_a_row_that_says_so(book: Book) -> None:
    with book.database.transaction() as run:
        ledger.erase(run, AT + timedelta(hours=1))
    erased, copy = book.told()
    assert (erased["번호"], erased["성명"], erased["비고"]) == (
        str(book.view), "", "보존 기간 경과로 파기됨",
    )  # fmt: skip
    assert copy["성명"] == "kim"


def test_csv_and_xlsx_hold_the_same_rows_and_run_nothing(book: Book) -> None:
    evil = '=HYPERLINK("http://evil","x")'
    book.enter("view.opened", AT + timedelta(days=2), person=evil, case="\x01@x", agency="fire")
    with book.database.reading() as run:
        found = list(rows(run, SEOUL))
    text = as_csv(found)
    assert text.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert tuple(read[0]) == COLUMNS
    assert read[3][COLUMNS.index("성명")] == "'" + evil
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(found))).active
    assert sheet is not None
    shown = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert shown[0] == list(COLUMNS)
    assert len(shown) == len(read) == 4
    cell = sheet.cell(4, COLUMNS.index("성명") + 1)
    assert (cell.value, cell.data_type) == (evil, "s")
    assert shown[1:3] == read[1:3]
