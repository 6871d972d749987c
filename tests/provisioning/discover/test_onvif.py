"""Asking devices: logins, clocks, channels, and answers that nobody should believe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from provisioning.discover import soap
from provisioning.discover.find import Found, matches, on_host, probe
from provisioning.discover.onvif import Described, describe, device_time
from provisioning.discover.soap import Login
from provisioning.problems import ProvisionError
from tests.support.onvif import ENVELOPE, VirtualCamera, serving

MAIN = ("H264", 1920, 1080, "rtsp://192.168.254.10:554/main?a=1&b=2")
SUB = ("H264", 640, 360, "rtsp://192.168.254.10:554/sub")


@pytest.fixture
def camera() -> Iterator[VirtualCamera]:
    with serving(VirtualCamera(channels=[[SUB, MAIN]])) as running:
        yield running


def ask(camera: VirtualCamera, login: Login | None = None) -> Described:
    return describe(camera.service, login, lambda: datetime.now(UTC))


def refused(camera: VirtualCamera, login: Login | None = None) -> tuple[str, str]:
    with pytest.raises(ProvisionError) as raised:
        ask(camera, login)
    return raised.value.code, raised.value.detail


def test_a_camera_tells_its_make_and_streams_at_the_address_where_it_was_found(
    camera: VirtualCamera,
) -> None:
    found = ask(camera)
    assert (found.host, found.maker, found.model) == ("127.0.0.1", "Polewatch", "V1")
    (channel,) = found.channels
    assert channel.main.url == "rtsp://127.0.0.1:554/main?a=1&b=2"
    assert channel.sub is not None
    assert (channel.sub.width, channel.sub.url) == (640, "rtsp://127.0.0.1:554/sub")
    assert found.clock_off_s is not None
    assert abs(found.clock_off_s) < 3


def test_a_recorders_channels_come_apart(camera: VirtualCamera) -> None:
    camera.channels = [
        [("H264", 1280, 720, f"rtsp://h/{n}/m"), ("JPEG", 320, 240, f"rtsp://h/{n}/j"),
         ("H264", 320, 240, f"rtsp://h/{n}/s")]
        for n in range(32)
    ]  # fmt: skip
    found = ask(camera).channels
    assert [one.source for one in found] == [f"source-{n}" for n in range(32)]
    assert found[7].sub is not None
    assert found[7].sub.url.endswith("/7/s"), "a substream that is not H.264 helps nobody"


@pytest.mark.parametrize("off_s", [0.0, -86_400.0, 7_200.0])
def test_a_login_holds_by_the_cameras_own_clock(camera: VirtualCamera, off_s: float) -> None:
    camera.user, camera.password, camera.clock_off_s = "admin", "geheim & <x>", off_s
    found = ask(camera, Login("admin", "geheim & <x>"))
    assert found.clock_off_s == pytest.approx(off_s, abs=3)
    assert refused(camera, Login("admin", "wrong"))[0] == "camera.unauthorized"
    assert refused(camera)[0] == "camera.unauthorized"


def test_a_camera_that_wants_http_digest(camera: VirtualCamera) -> None:
    camera.user, camera.http_digest = "admin", True
    assert ask(camera, Login("admin", "x")).model == "V1"
    assert refused(camera, Login("other", "x"))[0] == "camera.unauthorized"
    assert refused(camera)[0] == "camera.unauthorized"


def test_a_name_and_password_never_stand_in_an_error(camera: VirtualCamera) -> None:
    camera.user, camera.password = "admin", "right"
    code, detail = refused(camera, Login("admin", "Geheimwort"))
    assert code == "camera.unauthorized"
    assert "Geheimwort" not in detail


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("GetSystemDateAndTime", b"hello", "camera.onvif"),
        ("GetDeviceInformation", b"<a/", "camera.onvif"),
        ("GetCapabilities", ENVELOPE.format("").encode(), "camera.onvif"),
        ("GetProfiles", ENVELOPE.format("").encode(), "camera.onvif"),
        ("GetProfiles", b"x" * 1_100_000, "camera.onvif"),
        ("GetStreamUri", ENVELOPE.format("<Uri>http://h/</Uri>").encode(), "camera.bad-url"),
        ("GetStreamUri", ENVELOPE.format("<Uri>rtsp://[::1</Uri>").encode(), "camera.bad-url"),
        (
            "GetStreamUri",
            ENVELOPE.format("<Uri>rtsp://h/u_user=admin_password=1</Uri>").encode(),
            "camera.bad-url",
        ),
        (
            "GetDeviceInformation",
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
            "camera.onvif",
        ),
        (
            "GetDeviceInformation",
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
            "camera.onvif",
        ),
    ],
)
def test_answers_that_cannot_be_used(
    camera: VirtualCamera, operation: str, body: bytes, code: str
) -> None:
    camera.answers[operation] = body
    assert refused(camera)[0] == code


def test_a_device_that_is_not_there() -> None:
    gone = VirtualCamera(channels=[[MAIN]], port=9)
    assert refused(gone)[0] == "camera.unreachable"
    with pytest.raises(ProvisionError, match="PW-101"):
        describe("http://[bad/onvif", None, lambda: datetime.now(UTC))


@pytest.mark.parametrize("text", ["", "<Year>x</Year>", "<Year>99999</Year>"])
def test_a_clock_that_tells_no_time(text: str) -> None:
    answer = ENVELOPE.format(f"<tt:UTCDateTime><tt:Date>{text}</tt:Date></tt:UTCDateTime>")
    assert device_time(soap.parse(answer.encode(), "x")) is None


def test_probes_are_answered_by_address_and_noise_is_not_taken() -> None:
    camera = VirtualCamera(address="10.0.0.9", port=80)
    assert matches(camera.probe_match(), "10.0.0.9") == (
        Found("10.0.0.9", "http://10.0.0.9:80/onvif/device_service", "Virtual Camera", "V1"),
    )
    (elsewhere,) = matches(camera.probe_match(), "10.0.0.7")
    assert elsewhere.service == "http://10.0.0.7/other"
    for noise in (
        b"",
        b"\xff\xfe",
        b"<x/>",
        probe(),
        b"<ProbeMatch><XAddrs>ftp://h/</XAddrs></ProbeMatch>",
    ):
        assert matches(noise, "10.0.0.9") == ()


def test_another_wires_address_is_replaced_and_nothing_else() -> None:
    assert on_host("rtsp://192.168.1.9:8554/a?b=c", "10.0.0.1") == "rtsp://10.0.0.1:8554/a?b=c"
    assert on_host("rtsp://u:p@192.168.1.9/a", "10.0.0.1") == "rtsp://10.0.0.1/a"
