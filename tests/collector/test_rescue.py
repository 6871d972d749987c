"""A damaged database is set aside, and what can be read of it goes on."""

from __future__ import annotations

import random
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from collector.ledger import verify
from collector.rescue import open_database
from collector.store import damage, orders, rescue, vehicle_lists
from collector.store.database import FILE_NAME, PAGE_BYTES, Database
from collector.store.vehicle_lists import Held, VehicleList
from tests.support.device import SimDevice, finding, jpeg, read
from tests.support.intake import WayIn
from wire.clock import SystemClock
from wire.command import EpochBegin
from wire.names import new_id

EVENTS = 60


def fill(way_in: WayIn) -> tuple[SimDevice, list[bytes]]:
    device = way_in.device()
    tokens = [device.put(finding(camera=f"cam-{n}", still=jpeg(f"{n}"))) for n in range(EVENTS)]
    way_in.events(device, *tokens)
    way_in.database.close()
    return device, tokens


def overwrite(file: Path, pages: range) -> None:
    raw = bytearray(file.read_bytes())
    for page in pages:
        raw[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = random.Random(page).randbytes(PAGE_BYTES)
    file.write_bytes(raw)


def opened(way_in: WayIn) -> Database:
    return open_database(way_in.settings, way_in.trust, way_in.desk, SystemClock())


def everything_stands(way_in: WayIn, database: Database, tokens: list[bytes]) -> int:
    """What is here is delivered or will be, and what is not is missed; returns how many are."""
    ids = {read(token).id for token in tokens}
    with database.reading() as run:
        held = {row[0] for row in run.execute("SELECT id FROM event")}
        assert held <= ids
        (attached,) = run.execute(
            "SELECT count(DISTINCT event_id) FROM incident_event JOIN delivery USING (incident_id)"
        ).fetchone()
        (missing,) = run.execute("SELECT coalesce(sum(missing), 0) FROM progress").fetchone()
        assert run.execute("PRAGMA foreign_key_check").fetchall() == []
        assert run.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    assert attached == len(held)
    # Nobody knows of numbers behind the last one that can still be read.
    assert missing >= max((read(t).seq or 0 for t in tokens if read(t).id in held), default=0) - (
        len(held)
    )
    return len(held)


@pytest.mark.parametrize("seed", range(3))
def test_pages_of_other_bytes_cost_their_own_rows(way_in: WayIn, seed: int) -> None:
    _, tokens = fill(way_in)
    file = way_in.database.path
    at = random.Random(seed).randrange(1, file.stat().st_size // PAGE_BYTES - 2)
    overwrite(file, range(at, at + 2))
    assert damage.found(file.parent, FILE_NAME) is not None
    database = opened(way_in)
    everything_stands(way_in, database, tokens)
    logged = database.path.parent.glob("damaged-*/" + FILE_NAME)
    assert len(list(logged)) == 1
    with database.reading() as run:
        assert run.execute("SELECT what FROM security_log").fetchall()[-1][0] == "database"
    database.close()
    assert damage.found(file.parent, FILE_NAME) is None


@pytest.mark.parametrize(("share", "kept"), [(None, 0), (0.0, 0), (0.1, 0), (0.6, 5), (0.95, 40)])
def test_a_file_that_ends_too_early(
    way_in: WayIn, tmp_path: Path, share: float | None, kept: int
) -> None:
    """All of it, or after a share of what the rows add to a database without any."""
    _, tokens = fill(way_in)
    file = way_in.database.path
    empty = Database(tmp_path / "empty")
    empty.close()
    size, least = file.stat().st_size, empty.path.stat().st_size
    with file.open("r+b") as opened_file:
        opened_file.truncate(0 if share is None else least + int((size - least) * share))
    database = opened(way_in)
    assert everything_stands(way_in, database, tokens) >= kept
    database.close()


def pages_of(file: Path, name: str) -> list[int]:
    with sqlite3.connect(file) as run:
        rows = run.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (name,)
        )
        return [row[0] - 1 for row in rows]


def test_a_lost_page_of_events_is_missed_and_a_lost_index_costs_nothing(way_in: WayIn) -> None:
    _, tokens = fill(way_in)
    (index, *_) = pages_of(way_in.database.path, "event_received")
    overwrite(way_in.database.path, range(index, index + 1))
    database = opened(way_in)
    assert everything_stands(way_in, database, tokens) == EVENTS
    database.close()
    (leaf, *_) = pages_of(way_in.database.path, "event")
    overwrite(way_in.database.path, range(leaf, leaf + 1))
    database = opened(way_in)
    held = everything_stands(way_in, database, tokens)
    assert 0 < EVENTS - held < 20
    with database.reading() as run:
        assert run.execute("SELECT sum(missing) FROM progress").fetchone()[0] == EVENTS - held
        assert verify(run).fault is None
    database.close()


def test_what_lost_its_delivery_is_routed_again(way_in: WayIn) -> None:
    _, tokens = fill(way_in)
    for table in ("delivery", "incident_finding"):
        (leaf, *_) = pages_of(way_in.database.path, table)
        overwrite(way_in.database.path, range(leaf, leaf + 1))
    database = opened(way_in)
    assert everything_stands(way_in, database, tokens) == EVENTS
    with database.reading() as run:
        assert run.execute("SELECT count(*) FROM delivery").fetchone()[0] == EVENTS
    database.close()


def test_what_somebody_has_acknowledged_does_not_go_out_again(way_in: WayIn) -> None:
    fill(way_in)
    with sqlite3.connect(way_in.database.path) as run:
        run.execute("UPDATE incident SET state = 'notified'")
    for leaf in pages_of(way_in.database.path, "delivery"):
        overwrite(way_in.database.path, range(leaf, leaf + 1))
    database = opened(way_in)
    with database.reading() as run:
        assert run.execute("SELECT count(*) FROM incident").fetchone()[0] == EVENTS
        assert run.execute("SELECT count(*) FROM delivery").fetchone()[0] == 0
    database.close()


def test_damage_met_at_work_is_remembered(way_in: WayIn) -> None:
    fill(way_in)
    database = Database(way_in.folder)

    def meet_it() -> None:
        with database.transaction() as run:
            run.execute("PRAGMA writable_schema = ON")
            run.execute("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'counter'")
            run.execute("PRAGMA schema_version = 99")
            run.execute("SELECT * FROM counter").fetchall()

    with pytest.raises(sqlite3.DatabaseError):
        meet_it()
    database.close()
    assert (way_in.folder / damage.MARK).exists()
    assert damage.found(way_in.folder, FILE_NAME) is not None


def test_every_table_is_taken_over_or_made_anew(way_in: WayIn) -> None:
    with way_in.database.reading() as run:
        found = run.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        tables = {row[0] for row in found}
    assert tables - set(rescue.TABLES) == {"version", "progress", "sqlite_sequence"} & tables


def test_orders_and_lists_go_on_and_poles_are_led_to_the_lists_anew(way_in: WayIn) -> None:
    now = SystemClock().now()
    listed = VehicleList(
        list_id="overdue", owner="city", purpose="p", basis="b", expires_at=now + timedelta(days=9),
        revision=4, terms_at=2, changed_at=now, changed_by="chief", ended_at=None,
    )  # fmt: skip
    with way_in.database.transaction() as run:
        orders.add(run, "pole-001-1", EpochBegin(forked_epoch=new_id()), now)
        run.execute(
            "INSERT INTO device_order (device, action, made_at, next_at) VALUES ('p', '{', '', '')"
        )
        vehicle_lists.put(run, listed, {"12가3456": None})
        vehicle_lists.confirmed(run, "pole-001-1", "overdue", Held(7, 4, now))
    fill(way_in)
    file = way_in.settings.data / FILE_NAME
    with sqlite3.connect(file) as run:
        (root,) = run.execute("SELECT rootpage FROM sqlite_schema WHERE name='event'").fetchone()
    overwrite(file, range(root - 1, root))
    damage.mark(way_in.settings.data, sqlite3.DatabaseError("malformed"))
    database = opened(way_in)
    with database.reading() as run:
        assert [one.device for one in orders.due(run, now, 10)] == ["pole-001-1"]
        assert vehicle_lists.current(run, "overdue") == [("12가3456", None)]
        assert vehicle_lists.held(run)["pole-001-1", "overdue"] == Held(7, 0, now)
    database.close()
