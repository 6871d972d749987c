"""The ledger as the law's record of provision (개인영상정보 관리대장): one row a viewing or copy.

Columns are those of the standard guideline's form, as DOMAIN §4 lists them. What was erased in its
time leaves an empty row that says so: its number and time stay.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from collector.store.moments import moment, stamp
from collector.store.reads import ReadFilter, entries
from wire.sheet_out import csv_bytes, xlsx_bytes

COLUMNS = (
    "번호", "구분", "일시", "파일명", "제공받는 기관", "부서", "직급", "성명", "연락처", "목적",
    "법적 근거", "문서번호", "이용 기간", "제공 형태", "전달 매체", "촬영 기간", "촬영 장소",
    "파기 예정일", "파기일", "파기 담당자", "비고",
)  # fmt: skip
TIME = "%Y-%m-%d %H:%M:%S"
COPIES = ("pole.export", "evidence.exported")
"""Kinds of the ledger that say that a copy left: of a recording, or of an incident's evidence."""
KINDS = {"view.opened": "열람", **dict.fromkeys(COPIES, "제공")}
_REQUESTS = ("service.asked", "service.approved")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; its values stand under COLUMNS."""

    values: tuple[str, ...]


def rows(
    run: sqlite3.Connection,
    zone: ZoneInfo,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Row]:
    """Provisions in the order of the chain, from `since` on and before `until`."""
    requesters, destroyed = _requesters(run), _destroyed(run)
    marks = ", ".join("?" * len(KINDS))
    sql = (
        "SELECT l.number, l.at, l.kind, f.fields FROM ledger l LEFT JOIN ledger_fields f"
        f" USING (number) WHERE l.kind IN ({marks})"
    )
    values: list[str] = [*KINDS]
    for clause, bound in ((" AND l.at >= ?", since), (" AND l.at < ?", until)):
        if bound is not None:
            sql += clause
            values.append(stamp(bound))
    for number, at, kind, text in run.execute(sql + " ORDER BY l.number", values):
        if text is None:
            yield _erased(number, at, kind, zone)
            continue
        fields = json.loads(text)
        asked = requesters.get((str(fields.get("agency")), str(fields.get("case"))), {})
        if kind in COPIES and not asked:
            asked = _sole(requesters, str(fields.get("case")))
        yield _row(number, at, kind, fields, asked, destroyed.get(number, {}), zone)


READ_COLUMNS = (
    "번호", "일시", "열람자", "기관", "열람 내용", "기록", "사건번호", "목적", "조회 조건", "경로",
)  # fmt: skip


def read_rows(
    run: sqlite3.Connection,
    zone: ZoneInfo,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Row]:
    """Every read of personal data in the order of the chain; the erased have number and time."""
    wanted = ReadFilter(since=since, until=until)
    for one in entries(run, wanted, newest=False):
        at = one.at.astimezone(zone).strftime(TIME)
        said = (one.person, one.agency, one.what, one.record, one.case, one.purpose, one.asked)
        yield Row((str(one.number), at, *(text or "" for text in (*said, one.path))))


def as_csv(found: Iterable[Row], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """As spreadsheets read it; no text becomes a formula there."""
    return csv_bytes(columns, (one.values for one in found))


def as_xlsx(found: Iterable[Row], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """One sheet; every cell is text, never a formula."""
    return xlsx_bytes("개인영상정보 관리대장", columns, (one.values for one in found))


def _row(
    number: int,
    at: str,
    kind: str,
    fields: Mapping[str, Any],
    asked: Mapping[str, Any],
    destroyed: Mapping[str, Any],
    zone: ZoneInfo,
) -> Row:
    camera = "/".join(str(fields[name]) for name in ("device", "camera") if fields.get(name))
    copy = kind in COPIES
    began, ended = (_local(fields.get(name), zone) for name in ("start_at", "end_at"))
    filmed = f"{began} ~ {ended}" if began else f"{_local(at, zone)} (실시간)"
    return Row(
        (
            str(number),
            KINDS[kind],
            _local(at, zone),
            str(fields.get("event_id" if copy else "session_id") or fields.get("sha256") or ""),
            str(asked.get("agency") or fields.get("agency") or ""),
            str(asked.get("unit") or ""),
            str(asked.get("rank") or ""),
            str(asked.get("name") or fields.get("person") or ""),
            str(asked.get("phone") or ""),
            str(fields.get("purpose") or asked.get("purpose") or ""),
            str(fields.get("basis") or asked.get("basis") or ""),
            str(fields.get("case") or ""),
            _local(at, zone),
            "사본" if copy else "열람",
            "파일" if copy else "암호화 통신(WebRTC)",
            filmed,
            camera,
            str(destroyed.get("planned") or ("" if copy else "해당 없음")),
            str(destroyed.get("on") or ("" if copy else "해당 없음")),
            str(destroyed.get("officer") or ("" if copy else "해당 없음")),
            str(fields.get("person") or ""),
        )
    )


def _erased(number: int, at: str, kind: str, zone: ZoneInfo) -> Row:
    blank = ("",) * (len(COLUMNS) - 4)
    return Row((str(number), KINDS[kind], _local(at, zone), *blank, "보존 기간 경과로 파기됨"))


def _requesters(run: sqlite3.Connection) -> dict[tuple[str, str], dict[str, Any]]:
    """By agency and case number: who asked, as the case was entered last."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for fields in _fields(run, _REQUESTS):
        who = dict(fields.get("requester") or {})
        who |= {name: fields.get(name) for name in ("agency", "purpose", "basis")}
        found[str(fields.get("agency")), str(fields.get("case"))] = who
    return found


def _sole(requesters: Mapping[tuple[str, str], dict[str, Any]], case: str) -> dict[str, Any]:
    """Who asked under a number, where it was one agency alone: for it the centre made the copy."""
    found = [who for (_, number), who in requesters.items() if number == case]
    return found[0] if len(found) == 1 else {}


def _destroyed(run: sqlite3.Connection) -> dict[int, dict[str, Any]]:
    """By the number of the copy: when it was to be destroyed, and when and by whom it was."""
    found: dict[int, dict[str, Any]] = {}
    for fields in _fields(run, ("copy.destruction",)):
        known = found.setdefault(int(fields["number"]), {})
        known |= {name: value for name, value in fields.items() if name != "number"}
    return found


def _fields(run: sqlite3.Connection, kinds: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    marks = ", ".join("?" * len(kinds))
    for row in run.execute(
        "SELECT f.fields FROM ledger l JOIN ledger_fields f USING (number)"
        f" WHERE l.kind IN ({marks}) ORDER BY l.number",
        kinds,
    ):
        yield json.loads(row[0])


def _local(text: str | None, zone: ZoneInfo) -> str:
    return "" if not text else moment(text).astimezone(zone).strftime(TIME)
