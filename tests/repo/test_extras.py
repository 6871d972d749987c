"""Each extra is enough for its own programs, and each says what it lacks for the others.

The project's wheel is built and installed for real. What an extra brings is followed through the
packages' own metadata and linked from this environment into one that holds nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "": ("wire",),
    "agent": ("wire", "models", "edge_agent"),
    "collector": ("wire", "collector"),
    "provision": ("wire", "provisioning"),
    "train": ("wire", "models"),
    "demo": ("wire", "models", "edge_agent", "collector", "provisioning", "polewatch"),
}
BASE = {"wire", "provision"}
"""Programs that need no more than what is always installed."""
PROGRAMS = {
    "": BASE,
    "agent": {*BASE, "agent"},
    "collector": {*BASE, "collector", "broker"},
    "provision": BASE,
    "train": BASE,
    "demo": {*BASE, "agent", "collector", "broker", "demo"},
}
NEEDS_TRAIN = ("models.build", "models.train")
"""Recipes that make models; they run where models are made, not where they are used."""
NEEDS_TORCH = (
    "models.train.fire.train",
    "models.train.locator.net",
    "models.train.locator.targets",
    "models.train.locator.train",
    "models.train.plates.export_reader",
    "models.train.plates.network",
    "models.train.plates.train_reader",
)
"""Trainings, for which `make train-…` makes an environment of its own with torch."""

IMPORT_ALL = """
import importlib, json, pkgutil, sys
names = []
for package in sys.argv[2:]:
    names.append(package)
    path = importlib.import_module(package).__path__
    names += [module.name for module in pkgutil.walk_packages(path, package + ".")]
left_out = tuple(json.loads(sys.argv[1]))
failed = {}
for name in names:
    if name.startswith(left_out) or name.endswith("__main__"):
        continue
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
print(json.dumps({"count": len(names), "failed": failed}))
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with the project and one extra."""

    extra: str
    python: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.python.parent,
            env={**clean, "COLUMNS": "200", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a wheel, built from the tracked files only."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target)]
    built = subprocess.run(
        [*command, str(source)], capture_output=True, text=True, check=False, timeout=240
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module", params=sorted(PACKAGES), ids=lambda extra: extra or "base")
def environment(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    extra: str = request.param
    folder = tmp_path_factory.mktemp(extra or "base")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    installed = subprocess.run(
        [*command, "--quiet", "--no-index", str(wheel)], capture_output=True, text=True, check=False
    )
    assert installed.returncode == 0, installed.stderr
    packages = next((folder / "lib").glob("python*/site-packages"))
    own = metadata.Distribution.at(next(packages.glob("polewatch-*.dist-info")))
    for distribution in closure(own, {extra} if extra else set()):
        link(distribution, packages, folder / "bin")
    return Environment(extra, python)


def closure(own: metadata.Distribution, extras: set[str]) -> list[metadata.Distribution]:
    """Every distribution that `own` with `extras` needs, directly or not."""
    found: dict[str, metadata.Distribution] = {}
    todo: list[tuple[metadata.Distribution, set[str]]] = [(own, extras)]
    done: set[tuple[str, str]] = set()
    while todo:
        distribution, chosen = todo.pop()
        for line in distribution.requires or []:
            requirement = Requirement(line)
            if not any(
                requirement.marker is None or requirement.marker.evaluate({"extra": extra})
                for extra in (chosen or {""})
            ):
                continue
            name = canonicalize_name(requirement.name)
            step = (name, ",".join(sorted(requirement.extras)))
            if step in done:
                continue
            done.add(step)
            target = own if name == "polewatch" else metadata.distribution(name)
            if target is not own:
                found[name] = target
            todo.append((target, set(requirement.extras)))
    return list(found.values())


def link(distribution: metadata.Distribution, packages: Path, programs: Path) -> None:
    """Put a distribution's top-level entries and programs into another environment."""
    for file in distribution.files or []:
        located = Path(str(file.locate()))
        if file.parts[0] == "..":
            target = programs / file.name
            if file.parts[-2] != "bin":
                continue
        else:
            target = packages / file.parts[0]
            located = located.parents[len(file.parts) - 2] if len(file.parts) > 1 else located
        if not target.exists() and located.exists():
            target.symlink_to(located)


def test_every_module_of_the_extra_imports(environment: Environment) -> None:
    left_out = list(NEEDS_TORCH if environment.extra == "train" else NEEDS_TRAIN)
    result = environment.run("-c", IMPORT_ALL, json.dumps(left_out), *PACKAGES[environment.extra])
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["failed"] == {}
    assert report["count"] >= len(PACKAGES[environment.extra])


def test_the_help_lists_every_program_whatever_is_installed(environment: Environment) -> None:
    result = environment.run("-m", "polewatch", "--help")
    assert result.returncode == 0, result.stderr
    for program in PROGRAMS["demo"]:
        assert f" {program} " in result.stdout


def test_its_own_programs_start_and_the_others_name_their_extra(environment: Environment) -> None:
    for program in sorted(PROGRAMS["demo"]):
        result = environment.run("-m", "polewatch", program, "--help")
        if program in PROGRAMS[environment.extra]:
            assert result.returncode == 0, f"{program}: {result.stderr}"
        else:
            assert result.returncode == 2, f"{program}: {result.stdout}{result.stderr}"
            assert "pip install 'polewatch[" in result.stderr
            assert len(result.stderr.splitlines()) == 1
