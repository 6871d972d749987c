"""What is told of a drawn view when somebody tampers with its camera, and of light and traffic."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.scene import Image
from edge_agent.sight.tamper import TamperWatch

HEIGHT, WIDTH = 96, 128
PER_SECOND = 4
LEARNED_S = 12.0

Change = Callable[[Image, float], Image]


@cache
def view(seed: int = 1) -> Image:
    """A wall full of posters: rectangles of many greys."""
    random = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for _ in range(40):
        x, y = int(random.integers(-8, WIDTH)), int(random.integers(-8, HEIGHT))
        w, h = (int(side) for side in random.integers(10, 30, 2))
        grey = int(random.integers(10, 245))
        cv2.rectangle(picture, (x, y), (x + w, y + h), (grey, grey, grey), -1)
    return picture


VIEW = view()


@cache
def noise(number: int) -> NDArray[np.float32]:
    return np.random.default_rng(number).normal(0, 1, (HEIGHT, WIDTH, 1)).astype(np.float32)


def noisy(picture: Image, sigma: float, number: int) -> Image:
    return np.clip(picture + sigma * noise(number), 0, 255).astype(np.uint8)


def kinds(change: Change, *, seconds: float = 8.0, sigma: float = 3.0) -> list[str | None]:
    """What is told, picture by picture, of the view that is changed after it was learned."""
    watch = TamperWatch()
    told: list[str | None] = []
    for number in range(round((LEARNED_S + seconds) * PER_SECOND)):
        now_s = number / PER_SECOND
        picture = noisy(VIEW, sigma, number)
        if now_s >= LEARNED_S:
            picture = change(picture, now_s - LEARNED_S)
        sign = watch.update(picture, now_s)
        if now_s >= LEARNED_S:
            told.append(None if sign is None else sign.kind)
        else:
            assert sign is None
    return told


def covered(picture: Image, since_s: float) -> Image:
    return noisy(np.full_like(picture, 70), 2, round(since_s * 100))


def turned(picture: Image, since_s: float) -> Image:
    return noisy(view(2), 2, round(since_s * 100))


def defocused(picture: Image, since_s: float) -> Image:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)


def dark(picture: Image, since_s: float) -> Image:
    return (picture // 40).astype(np.uint8)


@pytest.mark.parametrize("change", [covered, turned, defocused, dark])
def test_what_was_done_is_named_at_once(change: Change) -> None:
    told = kinds(change)
    assert set(told[2:]) == {change.__name__}


def test_a_frozen_picture_is_named_after_some_seconds() -> None:
    held: list[Image] = []

    def frozen(picture: Image, _since_s: float) -> Image:
        held.append(picture)
        return held[0]

    told = kinds(frozen)
    assert set(told[: 2 * PER_SECOND]) == {None}
    assert set(told[-2 * PER_SECOND :]) == {"frozen"}


def test_a_camera_without_noise_is_not_taken_for_frozen() -> None:
    assert set(kinds(lambda picture, _: picture, sigma=0.0)) == {None}


def night(picture: Image, since_s: float) -> Image:
    """Half the light, the greys bent, more noise: the infrared lamp is on."""
    bent = (255 * (picture / 255.0) ** 1.5 * 0.5).astype(np.uint8)
    return noisy(bent, 6, round(since_s * 100))


def negative(picture: Image, _since_s: float) -> Image:
    """Light things dark and dark ones light, as leaves are in infrared."""
    return (255 - picture).astype(np.uint8)


def lorry(picture: Image, _since_s: float) -> Image:
    out = picture.copy()
    out[15:, 20:100] = 90
    return out


def shaking(picture: Image, since_s: float) -> Image:
    return np.roll(picture, 1 if round(since_s * PER_SECOND) % 2 else -1, axis=1)


def brighter(picture: Image, _since_s: float) -> Image:
    return np.asarray(np.clip(picture * 1.4, 0, 255), np.uint8)


@pytest.mark.parametrize("change", [night, negative, lorry, shaking, brighter])
def test_light_and_traffic_are_no_tampering(change: Change) -> None:
    assert set(kinds(change)) == {None}


def test_a_camera_that_is_dark_from_the_start_is_told() -> None:
    watch = TamperWatch()
    signs = [watch.update(dark(VIEW, 0), n / PER_SECOND) for n in range(8)]
    assert {sign.kind for sign in signs if sign is not None} == {"dark"}
    assert signs[0] is not None
    assert signs[-1] is not None
    assert signs[-1].since_s == 0


def test_a_view_with_nothing_in_it_is_not_judged_by_its_edges() -> None:
    watch = TamperWatch()
    bare = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for number in range(60):
        picture = noisy(bare if number < 40 else bare // 2, 3, number)
        assert watch.update(picture, number / PER_SECOND) is None


def test_a_picture_of_another_size_is_a_new_view() -> None:
    watch = TamperWatch()
    for number in range(40):
        watch.update(noisy(VIEW, 3, number), number / PER_SECOND)
    assert watch.update(np.full((HEIGHT // 2, WIDTH, 3), 120, np.uint8), 10.0) is None


def test_a_new_view_is_accepted_in_the_end() -> None:
    watch = TamperWatch()
    for number in range(48):
        watch.update(noisy(VIEW, 3, number), number / PER_SECOND)
    other = view(2)
    told = [watch.update(noisy(other, 3, n), 12.0 + 5.0 * n) for n in range(160)]
    assert told[10] is not None
    assert told[-1] is None
