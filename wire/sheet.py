"""A spreadsheet as lines: XLSX, or CSV in UTF-8, UTF-16 or CP949 (as Korean Excel saves)."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator

DELIMITERS = ",\t;"
MOST_UNPACKED = 400 * 1024 * 1024
"""Of an XLSX file, which a few kilobytes may claim to be."""
_FROM_1904 = re.compile(rb"""<(?:\w+:)?workbookPr\b[^>]*\bdate1904=["'](?:1|true|on)["']""")


class SheetError(ValueError):
    """What is no table; names the file and the place in it."""


def lines(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Every line with its number, as the spreadsheet program shows it; raises SheetError.

    `name` stands in errors. Dates come as `2026-03-01 00:00:00`, whole numbers without a point.
    """
    return _xlsx(name, data) if data.startswith(b"PK") else _csv(name, data)


def counts_from_1904(data: bytes) -> bool:
    """Whether the day numbers of an XLSX file count from 1904, as old Macs did; else from 1900."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts, parts.open("xl/workbook.xml") as part:
            return _FROM_1904.search(part.read(1024 * 1024)) is not None
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError):
        return False


def _csv(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(name, data)
    if "\0" in text:
        raise SheetError(f"{name} is no text")
    head = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        first = 1
        for cells in reader:
            yield first, [cell.strip() for cell in cells]
            first = reader.line_num + 1
    except csv.Error as error:
        raise SheetError(f"{name}, line {reader.line_num}: {error}") from error


def _decoded(name: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp949"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
    raise SheetError(f"{name}, line {line}: neither UTF-8 nor CP949 text")


def _xlsx(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            unpacked = sum(one.file_size for one in parts.infolist())
        if unpacked > MOST_UNPACKED:
            raise SheetError(f"{name} unpacks to {unpacked // 1024**2} MB; no table is that large")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, [_cell(value) for value in cells]
    except SheetError:
        raise
    # The file is a stranger's, and openpyxl has no error of its own for what it cannot read.
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, TypeError, OSError) as error:
        raise SheetError(f"{name}: no readable spreadsheet ({type(error).__name__})") from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
