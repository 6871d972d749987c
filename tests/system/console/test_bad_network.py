"""An open page on a network that becomes bad goes on by keyframes, and recovers with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Browser, Page, Route

from polewatch.demo.run import Demo
from tests.support.browser import watched_page
from tests.support.demo import forked, running, sign_in
from tests.support.impair_udp import UdpImpairment, UdpPath, by_way_of, host_of
from tests.support.page_player import KEEP_PEER, look, play_live
from tests.support.wait import wait_until

VTEST = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
FPS = 25
BITS = 3_000_000
SETTLED_S = 7.0
"""In which the path is measured and what was lost at the change is made good."""
BAD = UdpImpairment(delay_s=0.15, loss=0.05, bytes_per_s=125_000, reordered=0.01)


def street(file: Path) -> Path:
    """Twelve seconds of the street at 25 pictures and 3 Mbit a second, a keyframe every two."""
    with av.open(str(VTEST)) as source, av.open(str(file), "w") as target:
        stream = target.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 768, 576, "yuv420p"
        stream.bit_rate = BITS
        keys = f"keyint={2 * FPS}:min-keyint={2 * FPS}:scenecut=0:bframes=0"
        stream.options = {
            "preset": "ultrafast",
            "x264-params": f"{keys}:vbv-maxrate={BITS // 1000}:vbv-bufsize={BITS // 1000}",
        }
        for number, frame in enumerate(source.decode(video=0)):
            if number == 12 * FPS:
                break
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return file


@pytest.fixture(scope="module")
def busy_street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("busy")
    clip = street(folder / "street.mp4")
    with running(Demo(folder / "demo", clip_file=clip, launch=forked)) as demo:
        yield demo


class Detour:
    """Leads a page's media over an impaired path: the answer names it, and no candidate else."""

    def __init__(self, page: Page) -> None:
        self.path: UdpPath | None = None
        page.route("**/whep/**", self._handle)

    def _handle(self, route: Route) -> None:
        if route.request.method != "POST":
            # Our candidates would show the pole a way around.
            route.fulfill(status=204)
            return
        response = route.fetch()
        answer = response.text()
        host, port = host_of(answer)
        self.path = UdpPath(host, (host, port), seed=1)
        route.fulfill(response=response, body=by_way_of(answer, self.path.address))


def passed(page: Page, seconds: float) -> dict[str, Any]:
    """By how much the figures grew."""
    before, began = look(page), time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    after, took_s = look(page), time.monotonic() - began
    assert after["state"] == "connected"
    grown = {name: after[name] - before[name] for name in before if isinstance(before[name], int)}
    return {**grown, "took_s": took_s}


def test_it_degrades_to_keyframes_and_recovers(chromium: Browser, busy_street: Demo) -> None:
    with watched_page(chromium, busy_street.console) as watched:
        page = watched.page
        detour = Detour(page)
        page.add_init_script(KEEP_PEER)
        sign_in(page, busy_street)
        play_live(page, busy_street)
        assert detour.path is not None
        wait_until(lambda: whole(page), 60, "all pictures")
        detour.path.impairment = BAD
        passed(page, SETTLED_S)
        bad = passed(page, 8.0)
        assert detour.path.lost[0] > 20
        # One of each GOP of two seconds; one or two may be late or left out.
        assert 2 <= bad["keyframes"] <= bad["took_s"] / 2 + 1
        assert bad["decoded"] < bad["took_s"] * FPS / 2
        detour.path.impairment = UdpImpairment()
        wait_until(lambda: whole(page), 60, "all pictures again")
        detour.path.close()


def whole(page: Page) -> bool:
    """Whether two seconds bring all their pictures."""
    return int(passed(page, 2.0)["decoded"]) >= 2 * FPS * 0.9
