"""Plates beside the analysis: never in its way, told once, from the main stream's pictures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from structlog.testing import capture_logs

from edge_agent.camera.glimpse import Glimpses
from edge_agent.plates.diary_times import Moment
from edge_agent.plates.pictures import MainPictures, SamePictures
from edge_agent.plates.stage import LivePlates, Pictures, RecordedPlates
from edge_agent.plates.types import PlateRead
from edge_agent.scene import Box, Frame, Image, Passage, PlateHit, Track
from edge_agent.sight.scheduler import SPARE_WAITING, InferenceScheduler
from tests.edge_agent.camera.test_glimpse import FPS, STARTED_S, number
from tests.edge_agent.plates.finding import GivenPlates, plate_on
from tests.edge_agent.plates.passing import hit
from tests.edge_agent.plates.reads import read
from tests.support.media import encode, info_of
from tests.support.wait import wait_until
from wire.clock import SystemClock

AT = datetime(2026, 3, 1, tzinfo=UTC)
BOX = Box(0.3, 0.3, 0.4, 0.4)
STEP_S = 0.2


def frame(media_s: float, image: Image | None = None) -> Frame:
    image = np.zeros((36, 640, 3), np.uint8) if image is None else image
    moment = AT + timedelta(seconds=media_s)
    return Frame("cam-1", image, media_s, STARTED_S + media_s, moment)


def car(media_s: float, box: Box = BOX, track: int = 1) -> Track:
    return Track(track, "car", box, 0.9, 0.0, media_s, True)


def match(said: PlateRead) -> tuple[PlateHit, ...]:
    return (hit(),) if said.text == "12가3456" else ()


class Stage:
    """A live stage with what it wrote into the diary."""

    def __init__(self, finder: GivenPlates, pictures: Pictures) -> None:
        self.finder = finder
        self.noted: list[tuple[str, Moment, Passage]] = []
        self.scheduler = InferenceScheduler(SystemClock())
        self.lane = self.scheduler.add("cam-1", 1000, lambda _: None)
        self.live = LivePlates(
            "cam-1", finder, match, pictures, self.scheduler,
            lambda *row: self.noted.append(row),
        )  # fmt: skip

    def step(self, shown: Frame, box: Box = BOX) -> tuple[Passage, ...]:
        """One frame with the car in it; when it asks for a look, until that is done."""
        told = self.live.update(shown, [car(shown.media_s, box)], [])
        wait_until(lambda: self.live.awaited == 0, 10, "the look")
        return told

    def drive(self, seconds: float) -> list[Passage]:
        """A car that stands before the camera."""
        told: list[Passage] = []
        for number_ in range(round(seconds / STEP_S)):
            told += self.step(frame(number_ * STEP_S))
        return told


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(GivenPlates(plate_on(BOX, read("12가3456", 0.97))), SamePictures())
    yield made
    made.scheduler.stop()


def test_a_passage_is_told_once_with_its_list_and_noted_in_the_diary(stage: Stage) -> None:
    stage.scheduler.start()
    (told,) = stage.drive(4)
    assert told.read.text == "12가3456"
    assert told.hits == (hit(),)
    ((camera, at, noted),) = stage.noted
    assert (camera, noted) == ("cam-1", told)
    assert at.wall == AT + timedelta(seconds=told.best_s)
    assert at.monotonic_s == pytest.approx(STARTED_S + told.best_s)


def test_looks_are_made_by_the_scheduler_not_by_the_analysis(stage: Stage) -> None:
    stage.scheduler.start()
    stage.drive(2)
    assert stage.finder.threads == {"inference-0"}
    assert threading.current_thread().name not in stage.finder.threads


def test_what_finds_no_room_is_dropped_counted_and_asked_for_again(stage: Stage) -> None:
    for number_ in range(SPARE_WAITING):
        assert stage.scheduler.spare("cam-1", lambda: None), number_
    stage.live.update(frame(0.0), [car(0.0)], [])
    assert stage.lane.spare_dropped == 1
    assert stage.finder.pictures == []
    stage.scheduler.start()
    wait_until(lambda: stage.lane.spare_served == SPARE_WAITING, 10, "room")
    stage.live.update(frame(0.2), [car(0.2)], [])
    wait_until(lambda: stage.finder.pictures, 10, "another look")


def test_a_look_that_fails_is_counted_and_the_vehicle_looked_at_again(stage: Stage) -> None:
    stage.finder.plates = (None,)  # type: ignore[assignment] # on purpose
    stage.scheduler.start()
    with capture_logs() as logs:
        stage.live.update(frame(0.0), [car(0.0)], [])
        # What is logged last is counted by then.
        wait_until(lambda: logs, 10, "the failure")
    assert [one["event"] for one in logs] == ["analysis.failed"]
    assert (stage.lane.failed, stage.live.awaited) == (1, 0)
    stage.finder.plates = (plate_on(BOX, read("12가3456", 0.97)),)
    stage.live.update(frame(0.2), [car(0.2)], [])
    wait_until(lambda: stage.lane.spare_served == 1, 10, "another look")


def test_pictures_come_from_the_main_stream_at_the_moment_of_the_substreams() -> None:
    packets = encode(40, gop=10, fps=FPS)
    glimpses = Glimpses("cam-1")
    glimpses.stream(replace(info_of(packets), width=640))
    made = Stage(GivenPlates(), MainPictures(glimpses))
    glimpses.start()
    made.scheduler.start()
    try:
        for packet in packets[:36]:
            glimpses.packet(packet)
        # The substream was opened 20 s before, and its pictures arrive a little later.
        at = [3.1, 3.3, 3.5]
        for moment in at:
            image = np.zeros((36, 64, 3), np.uint8)
            made.step(Frame("cam-1", image, 20 + moment, STARTED_S + moment, AT), Box(0, 0, 1, 1))
        # Frames 31, 33 and 35: the block begins anew at the 28th.
        assert [number(picture) for picture in made.finder.pictures] == [3, 5, 7]
    finally:
        made.scheduler.stop()
        glimpses.stop()


def test_a_moment_that_is_gone_is_counted() -> None:
    glimpses = Glimpses("cam-1")
    made = Stage(GivenPlates(), MainPictures(glimpses))
    glimpses.start()
    try:
        made.step(frame(1.0))
        assert made.live.missed == 1
    finally:
        glimpses.stop()


def test_a_recording_is_looked_at_at_once_and_its_end_tells_what_is_left() -> None:
    finder = GivenPlates(plate_on(BOX, read("12가3456", 0.9)))
    recorded = RecordedPlates(finder, match)
    assert recorded.update(frame(0.0), [car(0.0)], []) == ()
    assert len(finder.pictures) == 1
    (told,) = recorded.finish()
    assert told.hits == (hit(),)


def test_a_plate_whose_vehicle_nobody_sees_is_read() -> None:
    given = plate_on(BOX, read("12가3456", 0.97))
    (left, top), _, (right, bottom), _ = given.place.quad
    place = Box(left, top, right - left, bottom - top)
    recorded = RecordedPlates(GivenPlates(given, spotted=[place]), match)
    told: list[Passage] = []
    for number_ in range(20):
        told += recorded.update(frame(number_ * STEP_S), [], [])
    assert [one.read.text for one in told] == ["12가3456"]
    assert told[0].hits == (hit(),)


def test_a_place_that_is_no_plate_is_looked_at_ever_more_seldom() -> None:
    finder = GivenPlates(spotted=[Box(0.4, 0.4, 0.1, 0.04)])
    recorded = RecordedPlates(finder, match)
    for number_ in range(300):
        assert recorded.update(frame(number_ * STEP_S), [], []) == ()
    assert 0 < len(finder.pictures) < 25
