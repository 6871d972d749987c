"""Who may import whom (the contracts stand in pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")


def test_the_packages_keep_their_directions() -> None:
    result = subprocess.run([LINT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert ", 0 broken" in result.stdout


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    for package in ("polewatch", "edge_agent", "collector", "provisioning", "models", "wire"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "collector" / "inbox.py").write_text("import edge_agent\n")
    (tmp_path / "wire" / "topics.py").write_text("import collector\n")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    result = subprocess.run(
        [LINT, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "collector.inbox -> edge_agent" in result.stdout
    assert "wire.topics -> collector" in result.stdout
