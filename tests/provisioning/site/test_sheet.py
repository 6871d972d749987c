"""Tables as Korean offices save them, and what is no table."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from provisioning.problems import ProvisionError
from provisioning.site.sheet import Row, read_sheet
from tests.provisioning.site.tables import city_table, save_csv


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("cp949", ","), ("utf-16", "\t")],
)
def test_every_usual_encoding_and_delimiter_gives_the_same_rows(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = save_csv(tmp_path / "poles.csv", city_table(2), encoding, delimiter)
    first, second = read_sheet(path)
    assert (first.number, second.number) == (2, 3)
    assert first["pole"] == "gy-0001"
    assert first["address"] == "인천 계양구 계양대로 1"
    assert first["sub_url"] == ""


def test_a_workbook_gives_numbers_as_they_look_and_skips_empty_lines(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["pole", "lat", "lon", "camera", "url", "remarks"])
    sheet.append([])
    sheet.append([101, 37.5372, 127, "cam-1", " rtsp://10.0.0.1/ ", "new"])
    sheet.append(["=1+1", None, None, None, None])
    path = tmp_path / "poles.xlsx"
    book.save(path)
    cells = {"pole": "101", "latitude": "37.5372", "longitude": "127", "camera": "cam-1"}
    assert read_sheet(path) == (Row(3, {**cells, "url": "rtsp://10.0.0.1/"}),)


def test_a_line_break_inside_a_cell_keeps_the_numbers_of_rows(tmp_path: Path) -> None:
    rows = city_table(2)
    rows[1][3] = "인천\n계양구"
    path = save_csv(tmp_path / "poles.csv", rows, "utf-8")
    assert [row.number for row in read_sheet(path)] == [2, 4]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"pole,lat,lon,camera,url\n", "no rows"),
        (b"pole,lat,lon,camera\na,1,2,c\n", r"no column url \(rtsp주소\)"),
        (b"pole,asset,lat,lon,camera,url\na,a,1,2,c,u\n", "twice: pole"),
        (b"pole,lat\n\xff\xff\xff", "line 2: neither UTF-8 nor CP949"),
        (b"pole,lat\0,lon\n", "is no text"),
        (b'pole,lat,lon,camera,url\n"a\n', "line 2"),
        (b"PK\x03\x04 not a workbook", "no readable spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old xls", "neither|no text|no column"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "poles"
    path.write_bytes(data)
    with pytest.raises(ProvisionError, match=says):
        read_sheet(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="No such file"):
        read_sheet(tmp_path / "poles.csv")
