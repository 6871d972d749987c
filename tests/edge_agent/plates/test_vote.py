"""Looks at one plate become one read."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from edge_agent.plates.rectify import Quad
from edge_agent.plates.types import PlateRead
from edge_agent.plates.vote import KEPT, Look, fuse, keep_best, same_plate, sharpness
from tests.edge_agent.plates.reads import read

STRAIGHT: Quad = ((0.4, 0.6), (0.5, 0.6), (0.5, 0.65), (0.4, 0.65))
BLANK = np.zeros((24, 96, 3), np.uint8)
_times = itertools.count()


def look(
    said: PlateRead, width_px: float = 120.0, sharp: float = 400.0, quad: Quad = STRAIGHT
) -> Look:
    return Look(said, next(_times) * 0.2, quad, width_px, sharp, BLANK)


def test_one_look_speaks_for_itself() -> None:
    said = read("12가3456", 0.95)
    fused, used = fuse([look(said)])
    assert fused.text == "12가3456"
    assert len(used) == 1
    assert fused.confidence == pytest.approx(said.confidence, rel=0.05)


def test_agreeing_looks_are_surer_than_each_but_no_proof() -> None:
    said = read("12가3456", 0.9)
    three, _ = fuse([look(said) for _ in range(3)])
    many, _ = fuse([look(said) for _ in range(30)])
    assert said.confidence < three.confidence
    assert many.confidence == pytest.approx(three.confidence, abs=0.01)
    assert many.confidence < 0.999


def test_many_weak_looks_are_no_sure_read() -> None:
    weak = read("12가3456", 0.9)
    assert weak.confidence < 0.5
    many, _ = fuse([look(weak) for _ in range(8)])
    assert many.text == "12가3456"
    assert weak.confidence < many.confidence < 0.75


def test_each_look_may_have_its_own_blind_spot() -> None:
    looks = [
        look(read("12거3456", unsure={2: {"거": 0.5, "가": 0.48}})),
        look(read("12가3856", unsure={4: {"8": 0.55, "4": 0.44}})),
        look(read("72가3456", unsure={0: {"7": 0.5, "1": 0.49}})),
    ]
    assert fuse(looks)[0].text == "12가3456"


def test_a_large_sharp_look_outweighs_small_blurred_ones() -> None:
    small = [look(read("12저3456", unsure={2: {"저": 0.8, "서": 0.19}}), 50, 30) for _ in range(3)]
    large = look(read("12서3456", unsure={2: {"서": 0.95, "저": 0.04}}))
    assert fuse([*small, large])[0].text == "12서3456"


def test_an_unreadable_place_says_nothing_and_stays_where_no_look_reads_it() -> None:
    covered = read("12가3?56", unsure={4: {"?": 0.9}})
    assert fuse([look(covered), look(covered)])[0].text == "12가3?56"
    assert fuse([look(covered), look(covered), look(read("12가3456"))])[0].text == "12가3456"


def test_a_leading_bolt_is_outvoted() -> None:
    bolt = read("571거1234", unsure={0: {"5": 0.6, "": 0.4}})
    plain = read("71거1234", 0.98)
    fused, _ = fuse([look(bolt), look(plain), look(plain)])
    assert fused.text == "71거1234"
    assert fused.type == "p7"


def test_the_car_behind_is_left_out() -> None:
    ours = [look(read("12가3456", 0.95)) for _ in range(3)]
    fused, used = fuse([*ours, look(read("78도9012", 0.99))])
    assert fused.text == "12가3456"
    assert used == tuple(ours)


def test_doubt_that_it_is_a_plate_at_all_is_not_lost() -> None:
    said = read("12가3456", 0.99)
    doubted = PlateRead(said.text, said.characters, 0.3, "p7", "white")
    assert fuse([look(doubted), look(doubted)])[0].confidence < 0.4


def test_a_foreign_plate_stays_one_though_its_digits_could_be_of_ours() -> None:
    said = read("12?3456", unsure={2: {"?": 0.9}})
    foreign = PlateRead(said.text, said.characters, 0.4, "foreign", "white")
    fused, _ = fuse([look(foreign), look(foreign)])
    assert (fused.text, fused.type) == ("12?3456", "foreign")
    assert fused.confidence < 0.5


def test_only_the_best_looks_are_kept_in_order_of_time() -> None:
    kept: tuple[Look, ...] = ()
    for width in (40, 200, 60, 180, 50, 160, 45, 140, 150, 170, 190, 120, 130):
        kept = keep_best(kept, look(read("12가3456"), width))
    assert len(kept) == KEPT
    assert min(one.width_px for one in kept) >= 120
    assert [one.media_s for one in kept] == sorted(one.media_s for one in kept)


def test_weight_falls_with_angle_blur_and_distance() -> None:
    said = read("12가3456")
    slanted: Quad = ((0.4, 0.58), (0.45, 0.62), (0.45, 0.65), (0.4, 0.66))
    best = look(said).weight
    assert look(said, quad=slanted).weight < best
    assert look(said, sharp=20).weight < best
    assert look(said, width_px=60).weight < best


def test_sharpness_falls_with_blur_and_not_with_size() -> None:
    drawn = np.full((60, 256, 3), 255, np.uint8)
    cv2.putText(drawn, "12 3456", (10, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0, 0, 0), 5)
    blurred = cv2.GaussianBlur(drawn, (0, 0), 5).astype(np.uint8)
    half = cv2.resize(drawn, (128, 30), interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert sharpness(blurred) < 0.2 * sharpness(drawn)
    assert sharpness(half) == pytest.approx(sharpness(drawn), rel=0.5)


def test_nothing_to_fuse_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one look"):
        fuse([])


def test_reads_of_one_plate_know_each_other() -> None:
    assert same_plate(read("12가3456"), read("12거3458"))
    assert not same_plate(read("12가3456"), read("78도9012"))
