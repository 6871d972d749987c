"""How assets are by what boxes, boards and poles tell, and where it is mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.services.boards.record import BoardState
from collector.services.estate.condition import Release, World, condition, conditions
from collector.services.estate.faults import Condition, OldModel
from collector.services.estate.mending import can_tell, to_be_mended
from collector.store.estate import Asset
from collector.store.rows import CameraRow, DeviceRow
from tests.support.console_store import figures
from wire.health import RunningModel

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


def release(version: str = "0.1.0", **pinned: str) -> Release:
    return Release(version, {"reader": "a" * 12}, pinned)


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
            world(models=(OLD, GONE), box_version="0.2.0", release=release(reader="d" * 12)),
            Condition("ill", ("model",), None, (OldModel(OLD, "d" * 12),)),
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
