"""`polewatch provision authority` as a technician or a script uses it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.provision import Result, program


def run(folder: Path, command: str, *arguments: str) -> Result:
    return program(["authority", command, *arguments, "--folder", str(folder)])


def test_enrol_list_revoke(tmp_path: Path) -> None:
    folder = tmp_path / "authority"
    assert run(folder, "init", "--site", "here").exit_code == 0
    issued = run(folder, "issue", "device", "pole-001", "--json")
    assert json.loads(issued.stdout)["name"] == "pole-001-1"
    assert run(folder, "issue", "service", "broker", "--role", "broker").exit_code == 0
    assert run(folder, "revoke", "pole-001-1").exit_code == 0
    listed = {item["name"]: item for item in json.loads(run(folder, "list", "--json").stdout)}
    assert listed["pole-001-1"]["revoked_at"] is not None
    assert listed["broker"]["revoked_at"] is None
    assert "revoked" in run(folder, "list").stdout


def test_wrong_use_is_told_from_failure(tmp_path: Path) -> None:
    folder = tmp_path / "authority"
    run(folder, "init", "--site", "here")
    for wrong in (
        ("service", "broker"),
        ("agency", "police", "--role", "broker"),
        ("agency", "police", "--replace"),
        ("robot", "r2"),
    ):
        assert run(folder, "issue", *wrong).exit_code == 2, wrong
    assert run(folder, "renew", "nobody").exit_code == 1
