"""Orders about holds: placed once, released by their case only, refused with an alarm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clips.event_hold import event_hold
from edge_agent.clips.hold_desk import HoldDesk
from edge_agent.clips.index import SegmentIndex
from edge_agent.clips.keeping import Keeping, KeepingLimits
from edge_agent.clips.segment import to_us
from edge_agent.uplink.commands import CommandFailedError
from tests.edge_agent.uplink.test_report import AT, finding, frame
from tests.support.media import START
from wire.clock import SimulatedClock
from wire.command import Action, Command, HoldEnd, HoldPlace, HoldRelease
from wire.event import AuditEvent
from wire.hold import CaseHold, CaseRelease, EventRelease
from wire.names import new_id

BY: dict[str, Any] = {"agency": "police", "person": "kim", "case": "2026-1187"}
HOUR = timedelta(hours=1)


class _Pole:
    def __init__(self, folder: Path) -> None:
        self.index = SegmentIndex(folder / "index.sqlite")
        self.clock = SimulatedClock(START + HOUR)
        limits = KeepingLimits(4_000_000_000)
        self.ring = Keeping(folder, "yard", self.index, self.clock, limits)
        self.audit: list[AuditEvent] = []
        self.desk = HoldDesk({"yard": self.ring}, self._audit)

    def _audit(self, action: str, **fields: Any) -> None:
        self.audit.append(AuditEvent(action=action, at=START, quality="synchronised", **fields))

    def do(self, action: Action) -> str:
        """What the device answers; a code when it refuses."""
        command = Command(
            command_id=new_id(),
            device="pole-001-1",
            boot_id=new_id(),
            window_id=new_id(),
            nonce=1,
            expires_monotonic_s=1,
            action=action,
        )
        handlers = {
            "hold.place": self.desk.place,
            "hold.release": self.desk.release,
            "hold.end": self.desk.end,
        }
        try:
            return handlers[action.name](command).message or ""
        except CommandFailedError as refusal:
            return refusal.code


@pytest.fixture
def pole(tmp_path: Path) -> Iterator[_Pole]:
    made = _Pole(tmp_path)
    yield made
    made.index.close()


def _place(hold_id: str, hours: float = 1, camera: str = "yard") -> HoldPlace:
    end_at = START + hours * HOUR
    hold = CaseHold(hold_id=hold_id, camera=camera, start_at=START, end_at=end_at, **BY)
    return HoldPlace(hold=hold)


def _release(hold_id: str, **changed: Any) -> HoldRelease:
    return HoldRelease(release=CaseRelease(hold_id=hold_id, camera="yard", **{**BY, **changed}))


def test_a_hold_is_placed_once_and_released_by_its_case(pole: _Pole) -> None:
    hold_id = new_id()
    assert pole.do(_place(hold_id)) == "yard is held for case 2026-1187"
    assert pole.do(_place(hold_id)) == "yard is held for case 2026-1187"
    assert pole.do(_release(hold_id, case="2026-1")) == "ring.no-hold"
    assert [hold.reason for hold in pole.ring.holds()] == ["2026-1187"]
    assert pole.do(_release(hold_id)) == "yard is released from case 2026-1187"
    assert pole.do(_release(hold_id)) == "ring.no-hold"
    assert pole.ring.holds() == []
    assert [(one.action, one.hold_id, one.person) for one in pole.audit] == [
        ("hold.placed", hold_id, "kim"),
        ("hold.released", hold_id, "kim"),
    ]
    assert pole.audit[0].end_at == START + HOUR


def test_a_hold_that_would_stop_recording_is_refused_with_an_audit_event(pole: _Pole) -> None:
    assert pole.do(_place(new_id(), hours=4)) == "ring.held"
    assert [(one.action, one.code, one.case) for one in pole.audit] == [
        ("hold.refused", "ring.held", "2026-1187")
    ]
    assert pole.ring.short_of_room


def test_a_camera_that_is_not_there_is_named(pole: _Pole) -> None:
    assert pole.do(_place(new_id(), camera="attic")) == "command.invalid"


def test_a_closed_incident_ends_what_was_held_around_its_findings_alone(pole: _Pole) -> None:
    events, case = [new_id(), new_id()], new_id()
    for one in events:
        pole.ring.place_event(event_hold(one, finding(), frame(at=START + HOUR), 24 * HOUR))
    pole.do(_place(case))
    ended = HoldEnd(events=EventRelease(camera="yard", finding_ids=(events[0], case, new_id())))
    assert pole.do(ended) == "1 holds around events ended"
    assert {hold.id for hold in pole.ring.holds()} == {events[1], case}
    # The finding goes on: its next phase holds nothing any more.
    pole.ring.place_event(event_hold(events[0], finding(), frame(at=START + HOUR), 24 * HOUR))
    assert {hold.id for hold in pole.ring.holds()} == {events[1], case}


def test_what_is_held_around_a_finding_reaches_half_a_minute_to_both_sides() -> None:
    hold = event_hold(new_id(), finding(end_s=19.0), frame(), timedelta(days=7))
    # The finding began 2 s before the picture behind it, which came at AT, and ended 1 s before.
    assert hold.from_us == to_us(AT) - 32_000_000
    assert hold.to_us == to_us(AT) + 29_000_000
    assert hold.until_us == to_us(AT + timedelta(days=7))


def test_without_a_case_nothing_is_held_beyond_thirty_days() -> None:
    hold = event_hold(new_id(), finding(), frame(), timedelta(days=30))
    assert hold.until_us == to_us(AT + timedelta(days=30)) - 32_000_000
