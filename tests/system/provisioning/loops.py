"""Loop devices: real block devices of the kernel over files. They need root."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

REMEDY = "loop devices are refused here: run the tests as root on a kernel with loop devices"


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr.strip()}; {REMEDY}"
    return done.stdout.strip()


@contextlib.contextmanager
def loop(backing: Path, size: int, *options: str) -> Iterator[Path]:
    """A loop device of `size` bytes over a new sparse file."""
    with backing.open("wb") as file:
        file.truncate(size)
    device = run("losetup", "--find", "--show", *options, backing)
    try:
        yield Path(device)
    finally:
        run("losetup", "--detach", device)


@contextlib.contextmanager
def mounted(device: Path | str, folder: Path, *options: str) -> Iterator[Path]:
    folder.mkdir()
    run("mount", *options, device, folder)
    try:
        yield folder
    finally:
        run("umount", folder)
