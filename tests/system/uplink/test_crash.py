"""Killed between any two steps, damaged, put back, lost: the books still balance."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from edge_agent.uplink.order import sha256_of
from edge_agent.uplink.outbox import Limits
from edge_agent.uplink.rows import Stored
from edge_agent.uplink.store import OutboxError
from tests.edge_agent.uplink.poles import (
    Centre,
    drain,
    gap,
    killed_at,
    open_outbox,
    put,
    receipt,
)
from wire import faultpoint
from wire.clock import SimulatedClock
from wire.event import Severity

SMALL = Limits(bytes=20_000)


def database(folder: Path) -> Path:
    return folder / "outbox" / "outbox.db"


def reasons(centre: Centre) -> list[str]:
    """Why the epochs began, in the order of their arrival."""
    return [start.reason for start in centre.epochs]


def balanced(centre: Centre, *committed: Stored) -> bool:
    """Every committed event arrived or is named as lost, and no epoch has a hole."""
    epochs = {epoch for epoch, _ in centre.seen}
    whole = all(centre.contiguous(e) == max(centre.numbers(e)) for e in epochs)
    return whole and all(centre.covers(one) for one in committed)


class TestKilledAtAnyStep:
    @pytest.mark.parametrize("nth", [1, 3])
    @pytest.mark.parametrize(
        "point",
        [
            "outbox.open.written",
            "outbox.open.committed",
            "outbox.put.written",
            "outbox.committed",
            "outbox.put.committed",
            "outbox.receipt.written",
            "outbox.receipt.committed",
            "outbox.gap.written",
            "outbox.giveup.written",
            "outbox.epoch.written",
        ],
    )
    def test_the_numbers_go_on_and_nothing_is_lost(
        self, tmp_path: Path, point: str, nth: int
    ) -> None:
        told = tmp_path / "told"

        def work() -> None:
            for _ in range(3):
                outbox = open_outbox(tmp_path, limits=SMALL)
                for _ in range(4):
                    stored = [put(outbox, "severe") for _ in range(4)]
                    with told.open("a") as file:
                        file.writelines(f"{s.id} {s.epoch} {s.seq}\n" for s in stored)
                    outbox.apply_receipt(receipt(stored[0]))
                    outbox.apply_gap(gap(stored[0].epoch, stored[0].seq, stored[1].seq))
                outbox.begin_epoch("commanded")
                outbox.close()

        assert killed_at(point, work, nth=nth)
        outbox = open_outbox(tmp_path, limits=SMALL)
        after = put(outbox)
        centre = Centre()
        drain(outbox, centre)
        lines = told.read_text().splitlines() if told.exists() else []
        committed = [Stored(i, e, int(n), b"") for i, e, n in (line.split() for line in lines)]
        # What the child confirmed to itself is at the centre by then, in this play.
        received = {committed[at].id for at in range(0, len(committed), 4)}
        left = [one for one in committed if one.id not in received]
        assert all(centre.covers(one) for one in left)
        assert centre.covers(after)
        assert outbox.figures().depth == 0
        assert "folder-restored" not in reasons(centre)

    def test_production_code_never_asks_the_environment_for_a_fault(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POLEWATCH_FAULT_POINT", "outbox.committed")
        assert put(open_outbox(tmp_path)).seq == 2
        packages = ("wire", "edge_agent", "collector", "provisioning", "polewatch", "models")
        sources = [path for name in packages for path in Path(name).rglob("*.py")]
        assert len(sources) > 50
        assert [p for p in sources if "POLEWATCH_FAULT" in p.read_text()] == []
        callers = [p for p in sources if "faultpoint.watch" in p.read_text()]
        assert callers == []

    def test_a_watcher_hears_every_point(self, tmp_path: Path) -> None:
        heard: list[str] = []
        faultpoint.watch(heard.append)
        try:
            put(open_outbox(tmp_path))
        finally:
            faultpoint.watch(None)
        assert heard[-3:] == ["outbox.put.written", "outbox.committed", "outbox.put.committed"]


class TestDamage:
    def test_a_file_that_is_no_database_is_set_aside_and_all_is_named(self, tmp_path: Path) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        first = put(outbox)
        drain(outbox, centre)
        lost = [put(outbox) for _ in range(5)]
        outbox.close()
        database(tmp_path).write_bytes(b"no database at all" * 400)
        again = open_outbox(tmp_path)
        after = put(again)
        drain(again, centre)
        assert reasons(centre) == ["first", "corrupt"]
        assert centre.epochs[1].previous == first.epoch
        assert centre.epochs[1].previous_last_seq == lost[-1].seq
        assert balanced(centre, first, *lost, after)
        assert set(centre.events) == {first.id, after.id}
        assert centre.losses[0].count == 5
        assert centre.losses[0].reason == "corrupt"
        (kept,) = (tmp_path / "outbox").glob("damaged-*")
        assert (kept / "outbox.db").read_bytes().startswith(b"no database")

    def test_what_is_whole_in_a_damaged_file_is_delivered_under_its_old_numbers(
        self, tmp_path: Path
    ) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        pictures = [os.urandom(3000) for _ in range(40)]
        stored = [put(outbox, still=picture) for picture in pictures]
        outbox.close()
        raw = bytearray(database(tmp_path).read_bytes())
        for page in range(len(raw) // 4096 // 2, len(raw) // 4096, 5):
            raw[page * 4096 : (page + 1) * 4096] = os.urandom(4096)
        database(tmp_path).write_bytes(raw)
        again = open_outbox(tmp_path)
        drain(again, centre)
        assert "corrupt" in reasons(centre)
        assert 5 < len(centre.events) < 40
        assert 5 < len(centre.stills) < 40
        assert balanced(centre, *stored)
        # A still whose event is lost is named with it: nobody would ever ask for it.
        named = {
            sha256_of(picture)
            for one, picture in zip(stored, pictures, strict=True)
            if one.id in centre.events
        }
        assert set(centre.stills) <= named
        for one in stored:
            assert centre.tokens.get(one.id, one.token) == one.token

    def test_damage_found_at_work_fails_one_call_and_heals(self, tmp_path: Path) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        stored = [put(outbox) for _ in range(30)]
        outbox.close()
        outbox = open_outbox(tmp_path)
        raw = bytearray(database(tmp_path).read_bytes())
        raw[8 * 4096 :] = b"\xff" * (len(raw) - 8 * 4096)
        with database(tmp_path).open("r+b") as file:
            file.write(raw)
        assert outbox._store is not None
        outbox._store._connection.execute("PRAGMA shrink_memory")
        with pytest.raises(OutboxError) as caught:
            outbox.claim(100)
        assert (caught.value.code, caught.value.retryable) == ("disk.corrupt", True)
        after = put(outbox)
        drain(outbox, centre)
        assert balanced(centre, *stored, after)
        assert after.id in centre.events

    def test_a_page_of_other_bytes_never_leaves_and_is_named(self, tmp_path: Path) -> None:
        """SQLite's check sees no fault in it; once the collector did, again and again."""
        outbox, centre = open_outbox(tmp_path), Centre()
        picture = os.urandom(9000)
        stored = [put(outbox), put(outbox, still=picture), put(outbox)]
        outbox.close()
        raw = bytearray(database(tmp_path).read_bytes())
        at = raw.index(picture[-600:])
        raw[at : at + 600] = bytes(600)
        wrong = raw.index(stored[2].token[-80:-20])
        raw[wrong : wrong + 60] = b"x" * 60
        database(tmp_path).write_bytes(raw)
        again = open_outbox(tmp_path)
        drain(again, centre)
        assert "corrupt" in reasons(centre)
        assert centre.stills == {}
        assert {stored[0].id, stored[1].id} <= set(centre.events)
        assert balanced(centre, *stored)
        assert again.figures().stills == 0
        assert [sha for loss in centre.losses for sha in loss.stills] == [sha256_of(picture)]

    def test_messages_outlive_the_row_of_their_epoch(self, tmp_path: Path) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        stored = [put(outbox) for _ in range(20)]
        outbox.close()
        with sqlite3.connect(database(tmp_path)) as run:
            run.execute("PRAGMA foreign_keys = OFF")
            run.execute("DELETE FROM epoch")
        run.close()
        raw = bytearray(database(tmp_path).read_bytes())
        at = raw.index(stored[7].token[-60:]) // 4096 * 4096
        raw[at : at + 4096] = os.urandom(4096)
        database(tmp_path).write_bytes(raw)
        again = open_outbox(tmp_path)
        drain(again, centre)
        assert reasons(centre)[-1] == "corrupt"
        assert len(set(centre.events) & {one.id for one in stored}) > 10
        assert balanced(centre, *stored)

    @pytest.mark.parametrize("cut", [0, 1000, 50_000])
    def test_a_truncated_file_loses_nothing_silently(self, tmp_path: Path, cut: int) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        stored = [put(outbox) for _ in range(40)]
        outbox.close()
        os.truncate(database(tmp_path), cut)
        again = open_outbox(tmp_path)
        drain(again, centre)
        assert balanced(centre, *stored)

    @pytest.mark.parametrize("nth", [1, 2])
    @pytest.mark.parametrize(
        "point", ["outbox.open.aside", "outbox.open.written", "outbox.open.committed"]
    )
    def test_killed_while_mending_the_mending_goes_on(
        self, tmp_path: Path, point: str, nth: int
    ) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        stored = [put(outbox) for _ in range(20)]
        outbox.close()
        raw = bytearray(database(tmp_path).read_bytes())
        raw[-4096:] = os.urandom(4096)
        raw[4096 * 8 : 4096 * 9] = os.urandom(4096)
        database(tmp_path).write_bytes(raw)

        def work() -> None:
            open_outbox(tmp_path).close()
            open_outbox(tmp_path).close()

        killed_at(point, work, nth=nth)
        again = open_outbox(tmp_path)
        drain(again, centre)
        assert balanced(centre, *stored)
        assert reasons(centre).count("corrupt") == 1
        assert len(centre.events) > 5


class TestCopies:
    def test_a_lost_folder_begins_an_epoch_and_names_what_went_with_it(
        self, tmp_path: Path
    ) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        first = put(outbox)
        drain(outbox, centre)
        drain(outbox, centre)
        lost = [put(outbox) for _ in range(3)]
        outbox.close()
        shutil.rmtree(tmp_path / "outbox")
        again = open_outbox(tmp_path)
        drain(again, centre)
        assert reasons(centre) == ["first", "folder-lost"]
        assert balanced(centre, first, *lost)
        (loss,) = centre.losses
        assert (loss.reason, loss.count, loss.lost_epoch) == ("epoch-lost", 3, first.epoch)

    def test_killed_right_after_a_commit_and_then_lost_the_last_event_is_named_too(
        self, tmp_path: Path
    ) -> None:
        def work() -> None:
            outbox = open_outbox(tmp_path)
            for _ in range(6):
                put(outbox)

        open_outbox(tmp_path).close()
        assert killed_at("outbox.committed", work, nth=3)
        committed = {int(seq) for (seq,) in rows(tmp_path, "SELECT seq FROM message")}
        shutil.rmtree(tmp_path / "outbox")
        centre = Centre()
        drain(open_outbox(tmp_path), centre)
        assert reasons(centre) == ["folder-lost"]
        named = {
            seq
            for loss in centre.losses
            for part in loss.ranges
            for seq in range(part.first, part.last + 1)
        }
        assert committed <= named

    def test_an_older_copy_put_back_begins_an_epoch_before_it_says_anything(
        self, tmp_path: Path
    ) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        early = [put(outbox) for _ in range(3)]
        outbox.close()
        shutil.copytree(tmp_path / "outbox", tmp_path / "copy")
        outbox = open_outbox(tmp_path)
        late = [put(outbox) for _ in range(4)]
        drain(outbox, centre)
        unsent = put(outbox)
        outbox.close()
        shutil.rmtree(tmp_path / "outbox")
        shutil.copytree(tmp_path / "copy", tmp_path / "outbox")
        again = open_outbox(tmp_path)
        after = put(again)
        drain(again, centre)
        assert reasons(centre) == ["first", "folder-restored"]
        assert after.epoch != early[0].epoch
        assert balanced(centre, *early, *late, unsent, after)
        assert unsent.id not in centre.events

    def test_a_journal_that_is_gone_is_noticed(self, tmp_path: Path) -> None:
        def work() -> None:
            outbox = open_outbox(tmp_path)
            for _ in range(6):
                put(outbox)

        open_outbox(tmp_path).close()
        assert killed_at("outbox.put.committed", work, nth=6)
        wal = tmp_path / "outbox" / "outbox.db-wal"
        assert wal.stat().st_size > 0
        wal.unlink()
        outbox, centre = open_outbox(tmp_path), Centre()
        drain(outbox, centre)
        assert reasons(centre) == ["first", "folder-restored"]
        assert balanced(centre)
        assert sum(loss.count for loss in centre.losses) == 6

    def test_a_card_cloned_with_its_mark_is_found_out_by_a_receipt(self, tmp_path: Path) -> None:
        first, centre = open_outbox(tmp_path / "a"), Centre()
        put(first)
        first.close()
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        first, twin = open_outbox(tmp_path / "a"), open_outbox(tmp_path / "b")
        ours = [put(first) for _ in range(5)]
        drain(first, centre)
        theirs = put(twin)
        assert (theirs.epoch, theirs.seq) == (ours[0].epoch, ours[0].seq)
        assert theirs.id != ours[0].id
        for one in centre.receipts():
            twin.apply_receipt(one)
        assert twin.epoch != first.epoch
        assert theirs.id in {id for (id,) in rows(tmp_path / "b", "SELECT id FROM message")}

    def test_both_lost_is_a_first_start(self, tmp_path: Path) -> None:
        put(open_outbox(tmp_path))
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        centre = Centre()
        drain(open_outbox(tmp_path), centre)
        assert reasons(centre) == ["first"]

    def test_a_torn_mark_falls_back_to_the_slot_before(self, tmp_path: Path) -> None:
        outbox = open_outbox(tmp_path)
        put(outbox)
        outbox.close()
        mark = tmp_path / "outbox.mark"
        raw = bytearray(mark.read_bytes())
        raw[:40] = b"\0" * 40
        mark.write_bytes(raw)
        centre = Centre()
        drain(open_outbox(tmp_path), centre)
        assert reasons(centre) == ["first"]


class TestFullDisk:
    def test_less_urgent_rows_make_room_for_more_urgent_ones(self, tmp_path: Path) -> None:
        outbox, centre = open_outbox(tmp_path), Centre()
        assert outbox._store is not None
        outbox._store._connection.execute("PRAGMA max_page_count = 150")
        others: list[Stored] = []
        severe: list[Stored] = []

        def fill(severity: Severity, into: list[Stored], still_bytes: int) -> None:
            while True:
                still = os.urandom(still_bytes) if still_bytes else None
                into.append(put(outbox, severity, still=still))

        with pytest.raises(OutboxError):
            fill("minor", others, 8_000)
        with pytest.raises(OutboxError):
            fill("moderate", others, 0)
        with pytest.raises(OutboxError) as caught:
            fill("severe", severe, 0)
        assert (caught.value.code, caught.value.retryable) == ("disk.full", True)
        drain(outbox, centre)
        assert len(severe) > 100
        # Minor and moderate ones went to make room, severe ones never.
        assert {one.id for one in severe} <= set(centre.events)
        assert balanced(centre, *others, *severe)
        assert {loss.reason for loss in centre.losses} == {"disk-full"}
        assert put(outbox).seq > severe[-1].seq

    def test_a_read_only_folder_says_so(self, tmp_path: Path) -> None:
        if os.geteuid() == 0:
            # Root writes anywhere; an immutable descriptor does the same for SQLite.
            outbox = open_outbox(tmp_path)
            assert outbox._store is not None
            outbox._store._connection.execute("PRAGMA query_only = ON")
        else:
            outbox = open_outbox(tmp_path)
            (tmp_path / "outbox").chmod(0o500)
            database(tmp_path).chmod(0o400)
        with pytest.raises(OutboxError) as caught:
            put(outbox)
        assert (caught.value.code, caught.value.retryable) == ("disk.read-only", True)


def test_on_a_disk_that_cannot_be_written_the_outbox_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder belongs")
    outbox = open_outbox(tmp_path)
    with pytest.raises(OutboxError) as caught:
        put(outbox)
    assert (caught.value.code, caught.value.retryable) == ("disk.read-only", True)
    assert outbox.figures().depth == 0
    (tmp_path / "outbox").unlink()
    assert put(outbox).seq == 2
    outbox.close()


def rows(folder: Path, query: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(database(folder))
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_numbers_do_not_depend_on_the_wall_clock(tmp_path: Path) -> None:
    clock = SimulatedClock()
    outbox = open_outbox(tmp_path, clock)
    clock.step_wall(-40 * 365 * 86_400)
    one = put(outbox)
    clock.step_wall(80 * 365 * 86_400)
    two = put(outbox)
    assert (one.seq, two.seq) == (2, 3)
    assert [item.seq for item in outbox.claim(10)] == [1, 2, 3]
