"""The outbox as a specification: numbers, order, receipts, gaps, limits."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

from edge_agent.uplink.order import (
    FRESH_S,
    ON_ITS_WAY_S,
    REPEAT_SOON_S,
    RETRY_FIRST_S,
    RETRY_LIMIT_S,
)
from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.store import OutboxError
from tests.edge_agent.uplink.poles import (
    BOOT,
    SIGNER,
    Centre,
    drain,
    gap,
    open_outbox,
    put,
    read,
    receipt,
)
from tests.support.findings import event
from wire.clock import SimulatedClock
from wire.envelope import body
from wire.event import CameraState, EpochStart, Event, LossRecord, Severity
from wire.names import new_id
from wire.receipt import GapRequest, Receipt, Received

STILL = bytes(range(256)) * 8


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: SimulatedClock) -> Outbox:
    return open_outbox(tmp_path, clock)


def kinds(outbox: Outbox) -> list[str]:
    return [
        "still" if item.what == "still" else read(item.payload).event.kind
        for item in outbox.claim(100)
    ]


def losses(outbox: Outbox) -> list[LossRecord]:
    found = [read(item.payload).event for item in outbox.claim(10_000) if item.what == "message"]
    return [body(message, LossRecord) for message in found if message.kind == "loss"]


class TestNumbers:
    def test_the_first_message_of_an_outbox_begins_its_epoch(self, outbox: Outbox) -> None:
        message = read(outbox.claim(10)[0].payload).event
        assert (message.kind, message.seq, message.epoch) == ("epoch", 1, outbox.epoch)
        assert body(message, EpochStart).reason == "first"

    def test_numbers_follow_without_a_gap_over_all_kinds_and_restarts(
        self, outbox: Outbox, tmp_path: Path
    ) -> None:
        state = CameraState(
            camera="cam-1", state="down", at=SimulatedClock().now(), quality="unsynchronised"
        )
        numbers = [put(outbox).seq, outbox.put("camera", state, severity="moderate").seq]
        outbox.close()
        again = open_outbox(tmp_path)
        assert [*numbers, put(again).seq] == [2, 3, 4]

    def test_what_is_stored_is_what_is_sent_signed_and_numbered(self, outbox: Outbox) -> None:
        stored = put(outbox, "severe")
        item = next(item for item in outbox.claim(10) if item.seq == stored.seq)
        message = read(item.payload).event
        assert item.payload == stored.token
        assert (message.id, message.seq, message.epoch) == (stored.id, stored.seq, stored.epoch)
        assert message.subject == "cam-1"
        assert body(message, Event).severity == "severe"

    def test_a_still_must_hash_to_what_its_event_names(self, outbox: Outbox) -> None:
        with pytest.raises(ValueError, match="hash"):
            outbox.put("finding", event(still=STILL), severity="minor", still=b"another")
        with pytest.raises(ValueError, match="hash"):
            outbox.put("finding", event(still=STILL), severity="minor")
        assert outbox.figures().depth == 1

    def test_what_is_too_large_to_travel_takes_no_number(self, outbox: Outbox) -> None:
        huge = LossRecord(
            lost_epoch=new_id(), count=0, by_severity={"x" * 300_000: 1}, reason="size"
        )
        with pytest.raises(ValueError, match="at most"):
            outbox.put("loss", huge, severity="minor")
        assert put(outbox).seq == 2

    def test_two_agents_cannot_have_one_outbox(self, outbox: Outbox, tmp_path: Path) -> None:
        with pytest.raises(OutboxError, match="another agent"):
            open_outbox(tmp_path)

    def test_its_files_are_its_owners_alone(self, outbox: Outbox, tmp_path: Path) -> None:
        put(outbox)
        files = list((tmp_path / "outbox").iterdir())
        assert len(files) >= 3
        assert [f.name for f in files if f.stat().st_mode & 0o077] == []


class TestOrder:
    def test_records_then_fresh_by_severity_then_its_stills_then_backlog(
        self, outbox: Outbox, clock: SimulatedClock
    ) -> None:
        old = {s: put(outbox, s, still=s.encode()).seq for s in ("minor", "moderate", "severe")}
        clock.advance(FRESH_S + 1)
        new = {s: put(outbox, s, still=b"new" + s.encode()).seq for s in ("minor", "severe")}
        items = outbox.claim(100)
        assert [item.seq for item in items if item.what == "message"] == [
            1, new["severe"], new["minor"], old["severe"], old["moderate"], old["minor"],
        ]  # fmt: skip
        assert [item.payload for item in items if item.what == "still"] == [
            b"newsevere", b"severe", b"moderate", b"minor", b"newminor",
        ]  # fmt: skip
        assert [item.what for item in items].index("still") == 3

    def test_what_was_sent_is_not_due_before_its_pause(
        self, outbox: Outbox, clock: SimulatedClock
    ) -> None:
        put(outbox)
        for item in outbox.claim(10):
            outbox.sent(item)
        assert outbox.claim(10) == []
        assert outbox.in_flight() == 2
        clock.advance(RETRY_FIRST_S)
        assert len(outbox.claim(10)) == 2
        assert outbox.in_flight() == 0

    def test_pauses_grow_with_jitter_up_to_a_bound(
        self, outbox: Outbox, clock: SimulatedClock
    ) -> None:
        pauses = []
        for _ in range(9):
            (item,) = outbox.claim(1)
            outbox.sent(item)
            waited = 0.0
            while not outbox.claim(1):
                clock.advance(1)
                waited += 1
            pauses.append(waited)
        assert pauses[0] <= RETRY_FIRST_S + 1
        assert all(RETRY_LIMIT_S / 2 <= pause <= RETRY_LIMIT_S + 1 for pause in pauses[-2:])
        assert len(set(pauses[-3:])) > 1

    def test_what_was_cut_off_is_due_soon(self, outbox: Outbox, clock: SimulatedClock) -> None:
        (item,) = outbox.claim(1)
        outbox.sent(item)
        outbox.cut_off(item)
        clock.advance(1)
        assert [again.n for again in outbox.claim(1)] == [item.n]

    def test_after_a_reconnect_first_tries_are_due_soon(
        self, outbox: Outbox, clock: SimulatedClock
    ) -> None:
        (item,) = outbox.claim(1)
        outbox.sent(item)
        outbox.repeat_soon(first_tries_only=True)
        assert outbox.claim(1) == []
        clock.advance(REPEAT_SOON_S)
        (again,) = outbox.claim(1)
        outbox.sent(again)
        outbox.repeat_soon(first_tries_only=True)
        clock.advance(REPEAT_SOON_S)
        assert outbox.claim(1) == []
        outbox.repeat_soon(first_tries_only=False)
        clock.advance(REPEAT_SOON_S)
        assert len(outbox.claim(1)) == 1

    def test_a_few_of_what_is_on_its_way_can_be_repeated(self, outbox: Outbox) -> None:
        for _ in range(9):
            put(outbox)
        for item in outbox.claim(100):
            outbox.sent(item)
        outbox.repeat_few(4)
        assert [item.seq for item in outbox.claim(100)] == [1, 2, 3, 4]

    def test_after_a_restart_everything_is_due(self, outbox: Outbox, tmp_path: Path) -> None:
        put(outbox)
        for item in outbox.claim(10):
            outbox.sent(item)
        outbox.close()
        assert len(open_outbox(tmp_path).claim(10)) == 2

    def test_a_poisoned_item_does_not_hold_up_others(
        self, outbox: Outbox, clock: SimulatedClock
    ) -> None:
        put(outbox, "severe")
        put(outbox, "minor")
        first, second, third = outbox.claim(10)
        for item in (first, second):
            outbox.sent(item)
            outbox.cut_off(item)
        assert [item.n for item in outbox.claim(10)] == [third.n]


class TestReceipts:
    def test_only_a_receipt_empties_the_outbox(self, outbox: Outbox) -> None:
        stored = put(outbox, still=STILL)
        centre = Centre()
        drain(outbox, centre)
        figures = outbox.figures()
        assert (figures.depth, figures.stills, figures.receipts) == (0, 0, 2)
        assert centre.events == {stored.id: 1}

    def test_repeating_a_receipt_changes_nothing(self, outbox: Outbox) -> None:
        stored = put(outbox)
        assert outbox.apply_receipt(receipt(stored)).received == 1
        assert outbox.apply_receipt(receipt(stored)).received == 0
        assert outbox.figures().receipts == 1

    def test_a_still_stays_until_its_own_hash_is_named(self, outbox: Outbox) -> None:
        stored = put(outbox, still=STILL)
        outbox.apply_receipt(receipt(stored))
        assert outbox.figures().stills == 1
        (still,) = [item for item in outbox.claim(10) if item.what == "still"]
        outbox.apply_receipt(receipt(stored, stills=(still.sha256,)))
        assert outbox.figures().stills == 0

    def test_contiguous_alone_deletes_nothing(self, outbox: Outbox) -> None:
        stored = put(outbox)
        outbox.apply_receipt(Receipt(device=SIGNER.kid, epoch=stored.epoch, contiguous=2))
        assert outbox.figures().depth == 2

    def test_what_is_refused_is_parked_and_blocks_nothing(self, outbox: Outbox) -> None:
        bad, good = put(outbox), put(outbox)
        outbox.apply_receipt(
            Receipt(
                device=SIGNER.kid,
                epoch=bad.epoch,
                refused=(Received(seq=bad.seq, id=bad.id),),
                contiguous=2,
            )
        )
        assert outbox.figures().parked == 1
        assert good.seq in [item.seq for item in outbox.claim(10)]
        assert bad.seq not in [item.seq for item in outbox.claim(10)]

    def test_the_same_number_under_another_id_deletes_nothing_and_begins_an_epoch(
        self, outbox: Outbox
    ) -> None:
        stored = put(outbox)
        foreign = Receipt(
            device=SIGNER.kid,
            epoch=stored.epoch,
            received=(Received(seq=stored.seq, id=new_id()),),
            contiguous=2,
        )
        assert outbox.apply_receipt(foreign).forked == stored.epoch
        assert outbox.epoch != stored.epoch
        assert stored.seq in [item.seq for item in outbox.claim(10) if item.epoch == stored.epoch]


class TestGaps:
    def test_what_is_asked_for_is_due_at_once_unless_it_may_be_on_its_way(
        self, outbox: Outbox, clock: SimulatedClock
    ) -> None:
        stored = put(outbox, still=STILL)
        items = outbox.claim(10)
        for item in items:
            outbox.sent(item)
        still = next(item.sha256 for item in items if item.what == "still")
        assert outbox.apply_gap(gap(stored.epoch, 2, 2, (still,))).again == 2
        assert outbox.claim(10) == []
        clock.advance(ON_ITS_WAY_S)
        outbox.apply_gap(gap(stored.epoch, 2, 2, (still,)))
        assert {item.what for item in outbox.claim(10)} == {"message", "still"}

    def test_what_is_gone_is_named_in_a_signed_record(self, outbox: Outbox) -> None:
        stored = [put(outbox) for _ in range(4)]
        outbox.apply_receipt(receipt(stored[0], stored[2]))
        outbox.apply_gap(gap(stored[0].epoch, 2, 5))
        (loss,) = losses(outbox)
        assert [(part.first, part.last) for part in loss.ranges] == [(2, 2), (4, 4)]
        assert (loss.reason, loss.count) == ("receipted", 2)

    def test_asking_again_names_nothing_twice(self, outbox: Outbox) -> None:
        stored = put(outbox)
        outbox.apply_receipt(receipt(stored))
        sha256 = "0" * 64
        for _ in range(3):
            outbox.apply_gap(gap(stored.epoch, 2, 2, (sha256,)))
        (loss,) = losses(outbox)
        assert loss.stills == (sha256,)

    def test_numbers_of_an_unknown_epoch_are_lost_with_it(self, outbox: Outbox) -> None:
        other = new_id()
        outbox.apply_gap(gap(other, 1, 1_000_000))
        (loss,) = losses(outbox)
        assert (loss.lost_epoch, loss.count, loss.reason) == (other, 1_000_000, "epoch-lost")

    def test_numbers_never_given_out_mean_an_older_copy(self, outbox: Outbox) -> None:
        before = outbox.epoch
        assert outbox.apply_gap(gap(before, 1, 7)).forked == before
        assert outbox.epoch != before
        assert [(p.first, p.last) for p in losses(outbox)[0].ranges] == [(2, 7)]

    def test_what_was_parked_is_sent_again_when_asked_for(self, outbox: Outbox) -> None:
        stored = put(outbox)
        refused = (Received(seq=stored.seq, id=stored.id),)
        outbox.apply_receipt(
            Receipt(device=SIGNER.kid, epoch=stored.epoch, refused=refused, contiguous=0)
        )
        outbox.apply_gap(gap(stored.epoch, 2, 2))
        assert outbox.figures().parked == 0
        assert [item.payload for item in outbox.claim(10) if item.seq == 2] == [stored.token]

    def test_the_still_of_what_was_refused_waits_until_it_is_asked_for(
        self, outbox: Outbox, clock: SimulatedClock
    ) -> None:
        stored = put(outbox, still=STILL)
        refused = (Received(seq=stored.seq, id=stored.id),)
        outbox.apply_receipt(
            Receipt(device=SIGNER.kid, epoch=stored.epoch, refused=refused, contiguous=2)
        )
        clock.advance(86_400.0)
        assert [item for item in outbox.claim(10) if item.what == "still"] == []
        assert outbox.figures().stills == 0
        sha256 = hashlib.sha256(STILL).hexdigest()
        asked = GapRequest(device=SIGNER.kid, epoch=stored.epoch, stills=(sha256,))
        assert outbox.apply_gap(asked).again == 1
        assert [item.payload for item in outbox.claim(10) if item.what == "still"] == [STILL]
        assert outbox.figures().parked == 0

    def test_a_still_that_another_event_names_too_is_sent(self, outbox: Outbox) -> None:
        stored, _ = put(outbox, still=STILL), put(outbox, still=STILL)
        refused = (Received(seq=stored.seq, id=stored.id),)
        outbox.apply_receipt(
            Receipt(device=SIGNER.kid, epoch=stored.epoch, refused=refused, contiguous=2)
        )
        assert [item.payload for item in outbox.claim(10) if item.what == "still"] == [STILL]


class TestLimits:
    def test_least_severe_and_oldest_go_first_by_name(self, tmp_path: Path) -> None:
        outbox = open_outbox(tmp_path, limits=Limits(bytes=40_000))
        severities: tuple[Severity, ...] = ("minor", "severe", "moderate", "minor")
        stored = [(s, put(outbox, s)) for _ in range(10) for s in severities]
        centre = Centre()
        drain(outbox, centre)
        assert all(one.id in centre.events for s, one in stored if s == "severe")
        lost = [one for s, one in stored if one.id not in centre.events]
        assert lost
        assert all(centre.covers(one) for _, one in stored)
        assert {id for loss in centre.losses for id in loss.event_ids} == {one.id for one in lost}
        assert sum(loss.count for loss in centre.losses) == len(lost)
        minor = [one for s, one in stored if s == "minor"]
        assert lost[: len(minor)] == minor[: len(lost)]

    def test_a_still_goes_before_an_event_of_its_severity(self, tmp_path: Path) -> None:
        outbox = open_outbox(tmp_path, limits=Limits(bytes=60_000))
        stored = [put(outbox, "minor", still=os.urandom(20_000)) for _ in range(5)]
        centre = Centre()
        drain(outbox, centre)
        assert set(centre.events) == {one.id for one in stored}
        assert {len(loss.event_ids) for loss in centre.losses} == {0}
        named = {sha256 for loss in centre.losses for sha256 in loss.stills}
        assert len(named) + len(centre.stills) == 5
        assert named.isdisjoint(centre.stills)

    def test_records_are_never_given_up(self, tmp_path: Path) -> None:
        outbox = open_outbox(tmp_path, limits=Limits(bytes=1))
        stored = [put(outbox) for _ in range(20)]
        centre = Centre()
        drain(outbox, centre)
        assert centre.events == {}
        assert all(centre.covers(one) for one in stored)
        assert centre.contiguous(outbox.epoch) == 41

    def test_what_is_too_old_goes_by_the_outboxs_own_clock(
        self, tmp_path: Path, clock: SimulatedClock
    ) -> None:
        outbox = open_outbox(tmp_path, clock, Limits(age_s=3600))
        old = put(outbox, "severe", still=STILL)
        clock.step_wall(90 * 86_400)
        outbox.enforce_limits()
        assert losses(outbox) == []
        clock.advance(3601)
        fresh = put(outbox)
        outbox.enforce_limits()
        (loss,) = losses(outbox)
        assert (loss.reason, loss.event_ids, len(loss.stills)) == ("age", (old.id,), 1)
        assert outbox.figures().depth == 3
        assert fresh.seq in [item.seq for item in outbox.claim(10)]

    def test_time_switched_off_is_no_age(self, tmp_path: Path, clock: SimulatedClock) -> None:
        outbox = open_outbox(tmp_path, clock, Limits(age_s=3600))
        put(outbox)
        clock.advance(1800)
        outbox.close()
        clock.advance(86_400)
        again = open_outbox(tmp_path, clock, Limits(age_s=3600))
        again.enforce_limits()
        assert losses(again) == []
        clock.advance(1801)
        again.enforce_limits()
        assert len(losses(again)) == 1

    def test_findings_that_never_got_a_number_are_named_too(self, outbox: Outbox) -> None:
        finding = new_id()
        outbox.put_unstored({"minor": 2}, [finding], "queue")
        (loss,) = losses(outbox)
        assert (loss.count, loss.ranges, loss.finding_ids) == (2, (), (finding,))


class TestEpochs:
    def test_a_commanded_epoch_leaves_the_old_numbers_deliverable(self, outbox: Outbox) -> None:
        stored = put(outbox)
        epoch = outbox.begin_epoch("commanded", forked=stored.epoch)
        assert put(outbox).seq == 2
        items = {(item.epoch, item.seq): item.payload for item in outbox.claim(10)}
        assert items[stored.epoch, stored.seq] == stored.token
        start = body(read(items[epoch, 1]).event, EpochStart)
        assert (start.previous, start.previous_last_seq, start.reason) == (
            stored.epoch, 2, "commanded",
        )  # fmt: skip

    def test_a_repeated_command_begins_no_second_epoch(self, outbox: Outbox) -> None:
        before = outbox.epoch
        first = outbox.begin_epoch("commanded", forked=before)
        assert outbox.begin_epoch("commanded", forked=before) == first

    def test_receipts_for_an_ended_epoch_still_count(self, outbox: Outbox) -> None:
        stored = put(outbox)
        outbox.begin_epoch("commanded")
        assert outbox.apply_receipt(receipt(stored)).received == 1


def test_the_listener_hears_of_every_put(outbox: Outbox) -> None:
    heard: list[int] = []
    outbox.on_change(lambda: heard.append(1))
    put(outbox)
    assert heard == [1]


def test_every_commit_is_synced(outbox: Outbox, tmp_path: Path) -> None:
    connection = outbox._store._connection if outbox._store else None
    assert isinstance(connection, sqlite3.Connection)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_schema_explains_every_column(tmp_path: Path, outbox: Outbox) -> None:
    text = Path("edge_agent/uplink/outbox_schema.sql").read_text()
    lines = [line.strip() for line in text.splitlines()]
    tables = [line for line in lines if line.startswith("CREATE TABLE")]
    assert len(tables) == 6
    for at, line in enumerate(lines):
        if line.startswith("CREATE TABLE"):
            assert lines[at - 1].startswith("--"), line
    assert BOOT in body(read(outbox.claim(1)[0].payload).event, EpochStart).boot_id
