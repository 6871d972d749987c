"""From findings to messages: ids, times, stills; and a disk that cannot keep up."""

from __future__ import annotations

import base64
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.scene import Box, Finding, Frame, Phase, Track
from edge_agent.uplink.earlier import Earlier
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.report import WAITING, Reporter, ReportSettings
from edge_agent.uplink.still import encode, shrink
from tests.edge_agent.plates.passing import hit, passage
from tests.edge_agent.uplink.poles import BOOT, open_outbox, read
from wire.clock import SystemClock
from wire.envelope import body
from wire.event import AuditEvent, CameraState, Event, LossRecord, ModelPart, Shows, TimeQuality
from wire.names import new_id

AT = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
NOISE = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
SMOOTH = cv2.resize(NOISE[:8, :8], (480, 270), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
OLD: tuple[tuple[Shows, int], ...] = (("before", 10), ("left", 17))
TRACK = Track(3, "person", Box(0.9, 0.5, 0.2, 0.6), 0.8, 10.0, 20.0, True)


def frame(media_s: float = 20.0, camera: str = "cam-1", at: datetime = AT) -> Frame:
    return Frame(camera, SMOOTH, media_s, 500.0 + media_s, at)


def busy_frame() -> Frame:
    """One that no codec can make small."""
    return Frame("cam-1", NOISE, 20.0, 520.0, AT)


def finding(
    phase: Phase = "open",
    key: str = "yard/1",
    severity: str = "moderate",
    end_s: float | None = None,
) -> Finding:
    return Finding(
        key=key,
        rule="yard",
        type="intrusion",
        phase=phase,
        start_s=18.0,
        alarm_s=19.5,
        end_s=end_s,
        confidence=0.9,
        severity=severity,
        zone="zone-1",
        tracks=(TRACK,),
        box=TRACK.box,
    )


class Quality:
    """A time service that comes late."""

    def __init__(self) -> None:
        self.now: TimeQuality = "synchronised"

    def __call__(self) -> TimeQuality:
        return self.now


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return open_outbox(tmp_path, SystemClock())


@pytest.fixture
def quality() -> Quality:
    return Quality()


@pytest.fixture
def reporter(outbox: Outbox, quality: Quality) -> Iterator[Reporter]:
    reporter = Reporter(outbox, SystemClock(), boot_id=BOOT, quality=quality)
    reporter.start()
    yield reporter
    reporter.close()


def events(outbox: Outbox, reporter: Reporter) -> list[Event]:
    assert reporter.flush(5)
    found = [read(item.payload).event for item in outbox.claim(1000) if item.what == "message"]
    found.sort(key=lambda event: event.seq or 0)
    return [body(event, Event) for event in found if event.kind == "finding"]


class TestFindings:
    def test_one_id_from_open_to_close_another_for_the_next(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        ids = [
            reporter.finding(finding("open"), frame()),
            reporter.finding(finding("update"), frame(25.0)),
            reporter.finding(finding("close", end_s=26.0), frame(26.0)),
            reporter.finding(finding("open"), frame(40.0)),
            reporter.finding(finding("open", key="yard/2"), frame(40.0)),
            reporter.finding(finding("open"), frame(40.0, camera="cam-2")),
        ]
        assert len(set(ids)) == 4
        assert ids[0] == ids[1] == ids[2]
        assert [event.finding_id for event in events(outbox, reporter)] == ids

    def test_media_times_become_wall_times_of_the_arrival(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        reporter.finding(finding(), frame(20.0))
        reporter.finding(finding("close", end_s=29.0), frame(30.0, at=AT + timedelta(seconds=10)))
        opened, closed = events(outbox, reporter)
        for event in (opened, closed):
            assert event.times.started_at == AT - timedelta(seconds=2)
            assert event.times.alarm_at == AT - timedelta(seconds=0.5)
        assert opened.times.observed_at == AT
        assert opened.times.monotonic_s == 520.0
        assert opened.times.ended_at is None
        assert closed.times.ended_at == AT + timedelta(seconds=9)
        assert opened.clip is not None
        assert opened.clip.start_at == AT - timedelta(seconds=7)
        assert opened.clip.end_at == AT + timedelta(seconds=9.5)
        assert closed.clip is not None
        assert closed.clip.end_at == AT + timedelta(seconds=19)

    def test_a_clock_that_steps_does_not_move_what_was_said_one_set_right_does(
        self, outbox: Outbox, reporter: Reporter, quality: Quality
    ) -> None:
        quality.now = "unsynchronised"
        wrong = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
        reporter.finding(finding(), frame(20.0, at=wrong))
        quality.now = "synchronised"
        reporter.finding(finding("update"), frame(21.0, at=AT))
        quality.now = "unsynchronised"
        reporter.finding(finding("update"), frame(22.0, at=AT - timedelta(hours=5)))
        first, second, third = events(outbox, reporter)
        assert (first.times.quality, first.times.started_at.year) == ("unsynchronised", 1970)
        assert second.times.started_at == AT - timedelta(seconds=3)
        assert third.times.started_at == second.times.started_at

    def test_an_opening_carries_a_still_that_fits_and_is_sent_once(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        same = busy_frame()
        reporter.finding(finding(), same)
        reporter.finding(finding(key="yard/2"), same)
        reporter.finding(finding("update"), same)
        first, second, update = events(outbox, reporter)
        stills = [item for item in outbox.claim(100) if item.what == "still"]
        assert len(stills) == 1
        assert first.still is not None
        assert second.still == first.still
        assert update.still is None
        assert first.still.sha256 == stills[0].sha256
        assert len(stills[0].payload) == first.still.bytes <= 60 * 1024
        picture = cv2.imdecode(np.frombuffer(stills[0].payload, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (first.still.height, first.still.width, 3)

    def test_boxes_are_cut_at_the_pictures_edge(self, outbox: Outbox, reporter: Reporter) -> None:
        reporter.finding(finding(), frame())
        (event,) = events(outbox, reporter)
        assert event.box is not None
        assert (event.box.x, event.box.y) == (0.9, 0.5)
        assert event.box.w == pytest.approx(0.1)
        assert event.box.h == pytest.approx(0.5)

    def test_model_drill_and_severity_are_passed_on(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        model = ModelPart(name="nanodet-g", sha256="a" * 64, config_sha256="b" * 64)
        reporter.finding(finding(severity="severe"), frame(), model=model, drill=True)
        reporter.finding(finding("update", severity="dire"), frame())
        first, second = events(outbox, reporter)
        assert (first.model, first.drill, first.severity) == (model, True, "severe")
        assert second.severity == "moderate"

    def test_the_kind_of_tampering_is_passed_on(self, outbox: Outbox, reporter: Reporter) -> None:
        reporter.finding(replace(finding(), type="tamper", detail="covered"), frame())
        reporter.finding(finding("update"), frame())
        assert [event.detail for event in events(outbox, reporter)] == ["covered", None]


def test_camera_states_and_audits_take_numbers_too(outbox: Outbox, reporter: Reporter) -> None:
    session = new_id()
    reporter.camera("cam-1", "down", "camera.unreachable", "x" * 900)
    reporter.audit("session.open", camera="cam-1", session_id=session, agency="police")
    assert reporter.flush(5)
    found = [read(item.payload).event for item in outbox.claim(10)]
    assert [event.seq for event in found] == [1, 2, 3]
    state = body(found[1], CameraState)
    assert (state.code, len(state.message or "")) == ("camera.unreachable", 500)
    audit = body(found[2], AuditEvent)
    assert (audit.action, audit.session_id, audit.quality) == (
        "session.open", session, "synchronised",
    )  # fmt: skip


class TestDisk:
    def test_a_disk_that_stalls_blocks_nobody_and_nothing_is_dropped_in_silence(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        connection = outbox._store._connection if outbox._store else None
        assert isinstance(connection, sqlite3.Connection)
        connection.execute("PRAGMA query_only = ON")
        total = WAITING + 20
        severe = [
            reporter.finding(finding(key=f"s{n}", severity="severe"), frame()) for n in range(10)
        ]
        minor = [
            reporter.finding(finding(key=f"m{n}", severity="minor"), frame())
            for n in range(total - 10)
        ]
        assert reporter.fault in (None, "disk.read-only")
        connection.execute("PRAGMA query_only = OFF")
        assert reporter.flush(20)
        reporter.close()
        found = [read(item.payload).event for item in outbox.claim(1000) if item.what == "message"]
        told = {body(event, Event).finding_id for event in found if event.kind == "finding"}
        losses = [body(event, LossRecord) for event in found if event.kind == "loss"]
        named = {id for loss in losses for id in loss.finding_ids}
        assert set(severe) <= told
        assert told | named == set(severe) | set(minor)
        assert told & named == set()
        assert reporter.dropped == len(named) == sum(loss.count for loss in losses) > 0
        assert {loss.reason for loss in losses} == {"queue"}
        assert {s for loss in losses for s in loss.by_severity} == {"minor"}
        assert reporter.fault is None

    def test_one_report_that_cannot_be_built_ends_nothing(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        bad = Finding(
            "k", "Not A Name!", "intrusion", "open", 1.0, 1.0, None, 0.5, "minor", None, (), None
        )
        lost = reporter.finding(bad, frame())
        kept = reporter.finding(finding(), frame())
        assert reporter.flush(5)
        assert [event.finding_id for event in events(outbox, reporter)] == [kept]
        assert reporter.dropped == 1
        found = [read(item.payload).event for item in outbox.claim(10) if item.what == "message"]
        (loss,) = [body(event, LossRecord) for event in found if event.kind == "loss"]
        assert loss.finding_ids == (lost,)


class TestStill:
    def test_quality_goes_down_before_size(self) -> None:
        picture = shrink(NOISE, 640)
        assert picture.shape == (360, 640, 3)
        large, small = encode(picture, 60 * 1024), encode(picture, 8 * 1024)
        assert len(large.jpeg) <= 60 * 1024
        assert len(small.jpeg) <= 8 * 1024
        assert small.width < large.width <= 640
        assert large.jpeg.startswith(b"\xff\xd8\xff")

    def test_small_pictures_are_not_enlarged(self) -> None:
        picture = np.zeros((120, 160, 3), np.uint8)
        assert shrink(picture, 640).shape == picture.shape

    def test_what_never_fits_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="fits"):
            encode(shrink(NOISE, 640), 50)


def test_reports_from_many_threads_all_arrive(outbox: Outbox, reporter: Reporter) -> None:
    def speak(number: int) -> None:
        for n in range(5):
            reporter.finding(finding(key=f"{number}/{n}"), frame(camera=f"cam-{number}"))

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events(outbox, reporter)) == 20


def test_a_smaller_bound_is_kept(outbox: Outbox) -> None:
    settings = ReportSettings(still_max_bytes=10_000, still_longest_edge=320)
    reporter = Reporter(outbox, SystemClock(), boot_id=BOOT, quality=Quality(), settings=settings)
    reporter.start()
    reporter.finding(finding(), busy_frame())
    (event,) = events(outbox, reporter)
    reporter.close()
    assert event.still is not None
    assert event.still.bytes <= 10_000
    assert max(event.still.width, event.still.height) <= 320


def test_pictures_of_before_follow_with_updates_of_the_same_finding(
    outbox: Outbox, reporter: Reporter
) -> None:
    old = [Earlier(shows, at_s, encode(shrink(SMOOTH[at_s:], 320), 20_000)) for shows, at_s in OLD]
    reporter.finding(replace(finding(), type="dumping"), frame(), earlier=old)
    opened, *later = events(outbox, reporter)
    assert (opened.phase, opened.shows, opened.still_at) == ("open", None, None)
    assert [(one.phase, one.shows) for one in later] == [("update", "before"), ("update", "left")]
    assert [one.still_at for one in later] == [AT - timedelta(seconds=s) for s in (10, 3)]
    assert [one.still and one.still.sha256 for one in later] == [one.still.sha256 for one in old]
    assert {one.finding_id for one in later} == {opened.finding_id}


class TestPlates:
    def test_a_hit_carries_its_proof_and_the_picture_it_was_read_in(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        hits = (hit(near=True, listed="19가3456", certainty=0.3),)
        said = replace(finding(), type="plate", plate=passage(hits=hits))
        reporter.finding(said, frame())
        (event,) = events(outbox, reporter)
        assert event.plate is not None
        assert (event.plate.text, event.plate.listed) == ("12가3456", "19가3456")
        assert (event.plate.near_match, event.plate.certainty) == (True, 0.3)
        assert (event.plate.direction, event.plate.speed) == ("towards", "slow")
        assert base64.b64decode(event.plate.crop or "").startswith(b"\xff\xd8")
        assert event.still is not None
        assert (event.still.width, event.still.height) == (160, 90)

    def test_a_plate_on_no_list_is_refused_before_anything_is_committed(
        self, outbox: Outbox, reporter: Reporter
    ) -> None:
        said = replace(finding(), type="plate", plate=passage())
        with pytest.raises(ValueError, match="on no list"):
            reporter.finding(said, frame())
        assert events(outbox, reporter) == []
