"""`polewatch provision discover` finds a virtual recorder in a network namespace of its own.

The recorder answers real multicast probes; its channels are GStreamer's RTSP servers.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.site.model import load_site, site_text
from tests.provisioning.site.tables import imported
from tests.support.netns import Place, alone
from tests.support.rtsp import GST_CAMERA, SYSTEM_PYTHON

ROOT = Path(__file__).resolve().parents[3]
LOGIN = ("--user", "admin", "--password", "Geheimwort")
STREAMS = {
    "plain": (),
    "sub": ("--width", "80", "--height", "60"),
    "odd": ("--codec", "b-frames", "--with-sound"),
    "large": ("--codec", "hevc"),
}


@contextlib.contextmanager
def within(place: Place, *command: str) -> Iterator[str]:
    """A process there that prints a URL when it is ready."""
    process = subprocess.Popen(place.command(*command), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert "://" in line, f"{command} did not start"
        yield line
    finally:
        process.kill()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def town() -> Iterator[Place]:
    """A place where multicast goes round: one recorder, three channels."""
    with alone() as place, contextlib.ExitStack() as running:
        for command in (
            ("link", "set", "lo", "multicast", "on"),
            ("route", "add", "224.0.0.0/4", "dev", "lo"),
        ):
            subprocess.run(["ip", "-n", place.name, *command], check=True)
        urls = {
            name: running.enter_context(
                within(
                    place, SYSTEM_PYTHON, str(GST_CAMERA), "--address", place.address, *LOGIN, *more
                )
            )
            for name, more in STREAMS.items()
        }
        channels = [
            [("H264", 160, 120, urls["plain"]), ("H264", 80, 60, urls["sub"])],
            [("H264", 160, 120, urls["odd"])],
            [("H265", 160, 120, urls["large"]), ("H264", 80, 60, urls["sub"])],
        ]
        options = ("--address", place.address, "--streams", json.dumps(channels), *LOGIN)
        recorder = ("-m", "tests.support.onvif", *options, "--clock-off", "3600")
        running.enter_context(within(place, sys.executable, *recorder))
        yield place


def discover(place: Place, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "polewatch", "provision", "discover", "--json")
    return subprocess.run(
        place.command(*command, *map(str, options)),
        capture_output=True, text=True, check=False, timeout=200, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_recorder_is_found_measured_advised_on_and_written_down(
    town: Place, tmp_path: Path
) -> None:
    (site,) = imported({}).sites
    file = tmp_path / "gy-001.yaml"
    file.write_text(site_text(site))
    secrets = tmp_path / "credentials"
    secrets.mkdir()
    (secrets / "north").touch(0o600)
    (secrets / "north").write_text("admin:Geheimwort")
    done = discover(
        town, "--credentials", "north", "--secrets", secrets, "--site", file,
        "--seconds", "2.5", "--watch", "6",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    (device,) = answer["devices"]
    assert (device["host"], device["channels"]) == (town.address, 3)
    assert device["clock_off_s"] == pytest.approx(3600, abs=5)
    plain, odd, large = answer["streams"]
    assert (plain["main"]["codec"], plain["main"]["width"]) == ("h264", 160)
    assert plain["main"]["fps"] == pytest.approx(10, abs=1)
    assert plain["main"]["gop_s"] == pytest.approx(1, abs=0.2)
    assert plain["main"]["bits_per_s"] > 10_000
    assert plain["sub"]["width"] == 80
    codes = [[advice["code"] for advice in one["advice"]] for one in (plain, odd, large)]
    assert codes == [
        ["camera.clock"],
        ["camera.no-sub", "camera.b-frames", "camera.audio", "camera.clock"],
        ["camera.clock"],
    ]
    assert large["main"]["codec"] == "hevc"
    cameras = load_site(file).cameras
    assert [camera.id for camera in cameras] == ["cam-1", "cam-2", "cam-3", "cam-4"]
    assert cameras[1].sub_url == plain["urls"]["sub"]
    assert cameras[2].credentials == "north"
    assert "Geheimwort" not in file.read_text() + done.stdout + done.stderr


def test_nobody_there_is_a_failure_with_its_remedy() -> None:
    with alone() as place:
        done = discover(place, "--seconds", "0.5")
        assert done.returncode == 1
        assert json.loads(done.stdout)["number"] == "PW-115"
