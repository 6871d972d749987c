"""When the gate shuts, what opens it, and which cameras it does not dare to judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from edge_agent.camera.gate import GateSettings, PacketGate, Want

FPS = 25
KEY = 100_000

Size = Callable[[float, int], float]
"""Bytes of the frame at a time and place in its GOP; 0 is the keyframe."""


def _quiet(_s: float, place: int) -> float:
    # Behind a keyframe a quiet picture costs next to nothing, as real encoders have it.
    return KEY if place == 0 else 1200 * min(1.0, place / 6)


@dataclass
class Camera:
    """A stream of sizes, and an analysis that says at once what is to be seen."""

    gate: PacketGate = field(default_factory=PacketGate)
    gop: int = 50
    noise: float = 0.05
    now: int = 0
    busy: Callable[[float], bool] = lambda _s: False
    wants: list[tuple[float, Want]] = field(default_factory=list)

    def run(self, seconds: float, size: Size = _quiet) -> None:
        dice = np.random.default_rng(self.now + 1)
        for _ in range(round(seconds * FPS)):
            at_s, place = self.now / FPS, self.now % self.gop
            noise = self.noise if place else min(self.noise, 0.05)
            bytes_ = size(at_s, place) * (1 + noise * dice.standard_normal())
            want = self.gate.take(at_s, max(20, round(bytes_)), keyframe=place == 0)
            self.wants.append((at_s, want))
            if want != "hold":
                self.gate.judged(at_s, busy=self.busy(at_s))
            self.now += 1

    def opened_after(self, at_s: float) -> float:
        """Seconds from `at_s` to the first packet that was let through."""
        return next(when for when, want in self.wants if when >= at_s and want == "all") - at_s

    def share(self, since_s: float) -> float:
        """Of packets since then, those let through."""
        late = [want for when, want in self.wants if when >= since_s]
        return late.count("all") / len(late)


def _more(by: float, since_s: float) -> Size:
    return lambda s, place: _quiet(s, place) + (by if s >= since_s and place else 0)


def test_a_quiet_camera_is_decoded_at_first_then_only_looked_at() -> None:
    camera = Camera()
    camera.run(60)
    assert not camera.gate.open
    assert camera.share(30) == 0
    looks = [when for when, want in camera.wants if want == "look" and when >= 30]
    assert 6 <= len(looks) <= 8
    # Looks are of keyframes alone.
    assert all(round(when * FPS) % camera.gop == 0 for when in looks)


@pytest.mark.parametrize(("key", "apart_s"), [(20_000, 2), (75_000, 2), (150_000, 4)])
def test_a_picture_is_looked_at_the_more_often_the_less_that_costs(key: int, apart_s: int) -> None:
    camera = Camera()
    camera.run(60, lambda s, place: _quiet(s, place) if place else key)
    looks = [when for when, want in camera.wants if want == "look" and when >= 20]
    assert {round(b - a, 2) for a, b in pairwise(looks)} == {apart_s}


@pytest.mark.parametrize(("by", "within_s"), [(4000, 0.2), (400, 0.3), (150, 1.2), (-500, 0.4)])
def test_a_change_of_sizes_opens_it_the_sooner_the_greater_it_is(by: int, within_s: float) -> None:
    camera = Camera()
    camera.run(40.4)
    camera.run(4, _more(by, 40.4))
    assert camera.opened_after(40.4) <= within_s
    assert camera.gate.wakes == 1


def test_one_large_frame_is_no_change() -> None:
    camera = Camera()
    camera.run(40)
    camera.run(10, lambda s, place: _quiet(s, place) * (20 if round(s * FPS) == 1030 else 1))
    assert camera.gate.wakes == 0


def test_it_stays_open_while_something_is_seen_and_lingers_as_the_rules_ask() -> None:
    camera = Camera(PacketGate(GateSettings(linger_s=20)), busy=lambda s: 40 <= s < 50)
    camera.run(80, _more(400, 40))
    assert all(want == "all" for when, want in camera.wants if 40.4 <= when < 70)


def test_a_look_that_shows_something_opens_it() -> None:
    camera = Camera(busy=lambda s: s >= 45)
    camera.run(60)
    assert camera.opened_after(45) <= 8
    assert camera.gate.reason == "look"


def test_a_changed_look_opens_it_and_ever_more_rarely_when_nothing_is_there() -> None:
    camera = Camera()
    camera.run(40)
    woken = []
    for _ in range(400):
        camera.run(1)
        before = camera.gate.wakes
        if not camera.gate.open and camera.wants[-1][1] != "all":
            camera.gate.changed(camera.now / FPS, [(3, 4)])
        if camera.gate.wakes > before:
            woken.append(camera.now / FPS)
    assert woken[0] <= 42
    gaps = [b - a for a, b in pairwise(woken)]
    assert gaps[-1] > 3 * gaps[0]


def test_what_is_elsewhere_at_each_look_opens_it_each_time() -> None:
    camera = Camera()
    camera.run(40)
    for step in range(20):
        camera.run(10)
        assert not camera.gate.open
        camera.gate.changed(camera.now / FPS, [(3, step), (3, step + 1)])
        assert camera.gate.reason == "change"


def test_sizes_that_did_not_tell_of_what_looks_showed_are_believed_no_more() -> None:
    camera = Camera(busy=lambda s: 40 <= s % 60 < 50)
    camera.run(300)
    assert camera.gate.reason == "untold"
    assert camera.share(260) == 1


def test_alarms_for_nothing_raise_the_alarm_and_are_learned() -> None:
    camera = Camera()
    camera.run(30)
    camera.run(90, _more(250, 30))
    assert camera.gate.sizes.restless >= 1
    assert camera.share(100) == 0
    assert camera.gate.wakes <= 3


@pytest.mark.parametrize(
    ("size", "noise"),
    [(lambda _s, place: KEY if place == 0 else 14_000, 0.15), (_quiet, 1.5)],
    ids=["constant-rate", "noise"],
)
def test_a_camera_whose_sizes_tell_nothing_is_decoded_throughout(size: Size, noise: float) -> None:
    camera = Camera(noise=noise)
    camera.run(60, size)
    assert camera.gate.reason == "untold"
    assert camera.share(0) == 1


def test_a_camera_with_keyframes_alone_is_never_shut_and_known_for_it() -> None:
    camera = Camera(gop=1)
    camera.run(30)
    assert (camera.gate.reason, camera.gate.intra) == ("intra", True)


def test_a_camera_whose_keyframes_are_far_apart_is_decoded_throughout() -> None:
    camera = Camera(gop=300)
    camera.run(90)
    assert camera.gate.reason == "sparse"
    assert camera.share(0) == 1


def test_keyframes_that_stay_away_open_it() -> None:
    camera = Camera()
    camera.run(40)
    camera.gop = 10_000
    camera.run(12)
    assert camera.gate.reason == "sparse"


@pytest.mark.parametrize("gop", [5, 12, 25, 100])
def test_short_and_long_gops_are_judged_too(gop: int) -> None:
    camera = Camera(gop=gop)
    camera.run(60)
    assert not camera.gate.open
    camera.run(3, _more(2000, 60))
    assert camera.opened_after(60) <= 0.4


def test_patrols_open_it_every_so_often() -> None:
    camera = Camera(PacketGate(GateSettings(patrol_every_s=20, patrol_s=3)))
    camera.run(100)
    assert camera.gate.wakes == 3
    assert 0.05 < camera.share(30) < 0.3


def test_an_analysis_that_says_nothing_keeps_it_open() -> None:
    camera = Camera()
    gate = camera.gate
    for number in range(60 * FPS):
        gate.take(number / FPS, KEY if number % 50 == 0 else 1200, keyframe=number % 50 == 0)
    assert gate.open


def test_a_stream_that_begins_anew_is_learned_anew() -> None:
    camera = Camera()
    camera.run(40)
    assert not camera.gate.open
    camera.gate.begin_anew()
    camera.run(4)
    assert camera.share(40) == 1
