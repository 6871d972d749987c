"""Vehicles as plates need them: the tracked ones, and those that no track of the analysis knows."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.plates.carriers import Carriers, is_faint
from edge_agent.plates.parts import SURE
from edge_agent.scene import Box, Detection, Track

STEP_S = 0.2
BOX = Box(0.4, 0.4, 0.2, 0.2)
PLATE = Box(0.46, 0.52, 0.08, 0.03)


def seen(confidence: float = SURE, box: Box = BOX, label: str = "car") -> Detection:
    return Detection(label, confidence, box)


def tracked(box: Box = BOX, label: str = "car") -> Track:
    return Track(7, label, box, 0.9, 0.0, 0.0, True)


def followed(
    frames: int,
    tracks: Sequence[Track] = (),
    detections: Sequence[Detection] = (),
    plates: Sequence[Box] = (),
) -> tuple[Track, ...]:
    """The carriers after so many frames that show the same."""
    carriers = Carriers()
    found: tuple[Track, ...] = ()
    for number in range(frames):
        found = carriers.update(tracks, detections, plates, number * STEP_S)
    return found


def test_a_vehicle_seen_faintly_twice_is_followed() -> None:
    assert followed(1, detections=[seen()]) == ()
    (one,) = followed(2, detections=[seen()])
    assert is_faint(one.id)
    assert one.box.iou(BOX) > 0.9


def test_what_is_fainter_or_no_vehicle_is_not() -> None:
    others = [seen(SURE - 0.01), seen(0.9, label="person"), seen(0.9, label="bag")]
    assert followed(3, detections=others) == ()


def test_a_tracked_vehicle_is_not_followed_twice() -> None:
    inside = seen(0.38, Box(0.45, 0.48, 0.1, 0.1))
    around = seen(0.3, Box(0.3, 0.3, 0.4, 0.4))
    (one,) = followed(3, [tracked()], [inside, around, seen(0.9)], [PLATE])
    assert one == tracked()


def test_people_who_are_tracked_hide_no_vehicle() -> None:
    (one,) = followed(3, [tracked(label="person")], [seen()])
    assert is_faint(one.id)


def test_boxes_within_each_other_are_one_vehicle() -> None:
    parts = [seen(0.38), seen(0.3, Box(0.45, 0.5, 0.1, 0.1)), seen(0.26, Box(0.3, 0.3, 0.4, 0.4))]
    assert len(followed(3, detections=parts)) == 1


def test_a_plate_in_the_whole_picture_stands_for_its_vehicle() -> None:
    (one,) = followed(2, plates=[PLATE])
    assert is_faint(one.id)
    box = one.box
    assert box.x < PLATE.x - 0.9 * PLATE.w
    assert box.right > PLATE.right + 0.9 * PLATE.w
    assert box.y < PLATE.y
    assert box.bottom > PLATE.bottom


def test_a_plate_on_a_faint_vehicle_is_its_own() -> None:
    assert len(followed(3, detections=[seen()], plates=[PLATE])) == 1


def test_a_plate_is_followed_between_looks_at_the_whole_picture() -> None:
    carriers = Carriers()
    ids = set()
    for number in range(12):
        plates = [PLATE] if number % 2 == 0 else []
        found = carriers.update([], [], plates, number * STEP_S)
        ids |= {track.id for track in found}
    assert len(ids) == 1
