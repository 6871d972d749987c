"""A city's table of poles and cameras as rows of text, by its headings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioning.problems import ProvisionError
from wire.sheet import SheetError, lines

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 100_000

COLUMNS = {
    "pole": ("pole", "asset", "폴", "폴번호", "관리번호", "자산번호", "전주번호"),
    "latitude": ("latitude", "lat", "위도"),
    "longitude": ("longitude", "lon", "lng", "경도"),
    "address": ("address", "주소", "설치주소", "설치장소", "소재지"),
    "camera": ("camera", "카메라", "카메라번호", "채널"),
    "url": ("url", "rtsp", "영상주소", "rtsp주소"),
    "sub_url": ("sub_url", "sub", "보조영상주소", "보조rtsp주소", "서브스트림"),
    "credentials": ("credentials", "계정", "계정이름"),
    "uplink": ("uplink", "회선", "회선종류"),
    "bytes_per_s": ("bytes_per_s", "회선속도", "초당바이트"),
    "broker": ("broker", "collector", "중앙서버", "브로커"),
    "time_zone": ("time_zone", "timezone", "시간대"),
}
"""Our names of columns, and the headings that stand for them, in small letters without spaces."""
NEEDED = ("pole", "latitude", "longitude", "camera", "url")


@dataclass(frozen=True, slots=True)
class Row:
    """One line under the headings; `number` as the spreadsheet program shows it."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_sheet(path: Path) -> tuple[Row, ...]:
    """The rows that hold anything; raises ProvisionError for what is no such table."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise ProvisionError("site.sheet", f"{path}: {error.strerror}") from error
    if size > MAX_BYTES:
        raise ProvisionError("site.sheet", f"{path}: larger than {MAX_BYTES // 1024**2} MB")
    try:
        return _rows(path, lines(str(path), data))
    except SheetError as error:
        raise ProvisionError("site.sheet", str(error)) from error


def _rows(path: Path, told: Iterable[tuple[int, list[str]]]) -> tuple[Row, ...]:
    known = {word: column for column, words in COLUMNS.items() for word in words}
    headings: list[str | None] | None = None
    found: list[Row] = []
    for number, cells in told:
        if not any(cells):
            continue
        if headings is None:
            headings = [known.get("".join(cell.lower().split())) for cell in cells]
            _check_headings(path, headings, cells)
            continue
        if len(found) == MAX_ROWS:
            raise ProvisionError("site.sheet", f"{path}: more than {MAX_ROWS:,} rows")
        named = {name: cell for name, cell in zip(headings, cells, strict=False) if name}
        found.append(Row(number, named))
    if headings is None:
        raise ProvisionError("site.sheet", f"{path} is empty")
    if not found:
        raise ProvisionError("site.sheet", f"{path} has headings and no rows")
    return tuple(found)


def _check_headings(path: Path, headings: list[str | None], cells: list[str]) -> None:
    named = [name for name in headings if name]
    missing = [f"{name} ({COLUMNS[name][-1]})" for name in NEEDED if name not in named]
    if missing:
        there = ", ".join(cell for cell in cells if cell)[:300]
        raise ProvisionError(
            "site.sheet", f"{path}: no column {', '.join(missing)} among the headings: {there}"
        )
    doubles = sorted({name for name in named if named.count(name) > 1})
    if doubles:
        raise ProvisionError("site.sheet", f"{path}: columns stand twice: {', '.join(doubles)}")
