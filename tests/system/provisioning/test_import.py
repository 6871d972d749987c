"""A whole city in one go: 2,000 poles from a spreadsheet to files and certificates."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.provisioning.site.tables import city_table, save_csv
from wire.clock import SystemClock
from wire.register import Trust

POLES = 2_000
BAR_S = 120.0


@pytest.mark.timed
def test_two_thousand_poles_are_imported_and_certified_within_two_minutes(tmp_path: Path) -> None:
    table = save_csv(tmp_path / "poles.csv", city_table(POLES), "cp949")
    Authority.init(tmp_path / "authority", "gyeyang")
    options = ("--city", "gyeyang", "--broker", "broker.example", "--json")
    folders = ("--out", tmp_path / "sites", "--authority", tmp_path / "authority")
    command = [sys.executable, "-m", "polewatch", "provision", "site", "import", str(table)]
    started = time.monotonic()
    done = subprocess.run(
        [*command, *options, *map(str, folders)], capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["issued"] == POLES
    trust = Trust(tmp_path / "authority" / "register.yaml", now=SystemClock().now())
    assert len(trust.devices()) == len(list((tmp_path / "sites").iterdir())) == POLES
    assert seconds <= BAR_S
