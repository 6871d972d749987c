"""From what poles tell to states, spans, work orders and the month's report."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from collector.config import AssetSettings
from collector.services.boards.record import BoardState
from collector.services.estate.availability import Seen, Share, Span
from collector.services.estate.keeper import EstateKeeper
from collector.services.estate.report import HEADINGS, month_report, percent, report_rows
from collector.services.estate.world import WorldView
from collector.store import boards, estate, spans, work_orders
from collector.store.estate import Asset
from collector.store.rows import CameraRow
from collector.store.work_orders import WorkOrder
from provisioning.authority import Authority
from tests.collector.services.estate.test_condition import BOARD, BOX, CAMERA, NOW, OLD, release
from tests.support.device import SimDevice, finding
from tests.support.intake import WayIn
from wire.clock import SimulatedClock
from wire.event import CameraState
from wire.health import DeviceState
from wire.names import new_id
from wire.sheet_out import xlsx_bytes

KST = ZoneInfo("Asia/Seoul")

# --- from messages to orders ----------------------------------------------------------------------


class Town:
    """One pole that talks to a centre whose keeper looks when it is told to."""

    def __init__(self, folder: Path, city: Authority) -> None:
        # The city's certificates were made just now, by the machine's clock.
        self.clock = SimulatedClock(datetime.now(UTC))
        self.way = WayIn(folder, city, clock=self.clock)
        self.pole: SimDevice = self.way.device()
        self.up = True
        view = WorldView(self.way.reader, dict, KST, self.clock, release(), ["plaza"])
        settings = AssetSettings(open_after_s=60, settle_s=30)
        self.keeper = EstateKeeper(
            settings, self.way.database, view, self.clock, is_up=lambda: self.up
        )
        self.camera = replace(CAMERA, camera="cam-1")
        with self.way.database.transaction() as run:
            estate.put(run, [self.camera, BOX])
        self.presence(online=True)
        self.sees("up")

    def presence(self, *, online: bool) -> None:
        token = self.pole.online() if online else self.pole.offline()
        self.way.take((self.pole.address.state(), token))

    def sees(self, state: str, code: str | None = None) -> None:
        said = CameraState.model_validate(
            {"camera": "cam-1", "state": state, "code": code, "at": self.clock.now(),
             "quality": "synchronised"}
        )  # fmt: skip
        self.way.events(self.pole, self.pole.put(said, "camera"))

    def after(self, seconds: float) -> list[WorkOrder]:
        """Orders that are not closed, after so long of looking every ten seconds."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self.clock.advance(10)
            self.keeper.round()
        with self.way.database.reading() as run:
            return work_orders.not_closed(run)

    def closed(self) -> list[WorkOrder]:
        with self.way.database.reading() as run:
            found = [
                one for asset in (self.camera, BOX)
                for one in work_orders.of_asset(run, asset.asset_id, 99)
            ]  # fmt: skip
        return [one for one in found if one.state == "closed"]

    def steps(self, number: int) -> list[str]:
        with self.way.database.reading() as run:
            return [one.what for one in work_orders.steps(run, number)]


@pytest.fixture
def town(tmp_path: Path, town: Authority) -> Iterator[Town]:
    made = Town(tmp_path, town)
    yield made
    made.way.reader.close()
    made.way.database.close()


def test_a_fault_that_lasts_opens_one_order_and_its_end_closes_it(town: Town) -> None:
    assert town.after(30) == []
    broke = town.clock.now()
    town.sees("down", "camera.unreachable")
    assert town.after(50) == []
    (order,) = town.after(60)
    assert (order.asset_id, order.fault, order.state) == (
        town.camera.asset_id, "no_picture", "open",
    )  # fmt: skip
    assert order.broken_at - broke <= timedelta(seconds=10)
    assert [one.number for one in town.after(600)] == [order.number], "not again while it is open"
    town.sees("up")
    town.after(10)
    town.sees("down")
    assert len(town.after(60)) == 1, "it only flickered"
    town.sees("up")
    mended = town.clock.now()
    assert town.after(60) == []
    (closed,) = town.closed()
    assert closed.mended_at is not None
    assert mended <= closed.mended_at <= mended + timedelta(seconds=10)
    assert closed.repair_s == (closed.mended_at - closed.broken_at).total_seconds()
    assert town.steps(order.number) == ["opened", "closed"]


def test_what_is_said_to_be_done_is_verified(town: Town) -> None:
    town.sees("down")
    (order,) = town.after(100)
    with town.way.database.transaction() as run:
        work_orders.done(run, order.number, town.clock.now(), "tech")
    (still,) = town.after(20)
    assert still.state == "done"
    (again,) = town.after(30)
    assert (again.state, again.reopened, again.done_at) == ("open", 1, None)
    with town.way.database.transaction() as run:
        work_orders.done(run, order.number, town.clock.now(), "tech")
    town.sees("up")
    assert town.after(60) == []
    assert town.steps(order.number) == ["opened", "reopened", "closed"]


def test_a_pole_that_is_cut_is_the_box_s_fault_and_hides_the_camera_s(town: Town) -> None:
    town.sees("down")
    (camera,) = town.after(100)
    town.presence(online=False)
    orders = town.after(200)
    assert [(one.asset_id, one.fault) for one in orders] == [
        (town.camera.asset_id, "no_picture"), (BOX.asset_id, "offline"),
    ]  # fmt: skip
    town.presence(online=True)
    (left,) = town.after(100)
    assert left.number == camera.number, "it still has no picture"


def test_what_it_was_is_history_and_what_never_told_anything_has_none(town: Town) -> None:
    pole = Asset("a" * 12, "P-1", "pole")
    bare = Asset("g" * 12, "G-1", "sign", parent="P-1")
    camera, board = replace(town.camera, parent="P-1"), replace(BOARD, parent="P-1")
    with town.way.database.transaction() as run:
        estate.put(run, [pole, bare, camera, board])
    town.after(30)
    with town.way.database.transaction() as run:
        boards.save_state(run, BoardState(board_id="plaza", status="shows"))
    town.after(10)
    town.sees("down")
    town.after(30)
    with town.way.database.transaction() as run:
        was = {
            one.tag: [(was.state, was.faults) for was in estate.states_of(run, one.asset_id, 9)]
            for one in (pole, bare, camera, board)
        }
        newest = estate.newest_states(run)[camera.asset_id]
        assert [estate.erase_states(run, town.clock.now(), 9), len(estate.newest_states(run))] == [
            4, 4,
        ]  # fmt: skip
    assert was == {
        "P-1": [("bad", ("no_picture",)), ("well", ()), ("unknown", ())],
        "G-1": [],
        "C-1": [("bad", ("no_picture",)), ("well", ())],
        "E-1": [("well", ()), ("unknown", ())],
    }
    assert newest.at <= town.clock.now()


def test_what_a_camera_finds_of_itself_is_its_state_until_it_ends(town: Town) -> None:
    def found(finding_id: str, phase: str, detail: str) -> None:
        said = finding(
            finding_id=finding_id, phase=phase, type="tamper", boot_id=town.pole.boot_id,
            at=town.clock.now(),
        ).model_copy(update={"detail": detail})  # fmt: skip
        town.way.events(town.pole, town.pole.put(said))

    covered, dirty = new_id(), new_id()
    found(covered, "open", "covered")
    found(dirty, "open", "defocused")
    orders = town.after(100)
    assert {one.fault for one in orders} == {"tampered", "dirty_lens"}
    found(covered, "close", "covered")
    found(dirty, "close", "defocused")
    assert town.after(60) == []
    with town.way.database.reading() as run:
        was = estate.states_of(run, town.camera.asset_id, 9)
    assert [one.faults for one in was] == [(), ("tampered", "dirty_lens")]


def test_a_box_says_which_networks_it_runs(town: Town) -> None:
    said = DeviceState.model_validate(
        {
            "state": "online", "boot_id": town.pole.boot_id, "since": town.clock.now(),
            "version": "0.1.0", "models": [OLD],
        }
    )  # fmt: skip
    token = town.pole.sign(town.pole.wrap(said, "state"))
    town.way.take((town.pole.address.state(), token))
    (order,) = town.after(100)
    assert (order.asset_id, order.fault) == (BOX.asset_id, "model")
    town.presence(online=True)
    assert town.after(60) == []


def test_while_the_broker_is_away_nothing_is_judged(town: Town) -> None:
    town.after(30)
    town.up = False
    town.sees("down")
    assert town.after(600) == []
    town.up = True
    town.after(20)
    everything = Span(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    with town.way.database.reading() as run:
        first, second = spans.watched(run, everything)
    assert second.start - first.end == timedelta(seconds=610)


def test_what_poles_tell_becomes_changes_and_no_samples(town: Town) -> None:
    for _ in range(3):
        town.presence(online=True)
        town.sees("up")
    town.sees("degraded", "camera.b-frames")
    town.presence(online=False)
    town.clock.step_wall(-60)
    town.presence(online=True)
    everything = Span(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    with town.way.database.reading() as run:
        changes = spans.seen(run, ("pole-001-1", "cam-1"), everything)
        assert spans.last_seen(run, ("pole-001-1", "cam-1")) == changes[-1]
    assert [(one.sees, one.why) for one in changes] == [
        (True, None), (False, "device.offline"), (True, None),
    ]  # fmt: skip
    assert changes == sorted(changes, key=lambda one: one.at), "the clock was set back"


# --- the month ------------------------------------------------------------------------------------


def fill(run: Any, camera: str, *changes: tuple[datetime, bool]) -> None:
    run.executemany(
        "INSERT INTO camera_seen VALUES ('pole-001-1', ?, ?, ?, NULL)",
        [(camera, at.isoformat()[:19] + ".000000Z", int(sees)) for at, sees in changes],
    )


def day(number: int, hour: float = 0) -> datetime:
    """Of March 2026, in Seoul."""
    found = datetime(2026, 3, number, tzinfo=KST) + timedelta(hours=hour)
    return found.astimezone(UTC)


def test_a_month_s_report_equals_a_computation_by_hand(town: Town) -> None:
    """March has 744 hours. The centre was away for 24 of them on the 10th, and for good from the
    31st on.

    cam-1: dark 6 h on the 5th, 12 h on the 20th of which 4 h are planned, announced before; an hour
    of the 25th is planned at its box.
    cam-2 was installed on the 16th and retired on the 26th (240 h), and never heard of.
    cam-3 is in no registry and was first heard of on the 30th at noon.
    """
    second = Asset(
        "e" * 12, "C-2", "camera", device="pole-001-1", camera="cam-2", purpose="산불 감시",
        installed="2026-03-16", retired="2026-03-26",
    )  # fmt: skip
    rows = [
        CameraRow("pole-001-1", name, name, None, None, None, None, "up", None, None, NOW, True,
                  None, None, None)
        for name in ("cam-1", "cam-2", "cam-3")
    ]  # fmt: skip
    with town.way.database.transaction() as run:
        run.execute("DELETE FROM camera_seen")
        estate.put(run, [replace(town.camera, installed="2020-01-01", purpose="방범"), second])
        spans.watching(run, day(1, -5), day(10))
        spans.watching(run, day(11), day(31))
        fill(run, "cam-1", (day(1, -9), True), (day(5, 6), False), (day(5, 12), True),
             (day(20), False), (day(20, 12), True))  # fmt: skip
        fill(run, "cam-3", (day(30, 12), True))
        # Announced on the 19th for the 20th from 2 to 6; the other was declared afterwards.
        for planned, announced in ((Span(day(20, 2), day(20, 6)), day(19)),
                                   (Span(day(5, 6), day(5, 12)), day(6))):  # fmt: skip
            work_orders.open_order(
                run, town.camera.asset_id, announced, title="렌즈 교체", planned=planned
            )
        # Of the box: for the cameras at it, too; cam-1 saw in that hour.
        work_orders.open_order(
            run, BOX.asset_id, day(24), title="배터리", planned=Span(day(25, 1), day(25, 2))
        )
        report = month_report(run, rows, "2026-03", KST, day(31, 48))
    first, other, unregistered = report.cameras
    hour = 3600.0
    assert first.share == Share(5 * hour, 48 * hour, (744 - 5 - 48 - 14) * hour, 14 * hour, 3)
    assert other.share == Share(1 * hour, dark_s=239 * hour, outages=2)
    assert unregistered.share == Share(unknown_s=24 * hour, picture_s=12 * hour)
    assert percent(first.share) == 91.61, "677 of 739 hours, 91.610…, rounded down"
    assert [(name, count) for name, count, _ in report.purposes] == [
        ("", 1), ("방범", 1), ("산불 감시", 1),
    ]  # fmt: skip
    assert report.total == Share(6 * hour, 72 * hour, 689 * hour, 253 * hour, 5)
    table = report_rows(report)
    sheet = load_workbook(io.BytesIO(xlsx_bytes("가동률 2026-03", HEADINGS, table))).active
    assert sheet is not None
    assert sheet.title == "가동률 2026-03"
    assert [list(row) for row in sheet.values] == [
        list(HEADINGS), *([None if cell == "" else cell for cell in row] for row in table),
    ]  # fmt: skip
    assert table[0][:4] == ["C-1", "cam-1", "방범", None]
    assert table[0][5:] == [739.0, 677.0, 14.0, 48.0, 5.0, 91.61, 3]
    assert table[2][0] == "미등록"
    assert table[-1][5:] == [1014.0, 689.0, 253.0, 72.0, 6.0, 67.94, 5]


def test_what_is_old_is_forgotten_and_the_month_stays_right(town: Town) -> None:
    with town.way.database.transaction() as run:
        run.execute("DELETE FROM camera_seen")
        fill(run, "cam-1", (day(1), True), (day(2), False), (day(3), True), (day(9), False))
        spans.watching(run, day(1), day(2))
        spans.watching(run, day(3), day(9))
        old = work_orders.open_order(run, BOX.asset_id, day(1), title="x")
        work_orders.close(run, old, day(2), day(2))
        assert [spans.erase(run, day(5), 1), spans.erase(run, day(5), 5)] == [1, 1]
        assert spans.erase(run, day(5), 5) == 0
        assert spans.erase_watched(run, day(5), 5) == 1
        assert (work_orders.erase(run, day(5), 5), work_orders.steps(run, old)) == (1, [])
        changes = spans.seen(run, ("pole-001-1", "cam-1"), Span(day(5), day(31)))
    assert changes == [Seen(day(3), True), Seen(day(9), False)]
