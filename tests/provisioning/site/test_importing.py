"""Which rows become sites, and what is said of the others."""

from __future__ import annotations

import pytest

from provisioning.site.position import position_flaw
from tests.provisioning.site.tables import imported


def flaws(*rows: dict[str, str]) -> list[tuple[int, str, str]]:
    found = imported(*rows)
    assert found.sites == ()
    return [(flaw.row, flaw.column, flaw.key) for flaw in found.flaws]


def test_rows_of_one_pole_become_one_site_with_all_its_cameras() -> None:
    second = {"camera": "cam-2", "url": "rtsp://10.0.0.2/main", "credentials": "north"}
    other = {"pole": "gy-002", "url": "rtsp://10.0.0.3/main", "broker": "b.example:1883"}
    found = imported({"uplink": "LTE", "bytes_per_s": "250,000"}, {**second, "uplink": "lte",
                     "bytes_per_s": "250000"}, other)  # fmt: skip
    assert found.flaws == ()
    first, last = found.sites
    assert [camera.id for camera in first.cameras] == ["cam-1", "cam-2"]
    assert first.cameras[1].credentials == "north"
    assert (first.uplink.kind, first.uplink.bytes_per_s) == ("lte", 250_000)
    assert (first.collector.host, first.collector.port) == ("broker.gyeyang.example", 8883)
    assert (last.collector.host, last.collector.port) == ("b.example", 1883)
    assert first.time_zone == "Asia/Seoul"


@pytest.mark.parametrize(
    ("change", "column", "key"),
    [
        ({"pole": ""}, "pole", "missing"),
        ({"pole": "GY 001"}, "pole", "no-name"),
        ({"pole": "a" * 33}, "pole", "no-name"),
        ({"latitude": ""}, "latitude", "missing"),
        ({"latitude": "37,5"}, "latitude", "no-number"),
        ({"latitude": "nan"}, "latitude", "no-number"),
        ({"latitude": "37도 32분"}, "latitude", "degrees-minutes"),
        ({"longitude": "126°44'15\""}, "longitude", "degrees-minutes"),
        ({"latitude": "126.7377", "longitude": "37.5372"}, "latitude", "swapped"),
        ({"latitude": "551234.5", "longitude": "181234.5"}, "latitude", "grid"),
        ({"latitude": "0", "longitude": "0"}, "latitude", "zero"),
        ({"latitude": "48.85", "longitude": "2.35"}, "latitude", "elsewhere"),
        ({"camera": ""}, "camera", "missing"),
        ({"camera": "카메라1"}, "camera", "no-name"),
        ({"url": ""}, "url", "missing"),
        ({"url": "http://10.0.0.1/"}, "url", "url"),
        ({"url": "rtsp://[::1"}, "url", "url"),
        ({"url": "rtsp://admin:pw@10.0.0.1/"}, "url", "password-in-url"),
        ({"sub_url": "rtsp://10.0.0.1/main"}, "sub_url", "url-twice"),
        ({"credentials": "admin:geheim"}, "credentials", "credentials"),
        ({"uplink": "5g"}, "uplink", "uplink"),
        ({"bytes_per_s": "fast"}, "bytes_per_s", "bytes"),
        ({"bytes_per_s": "10"}, "bytes_per_s", "bytes"),
        ({"broker": "b.example:x"}, "broker", "port"),
        ({"broker": "b.example:70000"}, "broker", "port"),
        ({"time_zone": "Seoul"}, "time_zone", "zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "zone"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(
    change: dict[str, str], column: str, key: str
) -> None:
    assert flaws({"pole": "gy-000", "url": "rtsp://10.0.0.9/"}, change) == [(3, column, key)]


def test_every_bad_row_is_told_at_once_and_no_site_is_made() -> None:
    assert flaws(
        {"pole": "GY-1", "latitude": "x"},
        {"pole": "gy-2", "url": "rtsp://10.0.0.2/"},
        {"pole": "gy-3", "latitude": "126.7", "longitude": "37.5", "url": "rtsp://10.0.0.2/"},
    ) == [
        (2, "pole", "no-name"),
        (2, "latitude", "no-number"),
        (4, "latitude", "swapped"),
        (4, "url", "url-twice"),
    ]


def test_rows_of_one_pole_must_agree_and_name_a_camera_once() -> None:
    moved = {"latitude": "37.6", "camera": "cam-2", "url": "rtsp://10.0.0.2/"}
    twice = {"url": "rtsp://10.0.0.3/"}
    assert flaws({}, moved, twice) == [(3, "position", "differs"), (4, "camera", "camera-twice")]


def test_a_pole_has_64_cameras_at_most() -> None:
    rows = [{"camera": f"cam-{n}", "url": f"rtsp://10.0.0.{n}/"} for n in range(65)]
    assert flaws(*rows) == [(66, "camera", "too-many")]


def test_what_is_said_proposes_a_name_and_never_repeats_a_password() -> None:
    found = imported(
        {"pole": "GY 001"}, {"url": "rtsp://admin:geheim@10.0.0.1/"}, {"credentials": "a:geheim"}
    )
    english = [flaw.text("en") for flaw in found.flaws]
    assert "for example gy-001" in english[0]
    assert not any("geheim" in text for text in english + [f.text("ko") for f in found.flaws])


@pytest.mark.parametrize(
    ("latitude", "longitude", "flaw"),
    [
        (33.06, 126.27, None),
        (37.24, 131.87, None),
        (38.6, 128.36, None),
        (126.27, 33.06, "swapped"),
        (-37.5, 126.7, "elsewhere"),
        (35.68, 139.69, "elsewhere"),
        (37.5, 0.0, "zero"),
        (1_950_000.0, 950_000.0, "grid"),
    ],
)
def test_positions(latitude: float, longitude: float, flaw: str | None) -> None:
    """Marado, Dokdo and the north of Goseong are in; Tokyo is not."""
    assert position_flaw(latitude, longitude) == flaw
