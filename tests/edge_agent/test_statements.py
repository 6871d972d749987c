"""A script in statements."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge_agent.plates import diary
from edge_agent.statements import statements
from edge_agent.uplink import store


@pytest.mark.parametrize("schema", [store.SCHEMA, diary.SCHEMA])
def test_the_schema_is_the_one_that_sqlite_itself_makes_of_the_script(schema: Path) -> None:
    script = schema.read_text(encoding="utf-8")
    ours, sqlites = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    sqlites.executescript(script)
    for statement in statements(script):
        ours.execute(statement)
    dumps = [list(one.iterdump()) for one in (ours, sqlites)]
    assert dumps[0] == dumps[1] != []


def test_semicolons_inside_a_statement_end_nothing() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT ';';\n  SELECT 2; -- ;\nEND;\n"
    assert list(statements(f"-- first; of all;\nSELECT 1;\n{trigger}\n")) == [
        "-- first; of all;\nSELECT 1;\n",
        trigger,
    ]


def test_a_script_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="without its end: CREATE TABLE b"):
        list(statements("CREATE TABLE a (x);\nCREATE TABLE b (\n"))
