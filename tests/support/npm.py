"""Files of published npm packages: known by their hash, kept in the system's temporary folder."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path


def npm_file(package: str, sha512: str, name: str) -> str:
    """The text of one file of `package` (name@version), whose archive has that hash (base64).

    Raises RuntimeError with the remedy when it cannot be had, or is another.
    """
    plain = re.sub(r"[^a-z0-9.]+", "-", package)
    kept = Path(tempfile.gettempdir()) / f"polewatch-{plain}-{os.getuid()}.tgz"
    if not kept.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is not installed; install it: apt install npm")
        with tempfile.TemporaryDirectory() as folder:
            command = [npm, "pack", "--silent", package]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                raise RuntimeError(f"npm pack {package} failed: {done.stderr[-400:]}")
            (found,) = Path(folder).glob("*.tgz")
            # Another test process may be reading, or fetching, the same archive.
            fresh = kept.with_name(f"{kept.name}.{os.getpid()}")
            shutil.copy(found, fresh)
            fresh.replace(kept)
    digest = base64.b64encode(hashlib.sha512(kept.read_bytes()).digest()).decode()
    if digest != sha512:
        raise RuntimeError(f"{kept} is not the published {package}; delete it and run again")
    with tarfile.open(kept) as archive:
        member = archive.extractfile(f"package/{name}")
        assert member is not None
        return member.read().decode()
