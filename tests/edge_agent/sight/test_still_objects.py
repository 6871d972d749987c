"""What counts as left standing: things that came and stay, not holes, shadows, light or shaking."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edge_agent.scene import Image, StillObject
from edge_agent.sight.still_objects import MOST_OBJECTS, StillObjects

HEIGHT, WIDTH = 192, 256
STEP_S = 0.2
GROUND = cv2.GaussianBlur(
    np.random.default_rng(3).integers(90, 170, (HEIGHT, WIDTH, 3)).astype(np.uint8), (9, 9), 0
)
THING = np.random.default_rng(4).integers(0, 255, (14, 18, 3)).astype(np.uint8)
NOISE = np.random.default_rng(5).normal(0, 2, (5, HEIGHT, WIDTH, 3)).astype(np.int16)
Scene = Callable[[float], Image]


def ground() -> Image:
    """The empty place."""
    return np.array(GROUND, np.uint8)


def put(picture: Image, left: int = 120, top: int = 100) -> Image:
    """`picture` with the thing in it."""
    picture[top : top + 14, left : left + 18] = THING
    return picture


def watch(scene: Scene, seconds: float) -> list[tuple[float, tuple[StillObject, ...]]]:
    """What stands, frame by frame, with the sensor's noise on the pictures."""
    stage = StillObjects()
    seen = []
    for frame in range(round(seconds / STEP_S)):
        now_s = round(frame * STEP_S, 3)
        picture = scene(now_s) + NOISE[frame % len(NOISE)]
        seen.append((now_s, stage.update(np.clip(picture, 0, 255).astype(np.uint8), now_s)))
    return seen


def test_a_thing_that_came_and_stays_is_told_with_its_time_and_place() -> None:
    seen = watch(lambda now_s: put(ground()) if now_s >= 8 else ground(), 16)
    (thing,) = seen[-1][1]
    assert 7.9 <= thing.since_s <= 10.5
    assert thing.seen
    box = thing.box
    assert (box.x * WIDTH, box.y * HEIGHT) == pytest.approx((120, 100), abs=3)
    assert (box.w * WIDTH, box.h * HEIGHT) == pytest.approx((18, 14), abs=5)
    assert all(thing.id == other.id for _, things in seen for other in things)


def test_nothing_stands_in_an_empty_place() -> None:
    assert not any(things for _, things in watch(lambda _: ground(), 12))


def test_what_was_there_from_the_start_is_no_object_nor_is_the_hole_it_leaves() -> None:
    assert not any(
        things for _, things in watch(lambda s: ground() if s >= 9 else put(ground()), 20)
    )


def test_a_thing_that_is_taken_again_is_gone_at_once() -> None:
    seen = watch(lambda now_s: put(ground()) if 8 <= now_s < 16 else ground(), 20)
    assert any(things for now_s, things in seen if 13 < now_s < 16)
    assert not any(things for now_s, things in seen if now_s > 16.5)


def test_somebody_in_front_hides_it_and_it_stays_the_same_thing() -> None:
    def scene(now_s: float) -> Image:
        picture = put(ground()) if now_s >= 8 else ground()
        if 16 <= now_s < 26:
            picture[60:140, 100:160] = np.arange(80)[:, None, None] + int(200 * now_s) % 3 * 60
        return picture

    seen = watch(scene, 32)
    (hidden,) = next(things for now_s, things in seen if now_s == 18)
    (again,) = seen[-1][1]
    assert not hidden.seen
    assert again.seen
    assert again.id == hidden.id


def test_a_thing_put_down_beside_somebody_who_stands_still_is_told_when_he_has_gone() -> None:
    def scene(now_s: float) -> Image:
        picture = put(ground()) if now_s >= 10 else ground()
        if 5 <= now_s < 14:
            picture[60:114, 138:156] = 20
        return picture

    (thing,) = watch(scene, 18)[-1][1]
    assert 9.9 <= thing.since_s <= 11.5
    assert (thing.box.x * WIDTH, thing.box.w * WIDTH) == pytest.approx((120, 18), abs=5)


def test_how_much_of_a_things_surroundings_somebody_covers_is_told() -> None:
    def scene(now_s: float) -> Image:
        picture = put(ground()) if now_s >= 6 else ground()
        if now_s >= 11.5:
            picture[70:114, 140 + round(5 * now_s) % 3 : 160] = 20
        return picture

    seen = watch(scene, 13)
    (alone,), (beside,) = (next(t for s, t in seen if s == at) for at in (11, 12.4))
    assert alone.around < 0.02
    assert beside.around > 0.1


@pytest.mark.parametrize("strength", [0.6, 1.4])
def test_a_shadow_or_a_patch_of_sun_that_stays_is_no_object(strength: float) -> None:
    def scene(now_s: float) -> Image:
        picture = ground().astype(np.float32)
        if now_s >= 8:
            picture[60:110, 90:150] *= strength
        return np.asarray(np.clip(picture, 0, 255), np.uint8)

    assert not any(things for _, things in watch(scene, 18))


def test_the_camera_s_exposure_makes_no_object_and_loses_none() -> None:
    def scene(now_s: float) -> Image:
        picture = put(ground()) if now_s >= 8 else ground()
        return np.asarray(np.clip(picture * (0.7 if now_s >= 14 else 1.0), 0, 255), np.uint8)

    seen = watch(scene, 22)
    (thing,) = seen[-1][1]
    assert thing.since_s < 11


def test_a_shaken_camera_makes_no_object() -> None:
    random = np.random.default_rng(6)

    def scene(_: float) -> Image:
        shift = np.array([[1, 0, random.uniform(-1, 1)], [0, 1, random.uniform(-1, 1)]])
        moved = cv2.warpAffine(ground(), shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, np.uint8)

    assert not any(things for _, things in watch(scene, 16))


def test_a_camera_that_is_turned_begins_afresh() -> None:
    view = np.repeat(np.linspace(0, 255, WIDTH)[None, :, None], HEIGHT, axis=0)
    elsewhere = np.asarray(np.repeat(view, 3, axis=2), np.uint8)

    def scene(now_s: float) -> Image:
        return put(ground()) if now_s < 10 else elsewhere

    assert not any(things for now_s, things in watch(scene, 20) if now_s > 13)


def test_places_are_bounded_and_time_may_go_backwards() -> None:
    stage = StillObjects()
    full = ground()
    for row in range(10, 180, 20):
        for column in range(10, 240, 24):
            full[row : row + 8, column : column + 8] = 255 - full[row : row + 8, column][:, None]
    for frame in range(80):
        things = stage.update(ground() if frame < 40 else full, frame * STEP_S)
        assert len(things) <= MOST_OBJECTS
    assert stage.update(full, 1.0) == ()
    assert stage.update(full, float("nan")) == ()
    assert stage.update(np.zeros((20, 30, 3), np.uint8), 1.2) == ()
