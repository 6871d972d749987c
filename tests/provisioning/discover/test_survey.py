"""Into the site file: names stay, recorders come whole, passwords only by name."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.discover.credentials import login_of
from provisioning.discover.onvif import Channel, Described, Stream
from provisioning.discover.rtsp import Measured
from provisioning.discover.soap import Login
from provisioning.discover.survey import Surveyed, into_site, survey
from provisioning.problems import ProvisionError
from tests.provisioning.discover.test_advice import MAIN, SUB
from tests.provisioning.site.tables import imported
from tests.support.onvif import VirtualCamera, serving
from tests.support.provision import program

(SITE,) = imported({}).sites


def channel(number: int) -> Channel:
    main = Stream("m", "H264", 1920, 1080, f"rtsp://10.0.0.9/{number}/main")
    return Channel(
        f"s{number}", (main, Stream("s", "H264", 640, 360, f"rtsp://10.0.0.9/{number}/sub"))
    )


def surveyed(count: int, sub: Measured = SUB) -> list[Surveyed]:
    return [Surveyed("10.0.0.9", channel(n), MAIN, sub, ()) for n in range(count)]


def test_a_recorder_comes_in_one_go_and_once() -> None:
    site = into_site(SITE, surveyed(16), "north")
    assert [camera.id for camera in site.cameras] == [f"cam-{n}" for n in range(1, 18)]
    assert {camera.credentials for camera in site.cameras[1:]} == {"north"}
    assert into_site(site, surveyed(16), "north") == site


def test_a_camera_that_is_known_keeps_its_name_and_gets_its_substream() -> None:
    named = SITE.cameras[0].model_copy(update={"id": "gate", "url": "rtsp://10.0.0.9/0/main"})
    site = into_site(SITE.model_copy(update={"cameras": (named,)}), surveyed(1), None)
    (camera,) = site.cameras
    assert (camera.id, camera.sub_url) == ("gate", "rtsp://10.0.0.9/0/sub")


def test_only_an_h264_substream_is_analysed() -> None:
    site = into_site(SITE, surveyed(1, replace(SUB, codec="hevc")), None)
    assert site.cameras[1].sub_url is None


def test_more_than_a_site_may_have_changes_nothing() -> None:
    with pytest.raises(ProvisionError, match="65 cameras"):
        into_site(SITE, surveyed(64), None)


def test_a_channel_that_fails_does_not_stop_the_others() -> None:
    def measure(url: str) -> Measured:
        if "/1/" in url:
            raise ProvisionError("camera.unreachable", url)
        return MAIN if url.endswith("main") else SUB

    device = Described("10.0.0.9", "P", "V", "1", 7200.0, tuple(channel(n) for n in range(3)))
    found = survey(device, measure)
    assert [one.problem.code if one.problem else None for one in found] == [
        None, "camera.unreachable", None,
    ]  # fmt: skip
    assert [advice.code for advice in found[0].advice] == ["camera.clock"]
    assert len(into_site(SITE, found, None).cameras) == 3


def test_a_login_is_asked_for_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    asked: list[int] = []

    def ask() -> Login:
        asked.append(1)
        return Login("admin", "pass:word")

    for _ in range(2):
        assert login_of(tmp_path / "c", "north", ask) == Login("admin", "pass:word")
    assert asked == [1]
    assert stat.S_IMODE((tmp_path / "c" / "north").stat().st_mode) == 0o600


@pytest.mark.parametrize("login", [None, Login("", "x"), Login("a:b", "x"), Login("a", "x\ny")])
def test_a_login_that_cannot_be_kept(tmp_path: Path, login: Login | None) -> None:
    with pytest.raises(ProvisionError):
        login_of(tmp_path, "north", lambda: login)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "mode", "says"),
    [
        ("../north", "", 0o600, "is no name"),
        ("north", "admin:x", 0o644, "chmod 600"),
        ("north", "admin", 0o600, "one line"),
    ],
)
def test_a_stored_login_that_cannot_be_used(
    tmp_path: Path, name: str, text: str, mode: int, says: str
) -> None:
    (tmp_path / "north").write_text(text)
    (tmp_path / "north").chmod(mode)
    with pytest.raises(ProvisionError, match=says):
        login_of(tmp_path, name, lambda: None)


def test_the_command_tells_what_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "north").touch(0o600)
    (tmp_path / "north").write_text("admin:Geheimwort")
    with serving(VirtualCamera(channels=[[]], user="admin", password="other")) as camera:
        options = ["--host", camera.service, "--credentials", "north", "--secrets", str(tmp_path)]
        done = program(["discover", *options, "--json"])
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert [one["number"] for one in answer["failed"]] == ["PW-103"]
    assert "Geheimwort" not in done.output


def test_without_a_terminal_an_unknown_login_is_not_asked_for(tmp_path: Path) -> None:
    options = ["--host", "127.0.0.1:9", "--credentials", "north", "--secrets", str(tmp_path)]
    done = program(["discover", *options, "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["code"] == "camera.unauthorized"
