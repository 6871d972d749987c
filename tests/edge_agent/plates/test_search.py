"""The diary answers a question with a case, and leaves it in the audit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.plates.diary import Diary
from edge_agent.plates.diary_times import Moment
from edge_agent.plates.search import DiarySearch, search_handler
from edge_agent.uplink.commands import CommandFailedError
from tests.edge_agent.plates.passing import passage
from tests.support.wait import wait_until
from tests.wire.samples import SAMPLES
from wire.clock import SimulatedClock
from wire.command import Command, PlateSearchCommand
from wire.names import new_id
from wire.plates import ANY_PLATE, PlateAnswer, PlateSearch


class Box:
    """A diary, its search and the audit."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self.path = folder / "plates.sqlite"
        self.diary = Diary(self.path, self.clock.now, self.clock.monotonic)
        self.diary.start()
        self.search = DiarySearch(self.path, lambda: self.diary.revision)
        self.audit: list[tuple[str, str, str]] = []

    def pass_by(self, text: str, camera: str = "cam-1", **changed: Any) -> None:
        """A minute later, a car."""
        self.clock.advance(60)
        count = self.diary.count()
        at = Moment(self.clock.now(), self.clock.monotonic())
        self.diary.add(camera, at, passage(text, **changed))
        wait_until(lambda: self.diary.count() == count + 1, 5, "the passage on the disk")

    def ask(self, pattern: str, **changes: Any) -> PlateAnswer:
        usual = {
            "search_id": new_id(),
            "pattern": pattern,
            "start_at": self.clock.now() - timedelta(days=1),
            "end_at": self.clock.now() + timedelta(hours=1),
            "case": "2026-17",
            "basis": "PIPA 18(2)7",
            "purpose": "a theft",
        }
        asked = PlateSearch.model_validate({**usual, **changes})
        sample = SAMPLES["command"]
        assert isinstance(sample, Command)
        command = sample.model_copy(update={"action": PlateSearchCommand(search=asked)})
        answer = search_handler(self.search, self._record)(command).plates
        assert answer is not None
        assert answer.search_id == asked.search_id
        return answer

    def texts(self, pattern: str, **changes: Any) -> list[str]:
        return [one.text for one in self.ask(pattern, **changes).reads]

    def _record(self, action: str, *, case: str, detail: str) -> None:
        self.audit.append((action, case, detail))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.diary.close()


def test_it_finds_what_passed_the_newest_first_and_sees_what_came_since(box: Box) -> None:
    for text in ("12가3456", "99나1111", "12가3499"):
        box.pass_by(text)
    assert box.texts("12가34??") == ["12가3499", "12가3456"]
    box.pass_by("12가3411")
    assert box.texts("12가34??") == ["12가3411", "12가3499", "12가3456"]


def test_near_matches_come_after_what_is_meant_and_are_marked(box: Box) -> None:
    box.pass_by("12가3456")
    box.pass_by("12거3456")
    first, second = box.ask("12가3456").reads
    assert (first.text, first.near_match) == ("12가3456", False)
    assert (second.text, second.near_match) == ("12거3456", True)
    assert first.chance > 0.9 > second.chance
    assert box.texts("12가3456", confusable=False) == ["12가3456"]


def test_span_type_colour_and_limit_bound_it(box: Box) -> None:
    for _ in range(3):
        box.pass_by("12가3456")
    now = box.clock.now()
    answer = box.ask("3456", limit=2)
    assert (len(answer.reads), answer.more) == (2, True)
    assert len(box.texts("3456", end_at=now - timedelta(seconds=30))) == 2
    assert box.texts("3456", colors=("yellow",)) == []
    assert box.texts("3456", types=("p7",)) == ["12가3456"] * 3


def test_every_question_stands_in_the_audit_without_the_plate(box: Box) -> None:
    box.pass_by("12가3456")
    answer = box.ask("12가3456")
    ((action, case, detail),) = box.audit
    assert (action, case) == ("plates.searched", "2026-17")
    assert answer.search_id in detail
    assert "1 reads" in detail
    assert "3456" not in detail.replace(answer.search_id, "")


@pytest.mark.parametrize(
    "changes", [{"pattern": "????????"}, {"pattern": "12;3456"}, {"days": 40}, {"days": -2}]
)
def test_what_cannot_be_asked_is_refused_with_its_reason(box: Box, changes: dict[str, Any]) -> None:
    days = changes.pop("days", 1)
    end = box.clock.now() - timedelta(days=1) + timedelta(days=days)
    with pytest.raises(CommandFailedError) as refusal:
        box.ask(changes.pop("pattern", "12가3456"), end_at=end)
    assert refusal.value.code == "request.invalid"
    assert box.audit == []


def test_what_is_deleted_is_not_found(box: Box) -> None:
    box.pass_by("12가3456")
    assert box.texts("3456") == ["12가3456"]
    box.clock.advance(31 * 86_400)
    box.pass_by("34나3456")
    assert box.diary.end_expired() == 1
    since = box.clock.now() - timedelta(days=31)
    assert box.texts("3456", start_at=since, end_at=box.clock.now()) == ["34나3456"]


def test_a_diary_of_the_release_before_is_searched_too(box: Box, tmp_path: Path) -> None:
    box.pass_by("12가3456")
    box.diary.close()
    with sqlite3.connect(box.path) as run:
        run.execute("DROP INDEX passage_by_text")
        run.execute("ALTER TABLE passage DROP COLUMN others")
        run.execute("ALTER TABLE passage ADD COLUMN tail TEXT NOT NULL DEFAULT '3456'")
        run.execute("CREATE INDEX passage_by_text ON passage (text, at_us)")
        run.execute("CREATE INDEX passage_by_tail ON passage (tail, at_us)")
        run.execute("DELETE FROM _sqlite_migrations WHERE name = 'm003_search'")
    later = Box(tmp_path)
    later.pass_by("34나3456")
    assert sorted(later.texts("3456")) == ["12가3456", "34나3456"]
    later.diary.close()


def test_read_at_once_and_read_car_by_car_the_texts_are_the_same(box: Box) -> None:
    assert box.texts("3456") == []
    cars = ("12가3456", "123나3456", "12거3457")
    for car in cars:
        box.pass_by(car)
        box.texts("3456")
    anew = DiarySearch(box.path, lambda: box.diary.revision)
    asked = {"12가34??", "3456", "가3456", "??나3456", "345?"}
    told = {pattern: box.texts(pattern) for pattern in asked}
    assert sum(map(len, told.values())) > 6
    box.search = anew
    assert {pattern: box.texts(pattern) for pattern in asked} == told


def test_one_camera_is_asked_for_all_that_it_read_in_some_minutes(box: Box) -> None:
    for text, camera in (("12가3456", "cam-1"), ("99나1111", "cam-2"), ("34다5678", "cam-1")):
        box.pass_by(text, camera)
    now = box.clock.now()
    look = {"camera": "cam-1", "start_at": now - timedelta(minutes=6), "end_at": now}
    told = box.ask(ANY_PLATE, **look)
    assert [one.text for one in told.reads] == ["12가3456", "34다5678"]
    assert all(one.chance == one.confidence and not one.near_match for one in told.reads)
    assert box.ask(ANY_PLATE, **look, limit=1).more
    assert box.texts(ANY_PLATE, **{**look, "start_at": now - timedelta(seconds=30)}) == ["34다5678"]
    with pytest.raises(CommandFailedError, match="15 minutes at most"):
        box.ask(ANY_PLATE, **{**look, "start_at": now - timedelta(minutes=16)})
    with pytest.raises(CommandFailedError, match="at least 2 characters"):
        box.ask(ANY_PLATE)


def test_kind_and_colour_narrow_a_search_and_what_the_light_hides_stays_in_it(box: Box) -> None:
    for serial, vehicle, paint in (
        ("01", "car", "white"), ("02", "truck", "grey"), ("03", "bus", "white"),
        ("04", "car", "red"), ("05", "unknown", "unknown"), ("06", "motorcycle", "white"),
    ):  # fmt: skip
        box.pass_by(f"12가34{serial}", vehicle=vehicle, paint=paint)

    def found(**changes: Any) -> str:
        return " ".join(sorted(one.text[-1] for one in box.ask("12가34??", **changes).reads))

    assert found() == "1 2 3 4 5 6"
    assert found(vehicles=("car",), paints=("white",)) == "1 2 5"
    assert found(vehicles=("car",), paints=("white",), confusable=False) == "1"
    assert found(paints=("red",)) == "4 5"
    (white,) = box.ask("12가3401").reads
    assert (white.vehicle, white.paint) == ("car", "white")
