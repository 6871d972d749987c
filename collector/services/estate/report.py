"""The month's availability of every camera, as the city reports it."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from collector.services.estate.availability import Seen, Share, Span, month_span, share, together
from collector.store import estate, spans, work_orders
from collector.store.estate import Asset
from collector.store.rows import CameraRow
from wire.sheet_out import Cell

HEADINGS: Final = (
    "관리번호", "명칭", "설치목적", "관리부서", "장비/카메라", "기준시간(h)", "영상시간(h)",
    "장애시간(h)", "불명시간(h)", "계획정비(h)", "가동률(%)", "장애건수",
)  # fmt: skip
TOTAL: Final = "합계"
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_NEVER: Final = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CameraMonth:
    """One camera's row; `asset` None: it is not in the registry."""

    asset: Asset | None
    camera: CameraRow
    share: Share

    @property
    def title(self) -> str:
        return (self.asset.title if self.asset else None) or self.camera.title

    @property
    def purpose(self) -> str:
        return (self.asset.purpose if self.asset else None) or ""

    @property
    def place(self) -> str:
        return f"{self.camera.device}/{self.camera.camera}"


@dataclass(frozen=True, slots=True)
class MonthReport:
    """All cameras, then sums by purpose, then the sum of all."""

    month: str
    within: Span
    """Up to now while the month goes on."""
    cameras: tuple[CameraMonth, ...]
    purposes: tuple[tuple[str, int, Share], ...]
    """Purpose, cameras, their sum."""
    total: Share


def read_month(text: str, zone: ZoneInfo) -> Span:
    """`2026-03` at the site; raises ValueError."""
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) <= 2100:
        raise ValueError(f"{text[:20]} is no month like 2026-03")
    return month_span(int(found[1]), int(found[2]), zone)


def month_report(
    run: sqlite3.Connection,
    cameras: Iterable[CameraRow],
    month: str,
    zone: ZoneInfo,
    now: datetime,
) -> MonthReport:
    """Raises ValueError for what is no month."""
    whole = read_month(month, zone)
    within = Span(whole.start, max(whole.start, min(whole.end, now)))
    every = estate.all_of(run)
    assets: defaultdict[tuple[str, str], list[Asset | None]] = defaultdict(list)
    for known in every:
        if known.kind == "camera" and known.device and not _gone(known, within, zone):
            assets[known.device, known.camera or ""].append(known)
    planned = _left_out(run, every, within)
    watched = spans.watched(run, within)
    found = []
    for row in cameras:
        place = (row.device, row.camera)
        mine = spans.seen(run, place, within)
        # Where one was replaced in this month there are two, each for its own days.
        for one in assets.get(place, [None]):
            left_out = planned.get(one.asset_id, []) if one else []
            counted = share(within, _owed(one, mine, zone), mine, watched, left_out)
            found.append(CameraMonth(one, row, counted))
    found.sort(key=lambda one: (one.asset is None, one.asset.tag if one.asset else one.place))
    by_purpose: defaultdict[str, list[Share]] = defaultdict(list)
    for each in found:
        by_purpose[each.purpose].append(each.share)
    return MonthReport(
        month,
        within,
        tuple(found),
        tuple((name, len(of), together(of)) for name, of in sorted(by_purpose.items())),
        together(each.share for each in found),
    )


def report_rows(report: MonthReport) -> list[list[Cell]]:
    """Rows under HEADINGS: cameras, purposes, the sum."""
    rows: list[list[Cell]] = [
        [
            one.asset.tag if one.asset else "미등록",
            one.title,
            one.purpose,
            one.asset.department if one.asset else None,
            one.place,
            *_figures(one.share),
        ]
        for one in report.cameras
    ]
    for purpose, count, sum_of in report.purposes:
        rows.append(
            [
                f"소계 {purpose or '목적 미등록'}",
                f"{count}대",
                purpose,
                None,
                None,
                *_figures(sum_of),
            ]
        )
    rows.append([TOTAL, f"{len(report.cameras)}대", None, None, None, *_figures(report.total)])
    return rows


def percent(one: Share) -> float | None:
    """To two places, rounded down: 100 means always."""
    return None if one.rate is None else int(one.rate * 10_000 + 1e-9) / 100


def _left_out(run: sqlite3.Connection, every: list[Asset], within: Span) -> dict[str, list[Span]]:
    """Planned maintenance of each camera: its own, its box's, and that of what it hangs on."""
    planned = work_orders.planned(run, within)
    of_tag = {one.tag: planned.get(one.asset_id, []) for one in every}
    of_box: defaultdict[str, list[Span]] = defaultdict(list)
    for one in every:
        if one.kind == "box" and one.device is not None:
            of_box[one.device] += planned.get(one.asset_id, [])
    return {
        one.asset_id: [
            *of_tag[one.tag],
            *of_box.get(one.device or "", []),
            *of_tag.get(one.parent or "", []),
        ]
        for one in every
        if one.kind == "camera"
    }


def _figures(one: Share) -> list[Cell]:
    hours = (one.owed_s, one.picture_s, one.dark_s, one.unknown_s, one.planned_s)
    return [*(round(seconds / 3600, 2) for seconds in hours), percent(one), one.outages]


def _owed(asset: Asset | None, changes: list[Seen], zone: ZoneInfo) -> Span:
    """From the day of its installation, else from when it was first heard of; until retired."""
    if asset is not None and asset.installed:
        start = _midnight(asset.installed, zone)
    else:
        start = changes[0].at if changes else _NEVER
    end = _midnight(asset.retired, zone) if asset is not None and asset.retired else _NEVER
    return Span(start, end)


def _gone(one: Asset, within: Span, zone: ZoneInfo) -> bool:
    return one.retired is not None and _midnight(one.retired, zone) <= within.start


def _midnight(day: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), zone).astimezone(UTC)
