"""Power, temperature, disk and clock: what the kernel says of the machine itself.

Sources: the kernel's Documentation/ABI/testing (sysfs-class-power, sysfs-class-thermal,
sysfs-fs-ext4), the MMC subsystem's life_time and pre_eol_info (JEDEC JESD84-B51, 7.4.32 to 34),
and Raspberry Pi's get_throttled bits.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from edge_agent.checks.result import CheckResult, bad, good
from edge_agent.uplink.synchronised import time_quality

LEAST_FREE_MB = 500
HOT_C = 85.0
"""Boards throttle from about here."""
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
UNDER_VOLTAGE_NOW, UNDER_VOLTAGE_SINCE_BOOT = 1 << 0, 1 << 16
WORN_STEP = 10
"""life_time counts tenths of the promised life; 10 is 90 to 100 % used, 11 is beyond."""
EOL = {1: "normal", 2: "80 % of the reserve used", 3: "90 % of the reserve used"}


def check_power(root: Path) -> CheckResult:
    """The supply holds its voltage (Raspberry Pi, hwmon), and mains is there where told."""
    seen = []
    throttled = _read(root / THROTTLED)
    if throttled:
        bits = int(throttled, 16)
        for bit, when in ((UNDER_VOLTAGE_NOW, "now"), (UNDER_VOLTAGE_SINCE_BOOT, "since boot")):
            if bits & bit:
                return bad("power", "power.low", f"under-voltage {when} (0x{bits:x})")
        seen.append("no under-voltage since boot")
    for alarm in sorted(root.glob("sys/class/hwmon/hwmon*/in*_lcrit_alarm")):
        if _read(alarm) == "1":
            return bad("power", "power.low", f"{alarm.parent.name}: {alarm.name}")
        seen.append(f"{alarm.parent.name} without alarm")
    mains = [
        supply
        for supply in sorted(root.glob("sys/class/power_supply/*"))
        if _read(supply / "type") == "Mains"
    ]
    if mains and all(_read(supply / "online") == "0" for supply in mains):
        return bad("power", "power.battery", ", ".join(supply.name for supply in mains))
    seen += [f"{supply.name} on" for supply in mains]
    return good("power", "; ".join(seen) or "this machine has no sensor for it")


def check_temperature(root: Path) -> CheckResult:
    """No thermal zone is hotter than HOT_C or within 5 degrees of its critical point."""
    zones = []
    for zone in sorted(root.glob("sys/class/thermal/thermal_zone*")):
        text = _read(zone / "temp")
        if not text.lstrip("-").isdigit():
            continue
        degrees = int(text) / 1000
        limit = min(HOT_C, _critical(zone) - 5)
        named = f"{_read(zone / 'type') or zone.name} {degrees:.0f} C"
        if degrees >= limit:
            return bad("temperature", "heat.high", f"{named}, limit {limit:.0f} C")
        zones.append(named)
    return good("temperature", ", ".join(zones) or "this machine has no sensor for it")


def check_disk(folder: Path) -> CheckResult:
    """The data folder can be written and has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
        free_mb = shutil.disk_usage(folder).free / 1e6
    except OSError as error:
        return bad("disk", "disk.read-only", f"{folder}: {error.strerror}")
    if free_mb < LEAST_FREE_MB:
        return bad("disk", "disk.full", f"{folder}: {free_mb:.0f} MB free")
    return good("disk", f"{folder}: {free_mb / 1000:.1f} GB free")


def check_disk_health(folder: Path, root: Path) -> CheckResult:
    """The disk under the data folder: wear of eMMC and SD, errors that ext4 has counted."""
    name = "disk health"
    number = os.stat(folder).st_dev  # noqa: PTH116 - the number, not the path, is what is asked
    device = root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    if not device.exists():
        return good(name, "the disk tells nothing of its health")
    real = device.resolve()
    seen = []
    errors = _read(root / "sys/fs/ext4" / real.name / "errors_count")
    if errors.isdigit():
        if int(errors):
            return bad(name, "disk.worn", f"{real.name}: ext4 has counted {errors} errors")
        seen.append("no file system errors")
    for disk in _disks_under(real, root):
        life = [int(word, 16) for word in _read(disk / "device/life_time").split()]
        reserve = int(_read(disk / "device/pre_eol_info") or "0", 16)
        if max(life, default=0) >= WORN_STEP or reserve >= 2:
            used = f"{max(life, default=0) * 10} % of its life used"
            told = f"{disk.name}: {used}, reserve {EOL.get(reserve, reserve)}"
            return bad(name, "disk.worn", told)
        if life:
            seen.append(f"{disk.name}: {max(life) * 10} % of its life used at most")
    return good(name, "; ".join(seen) or "the disk tells nothing of its health")


def check_clock() -> CheckResult:
    """A time service keeps the clock. Events still go out without; their times are marked."""
    return clock_result(synchronised=time_quality() == "synchronised")


def clock_result(*, synchronised: bool) -> CheckResult:
    if synchronised:
        return good("clock", "synchronised")
    return bad("clock", "clock.unsynchronised", "no time service keeps this clock")


def _disks_under(device: Path, root: Path) -> Iterator[Path]:
    """The whole disks that a partition or a mapped volume lies on."""
    whole = device.parent if (device / "partition").exists() else device
    below = sorted((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    if not below:
        yield whole
    for one in below:
        yield from _disks_under((root / "sys/class/block" / one.name).resolve(), root)


def _critical(zone: Path) -> float:
    for kind in zone.glob("trip_point_*_type"):
        if _read(kind) == "critical":
            text = _read(kind.with_name(kind.name.replace("_type", "_temp")))
            if text.isdigit() and int(text) > 0:
                return int(text) / 1000
    return float("inf")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
