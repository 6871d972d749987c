"""When findings are one incident, what it becomes, and when agencies are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector import incidents
from collector.incidents import DecisionError, Grading, Incident, Outcome
from tests.support.device import finding
from wire.names import new_id

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = T + timedelta(seconds=1)
JOIN = timedelta(seconds=60)
POLE = "pole-001-1"


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def take(known: Incident | None, **event: Any) -> Outcome:
    return incidents.apply(known, POLE, finding(**event), now=NOW, new_id=new_id())


def opened(**event: Any) -> Incident:
    return take(None, **{"at": T, **event}).incident


def test_the_first_event_opens_an_incident() -> None:
    outcome = take(None, at=T, confidence=0.7, severity="severe", type="fire")
    one = outcome.incident
    assert outcome.opened
    assert (one.revision, one.state, one.type, one.severity) == (1, "open", "fire", "severe")
    assert (one.opened_at, one.active_at, one.ended_at) == (T, T, None)


@pytest.mark.parametrize(
    ("confidence", "certainty"), [(0.49, "possible"), (0.5, "likely"), (1.0, "likely")]
)
def test_certainty_follows_confidence(confidence: float, certainty: str) -> None:
    assert opened(confidence=confidence).certainty == certainty


def test_the_centre_may_grade_by_itself() -> None:
    own = Grading(likely_from=0.8, severities={"loitering": "severe"})
    for type, severity in (("loitering", "severe"), ("intrusion", "minor")):
        event = finding(at=T, type=type, severity="minor", confidence=0.79)
        one = incidents.apply(None, POLE, event, now=NOW, new_id=new_id(), grading=own).incident
        assert (one.severity, one.certainty) == (severity, "possible")
        surer = finding(
            finding_id=event.finding_id, at=at(1), type=type, severity="minor", confidence=0.8
        )
        one = incidents.apply(one, POLE, surer, now=NOW, new_id=new_id(), grading=own).incident
        assert (one.severity, one.certainty) == (severity, "likely")


@pytest.mark.parametrize(
    ("change", "joined"),
    [
        ({"at": at(60)}, True),
        ({"at": at(61)}, False),
        ({"at": at(-60)}, True),
        ({"at": at(-61)}, False),
        ({"at": at(1), "type": "loitering"}, False),
        ({"at": at(1), "camera": "cam-2"}, False),
        ({"at": at(1), "drill": True}, False),
    ],
)
def test_a_finding_joins_what_is_near_in_place_time_and_kind(
    change: dict[str, Any], joined: bool
) -> None:
    event = finding(**change)
    known = opened()
    assert (incidents.choose([known], POLE, event, JOIN) is known) == joined


def test_a_finding_of_another_device_does_not_join() -> None:
    assert incidents.choose([opened()], "pole-002-1", finding(at=at(1)), JOIN) is None


def test_the_window_moves_with_the_last_activity() -> None:
    known = take(opened(), at=at(50)).incident
    assert incidents.choose([known], POLE, finding(at=at(110)), JOIN) is known


def test_of_several_the_one_active_last_is_joined() -> None:
    old, new = opened(), opened(at=at(10))
    assert incidents.choose([old, new], POLE, finding(at=at(20)), JOIN) is new


def test_a_rejected_incident_hides_no_new_finding() -> None:
    rejected = incidents.decide(opened(), "rejected", now=NOW)
    assert incidents.choose([rejected], POLE, finding(at=at(1)), JOIN) is None


def test_a_closed_one_is_opened_again_by_new_evidence() -> None:
    first = finding(at=T)
    known = incidents.apply(None, POLE, first, now=NOW, new_id=new_id()).incident
    closed = incidents.decide(known, "closed", now=NOW)
    assert closed.closed_at == NOW
    outcome = take(closed, at=at(5))
    assert outcome.reopened
    assert (outcome.incident.state, outcome.incident.closed_at) == ("open", None)
    # A late update of what was known is no new evidence.
    late = take(closed, finding_id=first.finding_id, phase="update", at=at(2))
    assert not late.reopened
    assert late.incident.state == "closed"


def test_an_update_alone_is_not_worth_telling() -> None:
    first = finding(at=T, confidence=0.8)
    known = incidents.apply(None, POLE, first, now=NOW, new_id=new_id()).incident
    after = take(known, finding_id=first.finding_id, phase="update", at=at(3), confidence=0.9)
    assert after.incident.revision == known.revision
    assert after.incident.confidence == 0.9
    assert after.incident.active_at == at(3)
    assert after.incident.clip_end == at(8)
    assert after.incident.observed_at == T


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "severe"},
        {"still": b"\xff\xd8\xff"},
        {"phase": "close"},
        {"finding_id": None},
    ],
)
def test_what_matters_is_a_new_revision(change: dict[str, object]) -> None:
    first = finding(at=T, confidence=0.4)
    known = incidents.apply(None, POLE, first, now=NOW, new_id=new_id()).incident
    event = {"finding_id": first.finding_id, "phase": "update", "at": at(3), "confidence": 0.4}
    after = take(known, **{**event, **change})
    assert after.incident.revision == known.revision + 1
    assert after.incident.observed_at == at(3)


def test_growing_sure_is_a_new_revision() -> None:
    first = finding(at=T, confidence=0.4)
    known = incidents.apply(None, POLE, first, now=NOW, new_id=new_id()).incident
    after = take(known, finding_id=first.finding_id, phase="update", at=at(1), confidence=0.6)
    assert (after.incident.certainty, after.incident.revision) == ("likely", 2)


def test_it_ends_with_its_last_finding_and_stays_ended() -> None:
    a, b = finding(at=T), finding(at=at(1))
    one = incidents.apply(None, POLE, a, now=NOW, new_id=new_id()).incident
    one = incidents.apply(one, POLE, b, now=NOW, new_id=new_id()).incident
    one = take(one, finding_id=a.finding_id, phase="close", at=at(5)).incident
    assert one.ended_at is None
    one = take(one, finding_id=b.finding_id, phase="close", at=at(9)).incident
    assert one.ended_at == at(9)
    assert one.state == "open"
    # Messages overtake each other: an update behind the close brings nothing back.
    late = take(one, finding_id=b.finding_id, phase="update", at=at(8)).incident
    assert late.ended_at == at(9)
    assert late.revision == one.revision


def test_events_in_any_order_give_the_same_incident() -> None:
    id = new_id()
    phases = [("open", 0.0), ("update", 4.0), ("close", 8.0)]
    forward = backward = None
    for phase, when in phases:
        forward = take(forward, finding_id=id, phase=phase, at=at(when)).incident
    for phase, when in reversed(phases):
        backward = take(backward, finding_id=id, phase=phase, at=at(when)).incident
    assert forward is not None
    assert backward is not None
    for name in ("opened_at", "active_at", "ended_at", "clip_start", "clip_end", "severity"):
        assert getattr(forward, name) == getattr(backward, name), name


def test_findings_of_an_earlier_boot_end_when_the_device_starts_anew() -> None:
    boot, next_boot = new_id(), new_id()
    known = opened(boot_id=boot)
    ended = incidents.end_abandoned(known, next_boot, now=NOW)
    assert ended is not None
    assert (ended.ended_at, ended.revision) == (known.active_at, 2)
    assert incidents.end_abandoned(known, boot, now=NOW) is None
    assert incidents.end_abandoned(ended, next_boot, now=NOW) is None


def test_people_decide_within_what_the_state_permits() -> None:
    one = incidents.decide(opened(), "confirmed", now=NOW)
    assert (one.state, one.certainty, one.revision) == ("confirmed", "observed", 2)
    with pytest.raises(DecisionError, match=r"cannot become acknowledged .*rejected, closed"):
        incidents.decide(one, "acknowledged", now=NOW)
    closed = incidents.decide(one, "closed", now=NOW)
    with pytest.raises(DecisionError, match="nothing"):
        incidents.decide(closed, "closed", now=NOW)


def test_an_agency_word_moves_the_state_forward_only() -> None:
    one = opened()
    notified = incidents.heard(one, "received", now=NOW)
    assert notified is not None
    assert (notified.state, notified.revision) == ("notified", one.revision)
    taken = incidents.heard(notified, "accepted", now=NOW)
    assert taken is not None
    assert taken.state == "acknowledged"
    assert incidents.heard(taken, "received", now=NOW) is None
    assert incidents.heard(one, "refused", now=NOW) is None
    assert incidents.heard(incidents.decide(one, "confirmed", now=NOW), "accepted", now=NOW) is None
