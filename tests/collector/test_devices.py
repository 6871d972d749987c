"""The command that shows what of each device is missing and what came twice."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from collector.commands import app
from tests.support.device import finding
from tests.support.intake import WayIn


def test_both_counts_are_shown(way_in: WayIn, tmp_path: Path) -> None:
    device = way_in.device()
    tokens = [device.put(finding()) for _ in range(4)]
    way_in.events(device, tokens[0], tokens[3], tokens[3])
    config = tmp_path / "collector.yaml"
    settings = way_in.settings
    signer = {"url": "http://127.0.0.1:1", "certificate": str(settings.signer.certificate)}
    config.write_text(
        yaml.safe_dump(
            {
                "site": settings.site,
                "identity": str(settings.identity),
                "register_file": str(settings.register_file),
                "data": str(settings.data),
                "routing": "routing.yaml",
                "signer": signer,
            }
        )
    )
    done = CliRunner().invoke(app, ["devices", "--config", str(config), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == {
        "device": "pole-001-1", "online": False, "missing": 2, "gaps_asked": 0, "duplicates": 1,
    }  # fmt: skip
    shown = CliRunner().invoke(app, ["devices", "--config", str(config)])
    assert "pole-001-1" in shown.output
