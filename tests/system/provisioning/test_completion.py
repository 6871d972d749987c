"""Bash itself, with the script that the program prints for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
source <("$POLEWATCH" --show-completion bash)
complete -p polewatch
read -ra COMP_WORDS <<<"$1"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_polewatch_completion polewatch
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("polewatch provision fl", ["flash"]),
        ("polewatch provision enrol re", ["request", "refused"]),
        ("polewatch provision authority issue serv", ["service"]),
    ],
)
def test_bash_completes_with_the_script_that_the_program_prints(
    typed: str, offered: list[str]
) -> None:
    program = Path(sys.executable).parent / "polewatch"
    path = f"{program.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", typed],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PATH": path, "SHELL": "/bin/bash", "POLEWATCH": str(program)},
    )  # fmt: skip
    script, *found = done.stdout.splitlines()
    assert script == "complete -o default -F _polewatch_completion polewatch", done.stderr
    assert found == offered
