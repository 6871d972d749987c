"""Figures of packets, and what is advised from figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.discover.advice import advise
from provisioning.discover.rtsp import Measured, Seen, figures

MAIN = Measured("h264", 1920, 1080, 25, 2.0, 6, b_frames=False, audio=False, bits_per_s=4e6)
SUB = replace(MAIN, width=640, height=360, bits_per_s=5e5)


def test_figures_of_a_plain_stream() -> None:
    seen = [Seen(10 + n / 25, n % 50 == 0, 1000) for n in range(150)]
    found = figures(seen, "h264", 1920, 1080, audio=False)
    assert (found.fps, found.gop_s, found.b_frames) == (25.0, 2.0, False)
    assert found.bits_per_s == pytest.approx(25 * 8000, rel=0.01)
    assert found.watched_s == pytest.approx(6.0)


def test_figures_with_b_frames_and_a_long_gop() -> None:
    order = [0, 3, 1, 2, 6, 4, 5]
    seen = [Seen(n / 10, n == 0, 100) for n in order]
    found = figures(seen, "h264", 64, 48, audio=True)
    assert (found.fps, found.gop_s, found.b_frames, found.audio) == (10.0, None, True, True)


def test_times_that_are_set_back_once_are_no_b_frames() -> None:
    times = [*range(12), *range(60)]
    seen = [Seen(n / 10, place % 10 == 0, 100) for place, n in enumerate(times)]
    found = figures(seen, "h264", 64, 48, audio=False)
    assert (found.fps, found.gop_s, found.b_frames) == (10.0, 1.0, False)
    assert found.bits_per_s == pytest.approx(8000, rel=0.01)


@pytest.mark.parametrize("count", [0, 1])
def test_figures_of_hardly_anything(count: int) -> None:
    found = figures([Seen(1.0, True, 10)] * count, "h264", 0, 0, audio=False)
    assert (found.fps, found.gop_s, found.bits_per_s) == (0.0, None, 0.0)


@pytest.mark.parametrize(
    ("main", "sub", "off_s", "codes"),
    [
        ({}, {}, None, []),
        ({}, {}, 4.0, []),
        ({}, {}, -3600.0, ["camera.clock"]),
        ({}, None, None, ["camera.no-sub"]),
        ({}, {"codec": "mjpeg"}, None, ["camera.no-sub"]),
        ({"codec": "hevc"}, {}, None, []),
        ({"codec": "hevc"}, None, None, ["camera.h265", "camera.no-sub"]),
        ({"codec": "hevc"}, {"codec": "hevc"}, None, ["camera.h265", "camera.no-sub"]),
        ({"codec": "mjpeg"}, {}, None, ["camera.codec"]),
        ({"b_frames": True}, {}, None, ["camera.b-frames"]),
        ({"gop_s": 4.0}, {}, None, ["camera.long-gop"]),
        ({"gop_s": None}, {"gop_s": None, "watched_s": 1.0}, None, ["camera.long-gop"]),
        ({}, {"audio": True}, None, ["camera.audio"]),
    ],
)
def test_advice(
    main: dict[str, object], sub: dict[str, object] | None, off_s: float | None, codes: list[str]
) -> None:
    measured = None if sub is None else replace(SUB, **sub)  # type: ignore[arg-type]  # by name
    found = advise(replace(MAIN, **main), measured, off_s)  # type: ignore[arg-type]  # by name
    assert [one.code for one in found] == codes
