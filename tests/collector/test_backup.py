"""A backup is whole or absent; a restore puts it in place or changes nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector import ledger
from collector.backup import back_up, inspect, restore
from collector.store.database import FILE_NAME, SCHEMA_VERSION, Database, StoreError
from collector.store.holder import Holder

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def entry(database: Database, text: str) -> None:
    with database.transaction() as run:
        ledger.append(run, NOW, "view.opened", {"person": text, "padding": "x" * 2000})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    database = Database(tmp_path / "data")
    for n in range(20):
        entry(database, str(n))
    database.close()
    return tmp_path / "data"


def test_a_backup_while_others_write_is_one_moment(folder: Path, tmp_path: Path) -> None:
    database = Database(folder)
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            entry(database, "meanwhile")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            found = back_up(folder / FILE_NAME, tmp_path / f"{n}.sqlite")
            assert found.ledger_entries >= 20
            assert inspect(tmp_path / f"{n}.sqlite") == (
                SCHEMA_VERSION, 0, 0, found.ledger_entries, found.ledger_head,
            )  # fmt: skip
    finally:
        over.set()
        writer.join()
        database.close()
    assert (tmp_path / "0.sqlite").stat().st_mode & 0o077 == 0
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == [
        f"{n}.sqlite" for n in range(5)
    ]


def test_a_backup_replaces_nothing(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_bytes(b"mine")
    with pytest.raises(StoreError, match="replaces nothing"):
        back_up(folder / FILE_NAME, target)
    assert target.read_bytes() == b"mine"
    with pytest.raises(StoreError, match="no backup was made"):
        back_up(folder / FILE_NAME, tmp_path / "no such folder" / "file")


def test_a_restore_brings_back_that_moment_and_keeps_what_was_there(
    folder: Path, tmp_path: Path
) -> None:
    saved = back_up(folder / FILE_NAME, tmp_path / "saved")
    database = Database(folder)
    entry(database, "after the backup")
    database.close()
    aside = restore(tmp_path / "saved", folder, NOW)
    database = Database(folder)
    with database.reading() as run:
        assert ledger.verify(run).head == saved.ledger_head
    database.close()
    assert aside == folder / "before-restore-20260301T000000"
    assert inspect(aside / FILE_NAME)[3] == 21


def test_onto_an_empty_machine(folder: Path, tmp_path: Path) -> None:
    back_up(folder / FILE_NAME, tmp_path / "saved")
    assert restore(tmp_path / "saved", tmp_path / "new", NOW) is None
    assert inspect(tmp_path / "new" / FILE_NAME)[3] == 20


def test_not_while_a_collector_runs(folder: Path, tmp_path: Path) -> None:
    back_up(folder / FILE_NAME, tmp_path / "saved")
    before = (folder / FILE_NAME).read_bytes()
    holder = Holder(folder)
    with pytest.raises(StoreError, match="stop that one first"):
        restore(tmp_path / "saved", folder, NOW)
    with pytest.raises(StoreError, match="uses it already"):
        Holder(folder)
    holder.release()
    assert (folder / FILE_NAME).read_bytes() == before
    restore(tmp_path / "saved", folder, NOW)


def _altered(file: Path) -> None:
    with sqlite3.connect(file) as run:
        run.execute("UPDATE ledger_fields SET fields = '{}' WHERE number = 7")


def _newer(file: Path) -> None:
    with sqlite3.connect(file) as run:
        run.execute("INSERT INTO version VALUES (99, '2027')")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _other(file: Path) -> None:
    file.write_bytes(b"a picture of a cat" * 100)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_altered, "ledger does not hold: the fields of entry 7 were altered"),
        (_newer, "newer version"),
        (_cut, "saved"),
        (_other, "no backup of a collector"),
        (Path.unlink, "no such backup"),
    ],
)
def test_a_file_that_is_no_good_backup_changes_nothing(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    back_up(folder / FILE_NAME, tmp_path / "saved")
    spoil(tmp_path / "saved")
    before = (folder / FILE_NAME).read_bytes()
    with pytest.raises(StoreError, match=said):
        restore(tmp_path / "saved", folder, NOW)
    assert (folder / FILE_NAME).read_bytes() == before
