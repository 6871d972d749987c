"""A list of a million rows with broken ones: every bad row told or counted, nothing half-done."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.centre import Centre

ROWS, GOOD, BROKEN = 1_000_000, 150_000, 50_000
WITHIN_S = 30.0
MEGABYTES = 400
LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"


def write(path: Path, good: int, broken: int, rows: int) -> None:
    """`good` plates again and again, and `broken` rows between them."""
    with path.open("w", encoding="cp949") as out:
        out.write("순번,차량번호,비고\n")
        for row in range(rows - broken):
            at = row % good
            plate = f"{10 + at // 320_000}{LETTERS[at // 10_000 % 32]}{at % 10_000:04d}"
            out.write(f"{row},{plate},관리-{at}\n")
        for row in range(broken):
            out.write(f"{row},{('홍길동', '', '2026-03-01', '12가34?6')[row % 4]},\n")


def put(centre: Centre, name: str, table: Path, *more: str) -> tuple[int, str, str, float, float]:
    """Exit code, output and errors of the command, its seconds, and its most megabytes."""
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    began = time.monotonic()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "polewatch", "collector", "list", "put", name, str(table),
            "--owner", "police", "--purpose", "체납", "--basis", "지방세징수법 제33조",
            "--until", until, "--config", str(centre.config), *more,
        ],
        stdout=(table.with_suffix(".out")).open("wb"),
        stderr=(table.with_suffix(".err")).open("wb"),
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    told = [table.with_suffix(one).read_text() for one in (".out", ".err")]
    seconds = time.monotonic() - began
    return process.returncode, told[0], told[1], seconds, usage.ru_maxrss / 1024


@pytest.mark.timed
@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_a_million_rows_with_broken_ones_are_told_and_taken_whole_or_not_at_all(
    city: Authority, broker: BrokerHandle, tmp_path: Path
) -> None:
    centre = Centre(tmp_path / "centre", city, broker)
    table = tmp_path / "체납.csv"
    write(table, GOOD, BROKEN, ROWS)

    report = tmp_path / "bad.csv"
    code, _, errors, refused_s, refused_mb = put(centre, "overdue", table, "--report", str(report))
    assert code == 1
    assert f"{BROKEN} bad rows; row {ROWS - BROKEN + 2}:" in errors
    assert errors.count(f"{table}, row ") == 1_000
    assert len(report.read_text("utf-8-sig").splitlines()) == 1 + BROKEN
    assert centre.rows("SELECT 1 FROM vehicle_list") == []

    code, said, errors, taken_s, taken_mb = put(centre, "overdue", table, "--accept-bad")
    assert code == 0, errors
    assert f"overdue: {GOOD} plates ({GOOD} new, 0 gone" in said
    assert f"{ROWS - BROKEN - GOOD} repeated, {BROKEN} bad rows" in said
    print(
        f"{ROWS} rows: refused in {refused_s:.1f} s with {refused_mb:.0f} MB,"
        f" taken in {taken_s:.1f} s with {taken_mb:.0f} MB"
    )
    assert max(refused_s, taken_s) <= WITHIN_S
    assert max(refused_mb, taken_mb) <= MEGABYTES

    # Another owner's list that says otherwise of the same cars: both stand, and it is told.
    other = tmp_path / "stolen.csv"
    write(other, 1_000, 0, 1_000)
    code, said, errors, *_ = put(centre, "stolen", other)
    assert code == 0, errors
    assert "1000 also on overdue" in said

    # More plates than a pole holds: refused as a whole, and what stood stands.
    write(table, ROWS, 0, ROWS)
    code, _, errors, *_ = put(centre, "overdue", table)
    assert code == 1
    assert "more than 200,000 plates" in errors
    count = "SELECT count(*) AS n FROM vehicle_entry WHERE removed IS NULL AND list_id = 'overdue'"
    assert centre.rows(count)[0]["n"] == GOOD
