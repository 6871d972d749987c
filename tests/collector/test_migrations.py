"""Every schema that was ever released is brought up to date with all that it holds."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from collector import ledger
from collector.store.database import FILE_NAME, SCHEMA_VERSION, Database

RELEASED = {
    "schema.sql": "6c67b830f870a38e",
    "migration_2.sql": "4fe3d71b98b63693",
    "migration_3.sql": "ddeedf40f275470d",
    "migration_4.sql": "d421a4741f83e744",
    "migration_5.sql": "6003ee92e719ebd5",
    "migration_6.sql": "0d17c20f598860de",
    "migration_7.sql": "26cc668de6f24c89",
    "migration_8.sql": "748186fae4d10ed7",
    "migration_9.sql": "a1dbbde8d9075d5c",
    "migration_10.sql": "189449a33e9f3e6c",
    "migration_11.sql": "943fc50477e9541b",
    "migration_12.sql": "dedfa066063ef827",
    "migration_13.sql": "ad5e06636953d98e",
    "migration_14.sql": "bd3dcf90bef4278b",
    "migration_15.sql": "400cd6cd0947d717",
    "migration_16.sql": "2be6903bf12020f7",
    "migration_17.sql": "decf086fe1a042a8",
    "migration_18.sql": "6261f4623a9380ca",
    "migration_19.sql": "b89c7b42f133043b",
    "migration_20.sql": "4554c73ce1859e44",
    "migration_21.sql": "da785b33ff6a45d4",
}
"""What is released is never edited: databases in the field were made by these bytes."""
VERSIONS = range(1, SCHEMA_VERSION + 1)
AT = datetime(2026, 3, 1, tzinfo=UTC)
T = "'2026-03-01T00:00:00.000000Z'"
ROWS = f"""
INSERT INTO device (device, heard_at) VALUES ('pole-1', {T});
INSERT INTO camera_state VALUES ('pole-1', 'gate', 'up', NULL, NULL, {T}, 1, 'e');
INSERT INTO progress VALUES ('pole-1', 'e', 3, 5, 1, {T});
INSERT INTO event VALUES ('id-1', 'pole-1', 'e', 1, 'finding', 'gate', 'f', 'open', 'plate',
    'severe', 0, {T}, {T}, 'aa', 0, x'00ff');
INSERT INTO covered VALUES ('pole-1', 'e', 2, 3, 'loss', 'id-2');
INSERT INTO covered VALUES ('pole-1', 'e', 5, 5, 'refused', 'id-3');
INSERT INTO still VALUES ('aa', 'pole-1', {T}, 1, x'ffd8ff');
INSERT INTO still_lost VALUES ('bb', 'id-2');
INSERT INTO quarantine VALUES (1, {T}, 't', 'pole-1', 'schema', 'd', 1, x'00');
INSERT INTO security_log (at, what, detail) VALUES ({T}, 'fork', 'd');
INSERT INTO counter VALUES ('quarantine.evicted', 7);
INSERT INTO incident (incident_id, revision, type, severity, certainty, confidence, state, drill,
    device, camera, rule, opened_at, active_at, observed_at, updated_at, text_ko, text_en)
    VALUES ('i', 2, 'plate', 'severe', 'likely', 0.9, 'notified', 0, 'pole-1', 'gate', 'r',
    {T}, {T}, {T}, {T}, '수배', 'wanted');
INSERT INTO incident_finding VALUES ('f', 'i', 'b', 0);
INSERT INTO incident_event VALUES ('i', 'id-1');
INSERT INTO incident_step (incident_id, at, state) VALUES ('i', {T}, 'open');
INSERT INTO delivery (delivery_id, incident_id, agency, channel, wanted, state, next_at)
    VALUES ('d', 'i', 'police', 'mqtt', 2, 'waiting', {T});
"""


def script(number: int) -> str:
    name = "schema.sql" if number == 1 else f"migration_{number}.sql"
    return files("collector.store").joinpath(name).read_text(encoding="utf-8")


def made(folder: Path, version: int) -> Path:
    """A database as version `version` left it, filled when it was of the first."""
    path = folder / FILE_NAME
    with sqlite3.connect(path) as run:
        run.row_factory = sqlite3.Row
        for number in range(1, version + 1):
            run.executescript(script(number))
            run.execute("INSERT INTO version VALUES (?, '2026')", (number,))
            if number == 1:
                run.executescript(ROWS)
                ledger.append(run, AT, "view.opened", {"person": "kim"})
    run.close()
    return path


def shape(run: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """Tables, columns and indexes, however they came to be."""
    found = set()
    tables = [row[0] for row in run.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        for row in run.execute(f"PRAGMA table_info({table})"):
            found.add((table, "column", str(tuple(row)[1:])))
        for row in run.execute(f"PRAGMA foreign_key_list({table})"):
            found.add((table, "refers", str(tuple(row)[2:])))
    for row in run.execute("SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'index'"):
        found.add((row[0], row[1], " ".join((row[2] or "").split())))
    return found


def contents(run: sqlite3.Connection) -> dict[str, list[str]]:
    tables = [
        row[0]
        for row in run.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if row[0] != "version"
    ]
    return {
        table: sorted(
            str([v for v in row if v is not None]) for row in run.execute(f"SELECT * FROM {table}")
        )
        for table in tables
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_it_reaches_the_schema_of_today_and_loses_nothing(tmp_path: Path, version: int) -> None:
    path = made(tmp_path, version)
    with sqlite3.connect(path) as run:
        before = contents(run)
    run.close()
    Database(tmp_path / "fresh").close()
    Database(tmp_path).close()
    with sqlite3.connect(path) as old, sqlite3.connect(tmp_path / "fresh" / FILE_NAME) as new:
        assert shape(old) == shape(new)
        after = contents(old)
        assert {table: after[table] for table in before} == before
        assert old.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert old.execute("PRAGMA foreign_key_check").fetchall() == []
        versions = [row[0] for row in old.execute("SELECT number FROM version ORDER BY number")]
        assert versions == list(VERSIONS)
        assert ledger.verify(old).fault is None
    old.close()
    new.close()


@pytest.mark.parametrize("name", RELEASED)
def test_what_is_released_is_never_edited(name: str) -> None:
    text = files("collector.store").joinpath(name).read_bytes()
    assert hashlib.sha256(text).hexdigest()[:16] == RELEASED[name], f"{name} was edited"


def test_every_released_schema_is_among_them() -> None:
    assert len(RELEASED) == SCHEMA_VERSION
