"""Power, heat, disk and clock: each check failing and passing, on sysfs as kernels write it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_agent.checks import box
from edge_agent.checks.result import CheckResult


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, None),
        ({box.THROTTLED: "0"}, None),
        ({box.THROTTLED: "20000"}, None),
        ({box.THROTTLED: "50005"}, "power.low"),
        ({box.THROTTLED: "10000"}, "power.low"),
        ({"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0"}, None),
        ({"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1"}, "power.low"),
        (
            {
                "sys/class/power_supply/AC/type": "Mains",
                "sys/class/power_supply/AC/online": "0",
                "sys/class/power_supply/BAT0/type": "Battery",
            },
            "power.battery",
        ),
        (
            {"sys/class/power_supply/AC/type": "Mains", "sys/class/power_supply/AC/online": "1"},
            None,
        ),
    ],
)
def test_power(tmp_path: Path, files: dict[str, str], code: str | None) -> None:
    assert box.check_power(write(tmp_path, files)).code == code


@pytest.mark.parametrize(
    ("degrees", "critical", "code"),
    [
        ("61200", None, None),
        ("85000", None, "heat.high"),
        ("71000", "75000", "heat.high"),
        ("69000", "75000", None),
        ("84000", "105000", None),
        ("-12000", None, None),
        ("broken", None, None),
    ],
)
def test_temperature(tmp_path: Path, degrees: str, critical: str | None, code: str | None) -> None:
    zone = "sys/class/thermal/thermal_zone0"
    files = {f"{zone}/temp": degrees, f"{zone}/type": "cpu-thermal"}
    if critical is not None:
        files |= {f"{zone}/trip_point_1_type": "critical", f"{zone}/trip_point_1_temp": critical}
    assert box.check_temperature(write(tmp_path, files)).code == code


def on_disk(root: Path, data: Path, files: dict[str, str]) -> CheckResult:
    """The health of a made-up eMMC whose second partition holds `data`."""
    write(root, {"sys/block/mmcblk0/mmcblk0p2/partition": "2"} | files)
    number = data.stat().st_dev
    device = root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    device.parent.mkdir(parents=True)
    device.symlink_to(root / "sys/block/mmcblk0/mmcblk0p2")
    return box.check_disk_health(data, root)


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        ({}, None, "tells nothing"),
        ({"sys/fs/ext4/mmcblk0p2/errors_count": "0"}, None, "no file system errors"),
        ({"sys/fs/ext4/mmcblk0p2/errors_count": "3"}, "disk.worn", "3 errors"),
        ({"sys/block/mmcblk0/device/life_time": "0x02 0x01"}, None, "20 %"),
        ({"sys/block/mmcblk0/device/life_time": "0x01 0x0a"}, "disk.worn", "100 %"),
        ({"sys/block/mmcblk0/device/pre_eol_info": "0x01"}, None, "tells nothing"),
        ({"sys/block/mmcblk0/device/pre_eol_info": "0x03"}, "disk.worn", "90 % of the reserve"),
    ],
)
def test_disk_health(tmp_path: Path, files: dict[str, str], code: str | None, says: str) -> None:
    result = on_disk(tmp_path / "root", tmp_path, files)
    assert result.code == code
    assert says in result.detail


def test_the_disk_below_a_mapped_volume_is_looked_at(tmp_path: Path) -> None:
    root = write(
        tmp_path / "root",
        {
            "sys/devices/dm-0/slaves/mmcblk0p2/x": "",
            "sys/block/mmcblk0/mmcblk0p2/partition": "2",
            "sys/block/mmcblk0/device/life_time": "0x0b 0x01",
        },
    )
    (root / "sys/class/block").mkdir(parents=True)
    (root / "sys/class/block/mmcblk0p2").symlink_to(root / "sys/block/mmcblk0/mmcblk0p2")
    number = tmp_path.stat().st_dev
    device = root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    device.parent.mkdir(parents=True)
    device.symlink_to(root / "sys/devices/dm-0")
    assert box.check_disk_health(tmp_path, root).code == "disk.worn"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    assert box.check_disk(tmp_path / "data").ok
    (tmp_path / "file").touch()
    assert box.check_disk(tmp_path / "file" / "data").code == "disk.read-only"


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "LEAST_FREE_MB", 10**9)
    assert box.check_disk(tmp_path).code == "disk.full"


def test_the_clock_as_the_kernel_tells_it() -> None:
    assert box.clock_result(synchronised=True).ok
    assert box.clock_result(synchronised=False).number == "PW-504"
    assert box.check_clock().name == "clock"
