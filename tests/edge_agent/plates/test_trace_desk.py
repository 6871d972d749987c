"""A trace on the pole: told at once, over by either of its clocks, and never open on the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from edge_agent.plates.diary_times import Moment
from edge_agent.plates.trace_desk import MOST_TRACES, TraceDesk, TraceError
from tests.edge_agent.plates.passing import passage
from tests.edge_agent.plates.reads import read
from wire.clock import SimulatedClock
from wire.names import new_id
from wire.sealed import BootKey, seal
from wire.tracing import TracedPlate, TraceOrder, TraceSighting

POLE = "pole-001-1"
START = datetime(2026, 3, 1, tzinfo=UTC)
IDENTITY = OKPKey.generate_key("Ed25519", private=True)


@dataclass
class Pole:
    """A desk, its clocks, and what it told."""

    folder: Path
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(START))
    knows_time: bool = True
    boot: str = "boot-1"
    told: list[TraceSighting] = field(default_factory=list)
    audit: list[tuple[str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """The agent, anew."""
        self.key = BootKey()
        self.desk = TraceDesk(
            self.folder, IDENTITY, self.key, POLE,
            lambda: self.clock.now() if self.knows_time else None, self.clock.monotonic,
            self._record,
            self.told.append, self.boot,
        )  # fmt: skip

    def _record(self, action: str, *, case: str, code: str | None = None, detail: str) -> None:
        assert case == "2026-17"
        assert "12가" not in detail
        self.audit.append((action, code))

    def order(self, pattern: str = "12가34??", **changed: Any) -> TraceOrder:
        trace_id = str(changed.pop("trace_id", new_id()))
        inside = TracedPlate(device=changed.pop("device", POLE), trace_id=trace_id, pattern=pattern)
        usual = {
            "trace_id": trace_id, "case": "2026-17", "basis": "b", "purpose": "p",
            "expires_at": self.clock.now() + timedelta(hours=1), "lasts_s": 3600.0,
            "cipher": seal(inside.model_dump_json().encode(), self.key.public),
        }  # fmt: skip
        return TraceOrder.model_validate({**usual, **changed})

    def passes(self, text: str = "12가3456", camera: str = "cam-1", **unsure: Any) -> list[str]:
        """What is told of a car."""
        before = len(self.told)
        at = Moment(self.clock.now(), self.clock.monotonic())
        self.desk.heard(camera, at, passage(read=read(text, **unsure)))
        return [one.read.text for one in self.told[before:]]


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    return Pole(tmp_path / "traces")


def test_each_matching_read_is_told_with_its_picture_and_no_other(pole: Pole) -> None:
    pole.desk.begin(pole.order())
    assert pole.passes() == ["12가3456"]
    assert pole.passes("12가3511") == []
    assert pole.passes("99나1234") == []
    (told,) = pole.told
    assert (told.read.camera, told.read.direction, told.read.near_match) == (
        "cam-1", "towards", False,
    )  # fmt: skip
    assert told.crop
    assert told.quality == "synchronised"
    near = pole.passes("12거3456", unsure={2: {"거": 0.6, "가": 0.39}})
    assert near == ["12거3456"]
    assert pole.told[-1].read.near_match


def test_only_cameras_of_the_area_tell(pole: Pole) -> None:
    pole.desk.begin(pole.order(cameras=("gate",)))
    assert pole.passes(camera="yard") == []
    assert pole.passes(camera="gate") == ["12가3456"]


@pytest.mark.parametrize("knows_time", [True, False])
def test_it_ends_by_the_poles_own_clock_whether_or_not_it_knows_the_time(
    pole: Pole, knows_time: bool
) -> None:
    pole.knows_time = knows_time
    pole.desk.begin(pole.order())
    pole.clock.advance(3599)
    assert pole.passes() == ["12가3456"]
    pole.clock.advance(2)
    # Even before anybody has looked whether it is over.
    assert pole.passes() == []
    pole.desk.end_expired()
    assert list(pole.folder.iterdir()) == []
    assert pole.audit == [("trace.begun", None), ("trace.ended", "trace.over")]


def test_a_clock_that_is_set_back_prolongs_nothing(pole: Pole) -> None:
    pole.desk.begin(pole.order())
    pole.clock.step_wall(-86_400)
    pole.clock.advance(3601)
    assert pole.passes() == []


def test_it_outlives_the_agent_and_is_encrypted_on_the_disk(pole: Pole) -> None:
    pole.desk.begin(pole.order())
    (file,) = pole.folder.iterdir()
    assert "12가34".encode() not in file.read_bytes()
    assert b"2026-17" not in file.read_bytes()
    pole.start()
    assert pole.passes() == ["12가3456"]
    pole.clock.advance(3601)
    pole.start()
    assert pole.passes() == []


def test_after_a_reboot_without_the_time_it_is_silent_until_the_time_is_known(pole: Pole) -> None:
    pole.desk.begin(pole.order())
    pole.boot, pole.knows_time = "boot-2", False
    pole.start()
    assert pole.passes() == []
    pole.knows_time = True
    assert pole.passes() == ["12가3456"]


def test_the_centre_ends_it_and_that_is_recorded_once(pole: Pole) -> None:
    order = pole.order()
    pole.desk.begin(order)
    pole.desk.begin(order)
    for _ in range(2):
        assert pole.desk.end(order.trace_id, "2026-17").endswith("is not here")
    assert pole.passes() == []
    assert list(pole.folder.iterdir()) == []
    assert pole.audit == [("trace.begun", None), ("trace.ended", None)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"pattern": "????????"}, "trace.invalid"),
        ({"device": "pole-002-1"}, "trace.invalid"),
        ({"cipher": "none"}, "trace.invalid"),
        ({"expires_at": START - timedelta(seconds=1)}, "trace.over"),
    ],
)
def test_what_cannot_be_followed_is_refused_and_recorded(
    pole: Pole, changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(TraceError) as refused:
        pole.desk.begin(pole.order(**changed))
    assert refused.value.code == code
    assert pole.audit == [("trace.refused", code)]
    assert pole.desk.ids == frozenset()


def test_more_than_the_pole_follows_is_refused(pole: Pole) -> None:
    for _ in range(MOST_TRACES):
        pole.desk.begin(pole.order())
    with pytest.raises(TraceError, match="are followed already"):
        pole.desk.begin(pole.order())


def test_a_damaged_file_is_deleted_and_the_others_count(pole: Pole) -> None:
    pole.desk.begin(pole.order())
    (pole.folder / f"{new_id()}.trace").write_bytes(b"x" * 80)
    pole.start()
    assert len(pole.desk.ids) == 1
    assert len(list(pole.folder.iterdir())) == 1
