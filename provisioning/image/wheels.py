"""The wheels of the extra `agent` for another machine, which need not be there.

pip is asked for the box's Python and machine; every wheel must have a hash of `agent.txt`, which
`make requirements` writes. The project's own wheel is built of this tree or given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from provisioning.image.facts import Facts
from provisioning.problems import ProvisionError

PINS = Path(__file__).with_name("agent.txt")
TREE = Path(__file__).parents[2]
PACKAGES = ("polewatch", "wire", "edge_agent", "collector", "provisioning", "models")
_TAGS = {"amd64": "x86_64", "arm64": "aarch64"}


def fetch(facts: Facts, folder: Path, own: Path | None) -> tuple[str, ...]:
    """Fill `folder` with every wheel that such a box needs; their names. Raises ProvisionError."""
    folder.mkdir(parents=True, exist_ok=True)
    _pip(["download", "--quiet", "--require-hashes", "--no-deps", *_target(facts),
          "--dest", str(folder), "-r", str(PINS)])  # fmt: skip
    for old in folder.glob("polewatch-*.whl"):
        old.unlink()
    if own is not None:
        shutil.copy(own, folder)
    else:
        _build_own(folder)
    return tuple(sorted(path.name for path in folder.glob("*.whl")))


def install(facts: Facts, wheels: Path, target: Path, pins: Path = PINS) -> None:
    """Unpack the wheels as the box will import them; raises ProvisionError."""
    own = sorted(wheels.glob("polewatch-*.whl"))
    if len(own) != 1:
        detail = f"{wheels} holds {len(own)} wheels of polewatch; one is needed"
        raise ProvisionError("image.wheels", detail)
    version = own[0].name.split("-")[1]
    common = ["install", "--quiet", "--no-index", "--find-links", str(wheels), "--no-deps",
              "--no-compile", *_target(facts), "--target", str(target)]  # fmt: skip
    _pip([*common, "--require-hashes", "-r", str(pins)])
    _pip([*common, f"polewatch=={version}"])
    # Their first lines name the Python of this machine.
    shutil.rmtree(target / "bin", ignore_errors=True)
    _compile(facts, target)


def _compile(facts: Facts, target: Path) -> None:
    """Bytecode, which any Python of the same version reads; without one here, boxes start slower.

    It is not checked against its source: the box's user may not write either.
    """
    own = ".".join(map(str, sys.version_info[:2]))
    python = sys.executable if own == facts.python else shutil.which(f"python{facts.python}")
    if python is None:
        return
    inside = f"/opt/polewatch/lib/python{facts.python}/site-packages"
    command = [python, "-I", "-m", "compileall", "-q", "-s", str(target), "-p", inside,
               "--invalidation-mode", "unchecked-hash", "."]  # fmt: skip
    # Some packages carry templates that are no Python: what does not compile stays as it is.
    subprocess.run(
        command, cwd=target, env={"PYTHONHASHSEED": "0"}, capture_output=True, check=False
    )


def _target(facts: Facts) -> list[str]:
    tag = _TAGS[facts.machine]
    platforms = [f"manylinux_2_{minor}_{tag}" for minor in range(facts.libc, 16, -1)]
    platforms += [f"manylinux2014_{tag}", f"linux_{tag}"]
    if facts.machine == "amd64":
        platforms += [f"manylinux_2_12_{tag}", f"manylinux2010_{tag}", f"manylinux1_{tag}"]
    options = [f"--platform={platform}" for platform in platforms]
    version = facts.python.replace(".", "")
    return [*options, "--only-binary=:all:", "--implementation=cp", f"--python-version={version}",
            f"--abi=cp{version}"]  # fmt: skip


def _build_own(folder: Path) -> None:
    if not (TREE / "pyproject.toml").is_file():
        raise ProvisionError("image.wheels", "this is no source tree; give --own polewatch-….whl")
    with tempfile.TemporaryDirectory() as copy:
        # Not in the tree itself: what an earlier build left there would go in as well.
        for name in (*PACKAGES, "pyproject.toml", "LICENSE"):
            source = TREE / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, Path(copy, name), ignore=ignored)
            else:
                shutil.copy(source, copy)
        _pip(["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder),
              copy])  # fmt: skip


def _pip(arguments: Sequence[str]) -> None:
    environment = dict(os.environ)
    # A wheel's times, so that the same tree gives the same wheel.
    environment.setdefault("SOURCE_DATE_EPOCH", "1700000000")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run(
        [*command, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    if "No module named pip" in done.stderr:
        raise ProvisionError("image.tool", "pip: apt install python3-pip, or python3 -m ensurepip")
    if "No space left" in done.stderr:
        raise ProvisionError("image.no-room", "pip has no room for the wheels")
    raise ProvisionError("image.wheels", " ".join(said)[:600] or done.stderr.strip()[-300:])
