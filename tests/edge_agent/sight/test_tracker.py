"""What the tracker promises."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable

import pytest

from edge_agent.scene import Box, Detection, Track
from edge_agent.sight.tracker import MAX_DETECTIONS, Tracker, TrackerSettings
from tests.edge_agent.scenes import along, seen

STEP_S = 0.2


def follow(
    tracker: Tracker,
    frames: int,
    detections: Callable[[int], Iterable[Detection]],
    start_s: float = 0.0,
) -> list[tuple[Track, ...]]:
    """Feed `frames` frames at five a second."""
    return [tracker.update(detections(frame), start_s + frame * STEP_S) for frame in range(frames)]


def ids(tracks: Iterable[Track]) -> list[int]:
    return [track.id for track in tracks]


def test_nothing_seen_is_nothing_tracked() -> None:
    assert Tracker().update([], 0.0) == ()


def test_a_track_is_reported_from_its_second_detection_on_and_dated_from_its_first() -> None:
    tracker = Tracker()
    assert tracker.update([seen((0.5, 0.5))], 10.0) == ()
    (track,) = tracker.update([seen((0.5, 0.5))], 10.2)
    assert (track.id, track.label, track.seen) == (1, "person", True)
    assert (track.first_s, track.last_s) == (10.0, 10.2)
    assert track.confidence == pytest.approx(0.8)


def test_a_box_seen_once_only_is_never_reported() -> None:
    history = follow(Tracker(), 10, lambda frame: [seen((0.5, 0.5))] if frame == 3 else [])
    assert not any(history)


def test_somebody_who_walks_keeps_the_id() -> None:
    history = follow(Tracker(), 40, lambda frame: [seen(along((0.1, 0.5), (0.9, 0.7), frame / 40))])
    assert {tuple(ids(tracks)) for tracks in history[1:]} == {(1,)}


def test_a_weak_detection_carries_a_track_on_but_never_starts_one() -> None:
    tracker = Tracker()
    assert not any(follow(tracker, 5, lambda _: [seen((0.5, 0.5), confidence=0.3)]))
    follow(tracker, 3, lambda _: [seen((0.5, 0.5), confidence=0.8)], 2.0)
    (track,) = tracker.update([seen((0.5, 0.5), confidence=0.3)], 2.6)
    assert track.seen
    assert track.confidence < 0.8


def test_a_vague_track_is_reported_once_it_has_lasted() -> None:
    history = follow(Tracker(), 20, lambda _: [seen((0.5, 0.5), confidence=0.45)])
    reported = [frame * STEP_S for frame, tracks in enumerate(history) if tracks]
    assert reported[0] == pytest.approx(1.0)
    assert history[5][0].first_s == 0.0


def test_one_sure_detection_makes_a_vague_track_reported_at_once() -> None:
    history = follow(Tracker(), 5, lambda f: [seen((0.5, 0.5), confidence=0.7 if f == 2 else 0.45)])
    assert [len(tracks) for tracks in history] == [0, 0, 1, 1, 1]


def test_a_beginner_may_miss_one_frame_and_no_more() -> None:
    blinking = follow(Tracker(), 3, lambda f: [seen((0.5, 0.5))] if f != 1 else [])
    assert ids(blinking[2]) == [1]
    gone = follow(Tracker(), 4, lambda f: [seen((0.5, 0.5))] if f in (0, 3) else [])
    assert gone[3] == ()


def test_a_part_of_a_body_starts_no_track() -> None:
    body, legs = Box(0.4, 0.3, 0.1, 0.4), Box(0.41, 0.5, 0.08, 0.2)
    detections = [Detection("person", 0.8, body), Detection("person", 0.6, legs)]
    history = follow(Tracker(), 10, lambda f: detections if f >= 2 else detections[:1])
    assert ids(history[-1]) == [1]


def test_a_weak_shadow_of_a_strong_detection_carries_no_other_track_on() -> None:
    def couple(frame: int) -> list[Detection]:
        if frame < 5:
            return [seen((0.5, 0.5)), seen((0.53, 0.5))]
        return [seen((0.5, 0.5)), seen((0.52, 0.5), confidence=0.35)]

    last = follow(Tracker(), 8, couple)[-1]
    assert [track.seen for track in last] == [True, False]


def test_a_runner_whose_boxes_hardly_overlap_keeps_the_id() -> None:
    history = follow(Tracker(), 8, lambda f: [seen((0.1 + 0.07 * f, 0.5))])
    assert {tuple(ids(tracks)) for tracks in history[1:]} == {(1,)}


def test_a_hidden_object_coasts_where_it_was_heading_and_takes_its_id_up_again() -> None:
    def walk(frame: int) -> list[Detection]:
        hidden = 12 <= frame < 18
        return [] if hidden else [seen(along((0.1, 0.5), (0.9, 0.5), frame / 40))]

    history = follow(Tracker(), 40, walk)
    (before,), (hidden,) = history[11], history[16]
    assert not hidden.seen
    assert hidden.last_s == before.last_s
    assert hidden.box.x - before.box.x == pytest.approx(5 * 0.8 / 40, abs=0.02)
    assert ids(history[-1]) == [1]


def test_an_object_gone_for_longer_than_tracks_coast_comes_back_as_another() -> None:
    tracker = Tracker(TrackerSettings(coast_s=1.0))
    history = follow(tracker, 30, lambda f: [] if 5 <= f < 15 else [seen((0.5, 0.5))])
    assert ids(history[9]) == [1]
    assert ids(history[10]) == []
    assert ids(history[-1]) == [2]


def test_two_who_pass_each_other_keep_their_ids() -> None:
    def walk(frame: int) -> list[Detection]:
        share = frame / 40
        return [
            seen(along((0.2, 0.50), (0.8, 0.50), share)),
            seen(along((0.8, 0.58), (0.2, 0.58), share)),
        ]

    history = follow(Tracker(), 41, walk)
    first, second = history[1]
    assert first.box.x < second.box.x
    last = {track.id: track.box.x for track in history[-1]}
    assert last[first.id] > 0.7
    assert last[second.id] < 0.3


def test_the_order_of_the_detections_does_not_matter() -> None:
    people = [seen((0.2 + 0.15 * k, 0.5)) for k in range(5)]
    sorted_tracker, shuffled_tracker = Tracker(), Tracker()
    sorted_tracker.update(people, 0.0)
    shuffled_tracker.update(people, 0.0)
    mixed = random.Random(3).sample(people, len(people))
    assert sorted_tracker.update(people, 0.2) == shuffled_tracker.update(mixed, 0.2)


def test_objects_of_different_kinds_never_share_a_track() -> None:
    tracker = Tracker()
    follow(tracker, 3, lambda _: [seen((0.5, 0.5), label="person")])
    follow(tracker, 3, lambda _: [seen((0.5, 0.5), label="dog")], 0.6)
    tracks = tracker.update([seen((0.5, 0.5), label="dog")], 1.2)
    assert [(track.label, track.seen) for track in tracks] == [("person", False), ("dog", True)]


def test_a_vehicle_that_changes_its_name_is_called_what_it_was_called_most() -> None:
    names = ["car", "truck", "car", "car", "truck"]
    history = follow(Tracker(), 5, lambda f: [seen((0.5, 0.5), label=names[f])])
    assert [(track.id, track.label) for track in history[-1]] == [(1, "car")]


def test_boxes_are_reported_within_the_picture() -> None:
    history = follow(
        Tracker(),
        20,
        lambda f: [seen(along((0.5, 0.5), (1.05, 0.5), f / 10))] if f < 11 else [],
    )
    for track in (track for tracks in history for track in tracks):
        assert 0 <= track.box.x <= track.box.right <= 1


@pytest.mark.parametrize("later_s", [-5.0, 0.8, 100.0, 1e12])
def test_time_that_stands_still_goes_back_or_leaps_starts_afresh(later_s: float) -> None:
    tracker = Tracker()
    follow(tracker, 5, lambda _: [seen((0.5, 0.5))])
    assert tracker.update([seen((0.5, 0.5))], later_s) == ()
    assert ids(tracker.update([seen((0.5, 0.5))], later_s + 0.2)) == [2]


@pytest.mark.parametrize("now_s", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_changes_nothing(now_s: float) -> None:
    tracker = Tracker()
    follow(tracker, 5, lambda _: [seen((0.5, 0.5))])
    assert ids(tracker.update([seen((0.1, 0.5))], now_s)) == [1]
    assert ids(tracker.update([seen((0.5, 0.5))], 1.0)) == [1]


@pytest.mark.parametrize(
    "box",
    [
        Box(math.nan, 0, 0.1, 0.1),
        Box(0, math.inf, 0.1, 0.1),
        Box(0.5, 0.5, 0, 0.1),
        Box(0.5, 0.5, -0.1, -0.1),
        Box(1e300, 0, 1e300, 0.1),
        Box(0.1, 0.1, 5e-324, 5e-324),
    ],
)
def test_unsound_boxes_are_left_out_and_harm_no_other(box: Box) -> None:
    tracker = Tracker()
    odd = Detection("person", 0.9, box)
    history = follow(tracker, 5, lambda _: [odd, seen((0.5, 0.5)), odd])
    assert any(track.box.h == pytest.approx(0.2) for track in history[-1])
    for track in history[-1]:
        assert all(map(math.isfinite, (track.box.x, track.box.y, track.box.w, track.box.h)))


def test_a_flood_of_detections_is_cut_to_the_strongest_in_bounded_time() -> None:
    random_ = random.Random(5)
    tracker = Tracker()
    started = time.perf_counter()
    for frame in range(5):
        crowd = [
            Detection(
                "person",
                random_.random(),
                Box(random_.random() * 0.9, random_.random() * 0.8, 0.05, 0.1),
            )
            for _ in range(5000)
        ]
        tracks = tracker.update(crowd, frame * STEP_S)
        assert len(tracks) <= MAX_DETECTIONS * (frame + 1)
    assert time.perf_counter() - started < 5


def test_the_same_calls_give_the_same_tracks() -> None:
    random_ = random.Random(7)
    frames = [
        [seen((random_.random(), random_.random()), confidence=random_.random()) for _ in range(12)]
        for _ in range(30)
    ]
    first = follow(Tracker(), 30, lambda f: frames[f])
    assert follow(Tracker(), 30, lambda f: frames[f]) == first
