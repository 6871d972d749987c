"""The systemd units: understood by systemd, and as tight as they say."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).resolve().parents[2] / "docs/guide/systemd").glob("*.service"))
EXPOSURE_AT_MOST = 1.7
"""Of 10, as systemd-analyze 252 reckons; an empty unit has 9.6."""


def test_there_is_one_for_each_service() -> None:
    assert [unit.stem.removeprefix("polewatch-") for unit in UNITS] == [
        "agent", "broker", "collector", "desk", "enrol", "keeper", "rights", "signer",
    ]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    # The program is not installed where the unit says.
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/polewatch/bin/polewatch", "/bin/true"))
    done = _analyze("verify", str(copy))
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_is_as_tight_as_it_can_be(unit: Path) -> None:
    done = _analyze("security", "--offline=yes", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE_AT_MOST
    text = unit.read_text()
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in text
    assert re.search(r"^User=polewatch-\w+$", text, re.M)
    assert re.search(r"^MemoryMax=", text, re.M)


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["systemd-analyze", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except FileNotFoundError:
        pytest.fail("systemd-analyze is missing; run: bash tests/support/debian.sh")
