"""`ledger` by the real command beside the running collector: verified before and after erasure."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from collector import ledger
from collector.store.database import connect
from tests.support.centre import Centre
from tests.support.wait import wait_until


def run(centre: Centre, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "collector", "ledger", *words, "--config", str(centre.config)],
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.timeout(600)
def test_verified_sealed_exported_erased_and_verified_again(centre: Centre) -> None:
    centre.collector.start()
    wait_until(lambda: centre.rows("SELECT 1 FROM ledger_seal"), 30, "the day's seal")
    path = centre.folder / "data" / "collector.sqlite"
    store = connect(path, read_only=False)
    old = datetime.now(UTC) - timedelta(days=1200)
    store.execute("BEGIN IMMEDIATE")
    for at, person in ((old, "kim"), (datetime.now(UTC), "lee")):
        ledger.append(store, at, "view.opened", {"person": person, "agency": "police"})
    store.execute("COMMIT")
    before = json.loads(run(centre, "verify", "--json").stdout)
    assert (before["fault"], before["erased"], before["seals"]) == (None, 0, 1)
    seals = centre.folder / "seals.jsonl"
    seals.write_text(run(centre, "seals").stdout)
    for name in ("record.csv", "record.xlsx"):
        done = run(centre, "export", str(centre.folder / name))
        assert done.returncode == 0, done.stderr
        assert (centre.folder / name).stat().st_mode & 0o077 == 0
    again = run(centre, "export", str(centre.folder / "record.csv"))
    assert (again.returncode, "replaces nothing" in again.stderr) == (1, True)
    with (centre.folder / "record.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["성명"] for row in csv.DictReader(file)] == ["kim", "lee"]
    # The next start looks for what is due: the older entry's fields are beyond their time.
    centre.collector.stop()
    centre.collector.start()
    gone = "SELECT 1 FROM ledger WHERE kind = 'retention.erased'"
    wait_until(lambda: centre.rows(gone), 30, "the erasure's entry")
    after = json.loads(run(centre, "verify", "--seals", str(seals), "--json").stdout)
    assert (after["fault"], after["erased"], after["seals"]) == (None, 1, 2)
    done = run(centre, "export", str(centre.folder / "later.csv"))
    assert done.returncode == 0, done.stderr
    with (centre.folder / "later.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [(row["성명"], row["비고"]) for row in csv.DictReader(file)] == [
            ("", "보존 기간 경과로 파기됨"), ("lee", "lee"),
        ]  # fmt: skip
    store.execute("UPDATE ledger_fields SET fields = '{}' WHERE number = 2")
    store.close()
    broken = run(centre, "verify")
    assert (broken.returncode, "fields of entry 2 were altered" in broken.stdout) == (1, True)


def test_a_wrong_use_is_told(centre: Centre) -> None:
    for words, said in (
        (("export", "x.pdf"), "must end with .csv or .xlsx"),
        (("verify",), "there is no database yet"),
    ):
        done = run(centre, *words)
        assert done.returncode == 1
        assert said in done.stderr
