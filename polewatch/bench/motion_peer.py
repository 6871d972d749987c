"""Debian's `motion` as a peer: it reads an RTSP camera, looks for motion and records it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from polewatch.bench.environment import PeerError


@contextlib.contextmanager
def motion(url: str, size: tuple[int, int], folder: Path) -> Iterator[int]:
    """The process id of a motion with its own defaults; its films are the camera's packets.

    Raises PeerError when it is not installed or ends.
    """
    program = shutil.which("motion")
    if program is None:
        raise PeerError("the peer motion is not installed: apt install motion, or use --no-peer")
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "motion.conf"
    lines = {
        "daemon": "off",
        "log_level": "4",
        "target_dir": str(folder),
        "netcam_url": url,
        "netcam_params": "rtsp_transport = tcp",
        "width": str(size[0]),
        "height": str(size[1]),
        "movie_output": "on",
        "movie_passthrough": "on",
        "webcontrol_port": "0",
        "stream_port": "0",
    }
    settings.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
    with (folder / "motion.log").open("w") as log:
        process = subprocess.Popen(
            [program, "-n", "-c", str(settings)], stdout=log, stderr=log, cwd=folder
        )
        try:
            yield process.pid
            if process.poll() is not None:
                told = (folder / "motion.log").read_text()[-300:]
                raise PeerError(f"motion ended by itself: {told}")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
