"""Where a picture may burn or smoke: painted scenes with one thing in each."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Image
from edge_agent.sight.flames import FlameProposals, Proposal
from edge_agent.sight.veils import SmokeProposals

ORANGE = (40, 140, 250)


def street() -> NDArray[np.uint8]:
    """A grey scene with detail: kerbs, bricks and noise."""
    random = np.random.default_rng(3)
    picture = np.full((240, 320, 3), 110, np.uint8)
    picture[::12] = 60
    picture[:, ::16] = 80
    noise = random.integers(0, 6, picture.shape, np.uint8)
    return np.asarray(picture + noise, np.uint8)


def seen(
    proposals: FlameProposals | SmokeProposals, seconds: float, scene: Callable[[float], Image]
) -> list[tuple[Proposal, ...]]:
    times = np.arange(0, seconds, 0.2)
    return [proposals.update(scene(float(at)), float(at)) for at in times]


def flame(at: float, x: int = 160) -> NDArray[np.uint8]:
    """Tongues of changing height over one place."""
    picture = street()
    for n in range(4):
        tall = int(24 + 14 * np.sin(9 * at + 2.1 * n))
        shade = int(120 + 60 * np.sin(13 * at + n))
        cv2.rectangle(picture, (x + 7 * n, 150 - tall), (x + 7 * n + 6, 150), (30, shade, 255), -1)
    return picture


def test_a_flickering_flame_is_proposed_where_it_is() -> None:
    last = seen(FlameProposals(), 4, flame)[-1]
    assert last
    assert abs(last[0].box.x + last[0].box.w / 2 - 174 / 320) < 0.05
    assert abs(last[0].box.bottom - 150 / 240) < 0.05


def test_a_warm_wall_behind_a_flame_is_none_of_it() -> None:
    def scene(at: float) -> Image:
        picture = flame(at)
        wall = (picture[..., 2] < 200)[..., None]
        picture[:, 100:] = np.where(wall, (60, 110, 190), picture)[:, 100:]
        return np.asarray(picture, np.uint8)

    last = seen(FlameProposals(), 4, scene)[-1]
    assert last
    assert last[0].box.w < 0.25
    assert abs(last[0].box.x + last[0].box.w / 2 - 174 / 320) < 0.05


def test_a_steady_lamp_is_not() -> None:
    picture = street()
    cv2.circle(picture, (160, 100), 14, ORANGE, -1)
    assert not any(seen(FlameProposals(), 4, lambda _: picture))


def test_a_vest_that_walks_past_is_not() -> None:
    def scene(at: float) -> Image:
        picture = street()
        left = int(60 * at)
        cv2.rectangle(picture, (left, 90), (left + 18, 130), ORANGE, -1)
        return picture

    assert not any(seen(FlameProposals(), 4, scene))


def test_grey_that_drifts_and_veils_is_proposed_as_smoke() -> None:
    def scene(at: float) -> Image:
        picture = street().astype(np.float32)
        alpha = np.zeros(picture.shape[:2], np.float32)
        if at > 3:
            tall = int(min(120, 30 * (at - 3)))
            sway = int(8 * np.sin(3 * at))
            cv2.ellipse(
                alpha, (160 + sway, 200 - tall // 2), (30, tall // 2 + 8), 0, 0, 360, 0.85, -1
            )
        soft = cv2.GaussianBlur(alpha, (0, 0), 6)[..., None]
        return np.asarray(picture + (190 - picture) * soft, np.uint8)

    found = seen(SmokeProposals(), 7, scene)
    assert not any(found[:14])
    assert any(found[15:])


def test_a_scene_at_rest_has_no_smoke() -> None:
    picture = street()
    assert not any(seen(SmokeProposals(), 6, lambda _: picture))


def test_another_size_starts_afresh() -> None:
    flames, veils = FlameProposals(), SmokeProposals()
    for number, size in enumerate([(240, 320), (120, 160), (1, 1), (7, 9), (240, 320)]):
        picture = np.zeros((*size, 3), np.uint8)
        assert flames.update(picture, float(number)) == ()
        assert veils.update(picture, float(number)) == ()
