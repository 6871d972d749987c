"""Pins what pyproject.toml asks for, with every published hash: `make requirements`.

pip's own configuration is kept out of it, because a mirror's address has no place in the files and
a locally built wheel's hash would be refused everywhere else.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETS = {"demo": ["demo"], "dev": ["demo", "dev"], "fuzz": ["fuzz"], "agent": ["agent"]}
# What boxes get travels with the package that makes their images.
ELSEWHERE = {"agent": ROOT / "provisioning" / "image" / "agent.txt"}

OPTIONS = [
    *("--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
]
# The extra `demo` names this project's other extras, so pip-compile lists the project itself too.
OWN_BLOCK = re.compile(r"(?:^# WARNING:.*\n(?:^#.*\n)*)?^polewatch @.*\n(?:^ +.*\n)*", re.MULTILINE)
OWN_ADDRESS = re.compile(r"file://\S+")


def clean(text: str) -> str:
    """The pinned set without this project itself and without any address.

    Raises ValueError when an address is left.
    """
    text = OWN_ADDRESS.sub("pyproject.toml", OWN_BLOCK.sub("", text))
    if "://" in text:
        line = next(line for line in text.splitlines() if "://" in line)
        raise ValueError(f"an address would stand in the requirements: {line.strip()}")
    return text


def pin(name: str, extras: list[str]) -> None:
    """Write the set's file; what stands there already keeps its version."""
    target = ELSEWHERE.get(name, ROOT / "requirements" / f"{name}.txt")
    environment = {key: value for key, value in os.environ.items() if not is_index_setting(key)}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "CUSTOM_COMPILE_COMMAND": "make requirements"}
    command = [sys.executable, "-m", "piptools", "compile", *OPTIONS]
    if name != "agent":
        command.append("--all-build-deps")
    for extra in extras:
        command += ["--extra", extra]
    if name != "demo":
        command += ["--constraint", "requirements/demo.txt"]
    command += ["--output-file", str(target.relative_to(ROOT)), "pyproject.toml"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    target.write_text(clean(target.read_text()))


def is_index_setting(key: str) -> bool:
    return key in {"PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}


if __name__ == "__main__":
    for set_name, set_extras in SETS.items():
        pin(set_name, set_extras)
