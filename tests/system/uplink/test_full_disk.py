"""A disk that is truly full: severe events still get in, and everything can still get out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_on_a_full_disk_severe_events_get_in_and_everything_gets_out(tmp_path: Path) -> None:
    command = f"mount -t tmpfs -o size=5m tmpfs {tmp_path} && exec {sys.executable} -m " + (
        f"tests.system.uplink.full_disk {tmp_path}"
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, (
        f"{done.stderr[-2000:]}\nIf 'unshare' was refused: allow user namespaces "
        "(sysctl kernel.unprivileged_userns_clone=1) or run as root."
    )
    books = json.loads(done.stdout)
    assert books["codes"] == ["disk.full", "disk.full", "disk.full"]
    assert books["severe"] == books["severe_delivered"] > 100
    assert books["covered"]
    assert books["conjured"] == 0
    assert books["given_up"] > 0
    assert books["left"] == 0
