"""Environments of named peers: apart, because their requirements contradict this project's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).parent / "peers"
ROOT: Final = Path(__file__).resolve().parents[2] / "var" / "peers"
"""Git-ignored; made once, from pinned requirements."""


class PeerError(Exception):
    """A peer cannot be run; the message names it and the remedy."""


def peer_python(name: str) -> Path:
    """The Python of the peer's environment, made on first use from `peers/{name}.txt`.

    Raises PeerError when its requirements cannot be installed.
    """
    folder = ROOT / name
    python, done = folder / "bin" / "python", folder / "installed"
    pinned = (PEERS / f"{name}.txt").read_text()
    if done.is_file() and done.read_text() == pinned:
        return python
    _run(name, [sys.executable, "-m", "venv", "--clear", str(folder)])
    arguments = ["install", "--quiet", "--require-hashes", "-r", str(PEERS / f"{name}.txt")]
    _run(name, [str(python), "-m", "pip", *arguments])
    done.write_text(pinned)
    return python


def _run(name: str, command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if result.returncode:
        raise PeerError(
            f"the environment of the peer {name!r} cannot be made: {result.stderr.strip()}; "
            f"it needs a package index, once; or run without peers: --no-peers"
        )
