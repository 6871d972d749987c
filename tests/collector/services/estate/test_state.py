"""From what poles tell to states, spans, work orders and the month's report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.config import AssetSettings
from collector.services.boards.record import BoardState
from collector.services.estate.availability import Seen, Share, Span
from collector.services.estate.condition import Release, World, condition, conditions
from collector.services.estate.faults import Condition, OldModel
from collector.services.estate.keeper import EstateKeeper
from collector.services.estate.mending import can_tell, to_be_mended
from collector.services.estate.report import HEADINGS, month_report, percent, report_rows
from collector.services.estate.world import WorldView
from collector.store import boards, estate, spans, work_orders
from collector.store.estate import Asset
from collector.store.rows import CameraRow, DeviceRow
from collector.store.work_orders import WorkOrder
from provisioning.authority import Authority
from tests.support.console_store import figures
from tests.support.device import SimDevice
from tests.support.intake import WayIn
from wire.clock import SimulatedClock
from wire.event import CameraState
from wire.health import DeviceState, RunningModel

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
KST = ZoneInfo("Asia/Seoul")
GATE = ("pole-001-1", "gate")
CAMERA = Asset("c" * 12, "C-1", "camera", device="pole-001-1", camera="gate")
BOX = Asset("b" * 12, "B-1", "box", device="pole-001-1")
DISK = Asset("d" * 12, "D-1", "disk", device="pole-001-1")
BOARD = Asset("e" * 12, "E-1", "board", unit="plaza")
LIGHT = Asset("f" * 12, "F-1", "light", device="pole-001-1", unit="lamp")
OLD = RunningModel(name="reader", sha256="b" * 12)
GONE = RunningModel(name="locator", sha256="c" * 12)


# --- states ---------------------------------------------------------------------------------------


def release(version: str = "0.1.0", *, pinned: bool = False, **models: str) -> Release:
    return Release(version, {"reader": "a" * 12, **models}, pinned)


def world(
    *, camera: str = "up", online: bool = True, heard: bool = True, health: Any = None, **more: Any
) -> World:
    row = CameraRow(
        *GATE, "정문", None, None, None, None, camera,  # type: ignore[arg-type]  # a state's name
        "camera.stalled" if camera != "up" else None, None, NOW, online, None, None, None,
    )  # fmt: skip
    device = DeviceRow(
        "pole-001-1", online, None, NOW, more.pop("box_version", "0.1.0"), None,
        NOW if heard else None, health or figures(), NOW, 0, 0, 0, more.pop("models", ()),
    )  # fmt: skip
    usual: dict[str, Any] = {
        "cameras": {GATE: row}, "devices": {"pole-001-1": device}, "tampered": {}, "ends": {},
        "now": NOW, "today": date(2026, 3, 1), "release": release(), "boards": {},
    }  # fmt: skip
    return World(**{**usual, **more})


def told_board(status: str, misfit: str | None = None) -> World:
    state = BoardState.model_validate({"board_id": "plaza", "status": status, "misfit": misfit})
    return world(boards={"plaza": state})


def lamp(mode: str, **more: Any) -> World:
    one = {"facility": "lamp", "kind": "light", "title": "보안등", "mode": mode}
    return world(health=figures(facilities=[one]), **more)


@pytest.mark.parametrize(
    ("asset", "there", "wanted"),
    [
        (CAMERA, world(), Condition("well")),
        (CAMERA, world(camera="down"), Condition("bad", ("no_picture",), "camera.stalled")),
        (CAMERA, world(camera="degraded"), Condition("ill", ("degraded",), "camera.stalled")),
        (CAMERA, world(online=False), Condition("bad", ("offline",), "device.offline")),
        (CAMERA, world(camera="unknown"), Condition("unknown")),
        (CAMERA, world(heard=False), Condition("unknown")),
        (
            CAMERA,
            world(tampered={GATE: frozenset({"covered", "defocused"})}),
            Condition("bad", ("tampered", "dirty_lens")),
        ),
        (
            CAMERA,
            world(tampered={GATE: frozenset({"defocused"})}),
            Condition("ill", ("dirty_lens",)),
        ),
        (replace(CAMERA, retired="2026-03-01"), world(camera="down"), Condition("retired")),
        (replace(CAMERA, device=None, camera=None), world(), Condition("unwatched")),
        (replace(BOX, kind="pole"), world(online=False), Condition("unwatched")),
        (BOX, world(camera="down"), Condition("well")),
        (BOX, world(online=False), Condition("bad", ("offline",), "device.offline")),
        (
            BOX,
            world(health=figures(faults=("disk.worn",))),
            Condition("ill", ("disk",), "disk.worn"),
        ),
        (
            BOX,
            world(health=figures(quality="unsynchronised")),
            Condition("ill", ("wrong_time",)),
        ),
        (
            BOX,
            world(ends={"pole-001-1": NOW + timedelta(days=29)}),
            Condition("ill", ("certificate",)),
        ),
        (BOX, world(ends={"pole-001-1": NOW + timedelta(days=31)}), Condition("well")),
        (BOX, world(release=release("0.2.0")), Condition("ill", ("outdated",))),
        (BOX, world(box_version="0.10.0"), Condition("well")),
        (BOX, world(models=(RunningModel(name="reader", sha256="a" * 12),)), Condition("well")),
        (
            BOX,
            world(models=(OLD, GONE)),
            Condition(
                "ill", ("model",), None, (OldModel(OLD, "a" * 12), OldModel(GONE, None))
            ),
        ),
        (BOX, world(models=(OLD,), box_version="0.2.0"), Condition("well")),
        (
            BOX,
            world(models=(OLD,), box_version="0.2.0", release=release(pinned=True)),
            Condition("ill", ("model",), None, (OldModel(OLD, "a" * 12),)),
        ),
        (BOX, world(models=(OLD,), release=release(reader="b" * 64)), Condition("well")),
        (CAMERA, world(models=(OLD,)), Condition("well")),
        (BOARD, world(), Condition("unknown")),
        (BOARD, told_board("unknown"), Condition("unknown")),
        (BOARD, told_board("telling"), Condition("well")),
        (BOARD, told_board("silent", "width"), Condition("bad", ("silent", "misfit"))),
        (BOARD, told_board("differs"), Condition("bad", ("differs",))),
        (BOARD, told_board("refused"), Condition("ill", ("refused",))),
        (replace(BOARD, unit=None), told_board("differs"), Condition("unwatched")),
        (LIGHT, lamp("off"), Condition("well")),
        (LIGHT, lamp("stuck"), Condition("bad", ("stuck",), "facility.stuck")),
        (LIGHT, lamp("unknown"), Condition("bad", ("silent",), "facility.stuck")),
        (LIGHT, lamp("stuck", online=False), Condition("unknown", (), "device.offline")),
        (LIGHT, world(), Condition("unknown")),
        (replace(LIGHT, unit=None), lamp("stuck"), Condition("unwatched")),
        (replace(LIGHT, kind="siren", unit="horn"), lamp("stuck"), Condition("unknown")),
        (DISK, world(health=figures(faults=("disk.io",))), Condition("ill", ("disk",), "disk.io")),
        (DISK, world(ends={"pole-001-1": NOW}), Condition("well")),
        (DISK, world(online=False), Condition("unknown", (), "device.offline")),
    ],
)  # fmt: skip
def test_how_an_asset_is(asset: Asset, there: World, wanted: Condition) -> None:
    assert condition(asset, there) == wanted


def test_a_pole_is_as_the_worst_of_what_hangs_on_it() -> None:
    pole = Asset("a" * 12, "P-1", "pole", parent="D-1")

    def of(there: World, *assets: Asset) -> Condition:
        hung = [replace(one, parent="P-1") for one in assets]
        return conditions([pole, *hung], there)[pole.asset_id]

    sign = Asset("g" * 12, "G-1", "sign")
    assert of(world()) == of(world(), sign) == Condition("unwatched")
    assert of(world(), CAMERA, sign) == Condition("well")
    assert of(world(), CAMERA, BOARD) == Condition("unknown"), "nobody knows of the board"
    assert of(lamp("stuck"), CAMERA, LIGHT, BOARD) == Condition("bad", ("stuck",))
    cut = of(world(online=False), CAMERA, DISK)
    assert cut == Condition("bad", ("offline",))
    assert of(world(camera="down"), replace(CAMERA, retired="2026-03-01"), BOX).state == "well"
    # The disk lies in the box on the pole, and a table says that the pole hangs on the disk.
    deep = [pole, replace(BOX, parent="P-1"), replace(DISK, parent="B-1")]
    ill = world(health=figures(faults=("disk.io",)))
    assert conditions(deep, ill)[pole.asset_id] == Condition("ill", ("disk",))


def test_a_fault_is_mended_where_it_is() -> None:
    ill = world(health=figures(faults=("disk.full",)), camera="down", ends={"pole-001-1": NOW})
    every = to_be_mended([CAMERA, BOX, DISK], ill)
    assert set(every) == {
        (CAMERA.asset_id, "no_picture"), (DISK.asset_id, "disk"), (BOX.asset_id, "certificate"),
    }  # fmt: skip
    cut = world(online=False)
    assert set(to_be_mended([CAMERA, BOX], cut)) == {(BOX.asset_id, "offline")}
    assert set(to_be_mended([CAMERA], cut)) == {(CAMERA.asset_id, "offline")}
    assert to_be_mended([replace(CAMERA, retired="2020-01-01")], cut) == {}
    assert to_be_mended([BOARD, LIGHT], lamp("stuck")) == {
        (LIGHT.asset_id, "stuck"): "facility.stuck"
    }
    assert to_be_mended([BOARD, LIGHT], told_board("differs")) == {
        (BOARD.asset_id, "differs"): None
    }
    assert to_be_mended([LIGHT], cut) == {}, "the box's, where there is one"
    assert not can_tell(LIGHT, "stuck", lamp("off", online=False))
    assert can_tell(LIGHT, "stuck", lamp("off"))
    assert not can_tell(BOARD, "silent", world())


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
    assert all(len(row) == len(HEADINGS) for row in table)
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
