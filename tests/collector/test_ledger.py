"""The ledger's chain holds after an erasure and breaks after a forgery."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector import ledger
from collector.store.database import Database
from tests.support.new_store import new_store

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = new_store(tmp_path)
    with made.transaction() as run:
        for n in range(5):
            fields = {"person": "kim", "case": str(n), "empty": None}
            ledger.append(run, AT + timedelta(days=n), "view.opened", fields)
    yield made
    made.close()


def check(database: Database) -> ledger.Check:
    with database.reading() as run:
        return ledger.verify(run)


def test_it_holds(database: Database) -> None:
    found = check(database)
    assert (found.entries, found.erased, found.fault) == (5, 0, None)


def test_it_holds_after_an_erasure_and_the_fields_are_gone(database: Database) -> None:
    head = check(database).head
    with database.transaction() as run:
        assert ledger.erase(run, AT + timedelta(days=2)) == 2
        left = [row["number"] for row in run.execute("SELECT number FROM ledger_fields")]
    assert left == [3, 4, 5]
    found = check(database)
    assert (found.entries, found.erased, found.fault, found.head) == (5, 2, None, head)


@pytest.mark.parametrize(
    ("forgery", "said"),
    [
        ("UPDATE ledger_fields SET fields = '{}' WHERE number = 3", "fields of entry 3"),
        ("UPDATE ledger SET at = '2020' WHERE number = 2", "entry 2 was altered"),
        ("UPDATE ledger SET kind = 'view.ended' WHERE number = 2", "entry 2 was altered"),
        (
            "DELETE FROM ledger_fields WHERE number = 3; DELETE FROM ledger WHERE number = 3",
            "entry 3 is missing",
        ),
        (
            "UPDATE ledger SET commitment = (SELECT commitment FROM ledger WHERE number = 1)"
            " WHERE number = 4",
            "entry 4 was altered",
        ),
    ],
)
def test_a_forgery_is_named(database: Database, forgery: str, said: str) -> None:
    with sqlite3.connect(database.path) as run:
        run.executescript(forgery)
    assert said in str(check(database).fault)


def test_an_entry_that_is_forged_with_its_own_hash_breaks_the_chain_behind_it(
    database: Database,
) -> None:
    with database.transaction() as run:
        row = run.execute("SELECT * FROM ledger WHERE number = 3").fetchone()
        forged = ledger._hash(3, row["at"], "view.ended", row["commitment"], row["previous"])
        run.execute("UPDATE ledger SET kind = 'view.ended', hash = ? WHERE number = 3", (forged,))
    assert check(database).fault == "entry 4 does not follow the one before it"


def test_equal_fields_have_different_commitments(database: Database) -> None:
    with database.transaction() as run:
        for _ in range(2):
            ledger.append(run, AT, "view.opened", {"person": "kim"})
        commitments = [
            row[0] for row in run.execute("SELECT commitment FROM ledger WHERE number > 5")
        ]
    assert len(set(commitments)) == 2
