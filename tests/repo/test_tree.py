"""What every tracked file keeps to."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 500
READ_BY_PEOPLE = {".py", ".js", ".css", ".html", ".sql", ".sh", ".md"}

# Put together here, because this file is searched as well.
ADDRESSES = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("pypi", ".org"),
            ("files.python", "hosted.org"),
            ("registry.npm", "js.org"),
            ("deb.", "debian.org"),
            ("/opt/", "pypi"),
            ("/opt/", "wheels"),
        )
    )
    + r"|^\s*--(?:extra-)?index-url|^\s*--find-links|://[^/\s]+/simple\b",
    re.MULTILINE,
)
BARE_EXCEPTION = re.compile(r"#\s*(?:type:\s*ignore(?:\[[^\]]*\])?|noqa(?::\s*[A-Z0-9, ]+)?)\s*$")


def tracked() -> Iterator[tuple[Path, str]]:
    """Every tracked text file, as (path from the root, text)."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.is_symlink():
            continue
        try:
            yield Path(name), path.read_text()
        except UnicodeDecodeError:
            continue


@pytest.fixture(scope="module")
def texts() -> list[tuple[Path, str]]:
    found = list(tracked())
    assert len(found) > 50, "git lists hardly any file: is this a clone?"
    return found


def test_no_file_is_too_long_to_read(texts: list[tuple[Path, str]]) -> None:
    generated = Path("docs/reference")
    long = {
        str(path): text.count("\n")
        for path, text in texts
        if path.suffix in READ_BY_PEOPLE and generated not in path.parents
        if text.count("\n") > MAX_LINES
    }
    assert long == {}


def test_no_package_registry_is_named(texts: list[tuple[Path, str]]) -> None:
    found = [
        f"{path}: {match[0].strip()}" for path, text in texts for match in ADDRESSES.finditer(text)
    ]
    assert found == []


def test_no_check_is_silenced_without_a_reason(texts: list[tuple[Path, str]]) -> None:
    found = [
        f"{path}:{number}"
        for path, text in texts
        if path.suffix == ".py"
        for number, line in enumerate(text.splitlines(), 1)
        if BARE_EXCEPTION.search(line)
    ]
    assert found == []


def test_shell_scripts_parse(texts: list[tuple[Path, str]]) -> None:
    scripts = [path for path, text in texts if re.match(r"#!.*\b(?:ba)?sh\b", text)]
    assert Path(".ci/run") in scripts
    for script in scripts:
        subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
