"""Tables of poles as a city hands them over."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from provisioning.site.importing import Defaults, Import, import_rows
from provisioning.site.sheet import Row

DEFAULTS = Defaults("gyeyang", "broker.gyeyang.example")
GOOD = {
    "pole": "gy-001",
    "latitude": "37.5372",
    "longitude": "126.7377",
    "camera": "cam-1",
    "url": "rtsp://10.0.0.1/main",
}
KOREAN = {
    "pole": "관리번호",
    "latitude": "위도",
    "longitude": "경도",
    "address": "설치 주소",
    "camera": "카메라",
    "url": "영상 주소",
}


def imported(*rows: dict[str, str]) -> Import:
    """Rows that are GOOD but for what is given, numbered from 2."""
    return import_rows(
        [Row(number, {**GOOD, **row}) for number, row in enumerate(rows, 2)], DEFAULTS
    )


def city_table(poles: int) -> list[list[str]]:
    """A heading in Korean, then a row a pole with one camera each."""
    rows = [list(KOREAN.values())]
    for number in range(1, poles + 1):
        rows.append(
            [
                f"gy-{number:04}",
                f"{37.5 + number / 100_000:.5f}",
                f"{126.7 + number / 100_000:.5f}",
                f"인천 계양구 계양대로 {number}",
                "cam-1",
                f"rtsp://10.{number // 250}.{number % 250}.10:554/main",
            ]
        )
    return rows


def save_csv(path: Path, rows: list[list[str]], encoding: str, delimiter: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path
