"""The registry: every row read or told, all of a table or nothing, no formula in one of ours."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from collector.config import CameraPlace
from collector.said import korean
from collector.services.estate.dates import EARLIEST, LATEST, read_date
from collector.services.estate.desk import EstateDesk, Taken
from collector.services.estate.export import HEADINGS, TITLE, asset_rows
from collector.services.estate.table import AssetTableError, read_file
from collector.store import estate
from collector.store.database import Database
from collector.store.estate import Asset
from collector.store.reader import Reader
from tests.support.new_store import new_store
from wire.sheet import SheetError, counts_from_1904
from wire.sheet_out import csv_bytes, unguarded, xlsx_bytes

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLACE = CameraPlace(device="pole-001-1", camera="gate", title="정문", lat=37.5, lon=126.7)


class Registry:
    """A store, and what takes tables into it."""

    def __init__(self, folder: Path) -> None:
        self.database: Database = new_store(folder)
        self.reader = Reader(self.database.path, {("pole-001-1", "gate"): PLACE})
        self.desk = EstateDesk(self.reader.cameras, ["plaza"])

    def take(self, data: str | bytes, *, check: bool = False) -> Taken:
        raw = data.encode() if isinstance(data, str) else data
        with self.database.transaction() as run:
            return self.desk.take(run, read_file("t", raw), "chief", NOW, only_check=check)

    def assets(self) -> dict[str, Asset]:
        with self.database.reading() as run:
            return {one.tag: one for one in estate.all_of(run)}

    def changes(self, tag: str) -> list[tuple[str, str | None, str | None]]:
        with self.database.reading() as run:
            found = estate.changes_of(run, self.assets()[tag].asset_id, 99)
        return [(one.field, one.before, one.after) for one in found]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry(tmp_path)
    yield made
    made.reader.close()
    made.database.close()


# --- days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01", "2026. 3. 1.", "2026.3.1", "2026/03/01", "2026년 3월 1일", "20260301",
        "2026-03-01 00:00:00",
    ],
)  # fmt: skip
def test_a_day_as_offices_write_it(text: str) -> None:
    assert read_date(text) == date(2026, 3, 1)


def test_a_day_s_number_counts_by_its_workbook() -> None:
    assert read_date("46082", numbered_from_1904=False) == date(2026, 3, 1)
    assert read_date("44620", numbered_from_1904=True) == date(2026, 3, 1)
    with pytest.raises(ValueError, match="day number"):
        read_date("46082")


@given(st.dates(EARLIEST, LATEST))
def test_every_day_s_number_is_that_day(day: date) -> None:
    for from_1904, zero in ((False, date(1899, 12, 30)), (True, date(1904, 1, 1))):
        number = str((day - zero).days)
        assert read_date(number, numbered_from_1904=from_1904) == day


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("26.3.1", "two digits"), ("'26. 3. 1.", "two digits"), ("3/1/26", "no date"),
        ("2026-02-30", "no such day"), ("2026. 3.", "day is missing"), ("작년", "no date"),
        ("1026-03-01", "between 1970"), ("2026-13-01", "no such day"), ("26년 3월", "two digits"),
    ],
)  # fmt: skip
def test_what_is_no_day_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_date(text)


# --- tables ---------------------------------------------------------------------------------------

GOOD = (
    "관리번호,종류,설치위치번호,장비이름,카메라이름,제조사,일련번호,설치일,관리부서,순번\n"
    "P-1,폴,,,,,,2019. 5. 2.,스마트도시과,1\n"
    "C-1,CCTV,P-1,pole-001-1,gate,한화,S1,2020년 6월 1일,스마트도시과,2\n"
    "B-1,함체,P-1,pole-001-1,,동양,S1,,스마트도시과,3\n"
)


def test_a_korean_table_is_taken_and_what_changes_is_kept(registry: Registry) -> None:
    told = registry.take(GOOD.encode("cp949"))
    assert (told.taken, told.added, told.bad, told.ignored) == (True, 3, (), ("순번",))
    camera = registry.assets()["C-1"]
    assert (camera.kind, camera.parent, camera.installed) == ("camera", "P-1", "2020-06-01")
    assert len(camera.asset_id) == 12
    again = registry.take("관리번호,종류,펌웨어,관리부서\nC-1,카메라,2.1,\n")
    assert (again.added, again.changed, again.same) == (0, 1, 0)
    after = registry.assets()["C-1"]
    assert after == replace(camera, firmware="2.1", department=None)
    assert registry.changes("C-1")[:2] == [
        ("department", "스마트도시과", None), ("firmware", None, "2.1"),
    ]  # fmt: skip
    assert len(registry.assets()) == 3


BAD = (
    ("P-1,폴,,,,,,,", "stands in row 2 too"),
    (",폴,,,,,,,", "관리번호) is missing"),
    ("X-1,드론,,,,,,,", "unknown kind 드론"),
    ("X-2,,,,,,,,", "the kind is missing"),
    ("X-3,폴,P-9,,,,,,", "no other asset P-9"),
    ("X-4,폴,X-4,,,,,,", "no other asset X-4"),
    ("X-5,카메라,,pole-009-1,gate,,,,", "nor ever heard of"),
    ("X-6,카메라,,pole-001-1,,,,,", "both"),
    ("X-7,카메라,,Pole 1,gate,,,,", "장비이름: Pole 1 is no name"),
    ("X-8,조명,,,,한화,s1,,", "일련번호 s1 is that of C-1, which is registered too"),
    ("X-9,조명,,,,삼성,Z7,,", "일련번호 Z7 is that of Y-9 (row 14) too"),
    ("Y-9,조명,,,,삼성,Z7,,", "일련번호 Z7 is that of X-9 (row 13) too"),
    ("Y-1,폴,,,,,,26.3.1,", "설치일: 26.3.1: the year has two digits"),
    ("Y-2,폴,,,,,,46082,", "설치일: 46082 is a spreadsheet's day number"),
    ("Y-3,폴,,,,,,2026-02-30,", "no such day"),
    ("Y-4,폴,,,,,,2026-03-01,2026-01-01", "철거일 is before 설치일"),
    ("B-1,폴,,,,,,,", "B-1 is a box"),
    ("Y-6,폴,Y-1,,,,,,2026-13-01", "철거일: 2026-13-01: there is no such day"),
    ("Y-7,폴,Y-1,,,,,,작년", "철거일: 작년 is no date"),
    ("Y-5,카메라,,pole-001-1,gate,,,,", "pole-001-1/gate is that of C-1"),
    ("Z-1,전광판,,,,,,,,station", "boards.yaml has no board station"),
    ("Z-2,함체,,pole-002-1,,,,,,lamp", "설비이름: only boards, lights"),
    ("Z-3,사이렌,,,,,,,,horn", "설비이름 needs 장비이름"),
    ("Z-4,조명,,pole-001-1,,,,,,lamp", "pole-001-1/lamp is that of Z-5 (row 27) too"),
    ("Z-5,조명,,pole-001-1,,,,,,lamp", "pole-001-1/lamp is that of Z-4 (row 26) too"),
)


def test_every_bad_row_is_told_and_nothing_is_half_done(registry: Registry) -> None:
    registry.take(GOOD)
    before = registry.assets()
    head = "관리번호,종류,설치위치번호,장비이름,카메라이름,제조사,일련번호,설치일,철거일,설비이름\n"
    rows = "".join(f"{row}\n" for row, _ in BAD)
    told = registry.take(f"{head}P-1,폴,,,,,,,\n{rows}N-1,폴,,,,,,,\n")
    assert (told.taken, told.bad_rows) == (False, len(BAD))
    assert [one.row for one in told.bad] == [*range(3, len(BAD) + 3)]
    for one, (_, why) in zip(told.bad, BAD, strict=True):
        assert why in one.reason
    assert registry.assets() == before
    assert len(registry.changes("B-1")) == 7, "as it was registered"


def test_a_check_changes_nothing_and_a_retired_one_s_serial_is_free(registry: Registry) -> None:
    assert registry.take(GOOD, check=True).added == 3
    assert registry.assets() == {}
    registry.take(GOOD)
    head = "관리번호,종류,제조사,일련번호,철거일\n"
    told = registry.take(f"{head}B-1,함체,동양,S1,2026-03-01\nB-2,함체,동양,S1,\n")
    assert told.taken, told.bad


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"), ("종류,모델\n폴,a\n", "no column of 관리번호"),
        ("관리번호,자산번호,종류\na,b,폴\n", "several columns"),
        ("관리번호,종류,모델,모델명\na,폴,1,2\n", "two columns of 모델"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_assets_says_so(text: str, why: str) -> None:
    with pytest.raises(AssetTableError, match=why):
        read_file("t.csv", text.encode())


def workbook(from_1904: bool, *rows: list[object]) -> bytes:
    book = Workbook()
    if from_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    told = io.BytesIO()
    book.save(told)
    return told.getvalue()


@pytest.mark.parametrize(("from_1904", "number"), [(False, 46082), (True, 44620)])
def test_a_workbook_s_days_are_those_that_its_program_shows(from_1904: bool, number: int) -> None:
    data = workbook(
        from_1904, ["관리번호", "종류", "설치일"], ["a", "폴", datetime(2026, 3, 1)],
        ["b", "폴", number], ["c", "폴", "2026. 3. 1."],
    )  # fmt: skip
    assert counts_from_1904(data) is from_1904
    table = read_file("t.xlsx", data)
    assert table.bad == ()
    assert {one.values["installed"] for one in table.entries} == {"2026-03-01"}


def test_a_workbook_that_would_fill_the_memory_is_not_opened() -> None:
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", bytes(1024 * 1024))
    listed = told.getvalue()
    # The size that the directory of the archive claims.
    claimed = listed.replace((1024 * 1024).to_bytes(4, "little"), (2**31 - 1).to_bytes(4, "little"))
    with pytest.raises(SheetError, match="unpacks to 2047 MB"):
        read_file("t.xlsx", claimed)


# --- out ------------------------------------------------------------------------------------------

EVIL = ('=HYPERLINK("http://x","y")', "+82-32", "-1", "@SUM(A1)", "'=kept", "'tis")


def test_what_goes_out_runs_nowhere_and_comes_back_as_it_was(registry: Registry) -> None:
    head = "관리번호,종류,명칭,비고\n"
    told = io.StringIO(newline="")
    csv.writer(told).writerows(
        [[f"T-{n}", "폴", "a", csv_guard(text)] for n, text in enumerate(EVIL)]
    )
    registry.take(head + told.getvalue())
    before = registry.assets()
    assert [before[f"T-{n}"].note for n in range(len(EVIL))] == list(EVIL)
    rows = asset_rows(before.values())
    out = csv_bytes(HEADINGS, rows)
    cells = [one for row in csv.reader(io.StringIO(out.decode("utf-8-sig"))) for one in row]
    assert not [one for one in cells if one.startswith(("=", "+", "-", "@"))]
    assert registry.take(out).same == len(EVIL)
    book = xlsx_bytes(TITLE, HEADINGS, rows)
    sheet = load_workbook(io.BytesIO(book)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert registry.take(book).same == len(EVIL)
    assert registry.assets() == before


def csv_guard(text: str) -> str:
    (cell,) = next(csv.reader(io.StringIO(csv_bytes([text], []).decode("utf-8-sig"))))
    return cell


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20))
def test_guarding_a_cell_can_be_taken_back(text: str) -> None:
    assert unguarded(csv_guard(text)) == text


def test_every_reason_is_told_in_korean_too(registry: Registry) -> None:
    registry.take(GOOD)
    head = "관리번호,종류,설치위치번호,장비이름,카메라이름,제조사,일련번호,설치일,철거일,설비이름\n"
    told = registry.take(f"{head}P-1,폴,,,,,,,\n" + "".join(f"{row}\n" for row, _ in BAD))
    english = re.compile(r"\b(is|the|no|that|there|of|year|day)\b")
    said = [korean(one.reason) or one.reason for one in told.bad]
    assert [one for one in said if english.search(one)] == []
    assert "장비이름: Pole 1: 영문 소문자, 숫자, - 로 된 이름이 아닙니다" in said
