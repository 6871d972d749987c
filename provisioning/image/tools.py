"""The programs of e2fsprogs and mtools, which change file systems inside files without mounting."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from provisioning.problems import ProvisionError

PACKAGES = {
    "debugfs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "mke2fs": "e2fsprogs",
    "resize2fs": "e2fsprogs",
    "mcopy": "mtools",
    "mformat": "mtools",
    "mmd": "mtools",
}
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    good: Sequence[int] = (0,),
) -> subprocess.CompletedProcess[bytes]:
    """Run one of PACKAGES; raises ProvisionError when it is missing or ends otherwise than `good`.

    File systems keep times and hashes of their own: both are fixed by `environment`.
    """
    name = arguments[0]
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if program is None:
        raise ProvisionError("image.tool", f"{name}: apt install {PACKAGES[name]}")
    done = subprocess.run(
        [program, *arguments[1:]],
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode not in good:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()[-400:]
        if "No space left" in said:
            raise ProvisionError("image.no-room", f"{name}: {said}")
        raise ProvisionError("image.tool", f"{name} ended with {done.returncode}: {said}")
    return done
