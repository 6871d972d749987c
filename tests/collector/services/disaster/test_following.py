"""Each kind of message against each thing that may be known: what follows is written down here."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from collector.cap.document import Alert, Info, Reference
from collector.services.disaster.following import State, Thread, expires, judge

NOW = datetime(2026, 3, 1, 21, 30, tzinfo=timezone(timedelta(hours=9)))
BEFORE = NOW - timedelta(minutes=10)


def message(msg_type: str, *, ends: datetime | None = None, **changed: Any) -> Alert:
    info = Info(
        categories=("Met",), event="호우", urgency="Immediate", severity="Severe",
        certainty="Likely", expires=ends,
    )  # fmt: skip
    usual: dict[str, Any] = {
        "identifier": "m-2",
        "sender": "room",
        "sent": NOW,
        "status": "Actual",
        "msg_type": msg_type,
        "scope": "Private",
        "references": () if msg_type == "Alert" else (Reference("room", "m-1", BEFORE),),
        "infos": (info,),
    }
    return Alert(**{**usual, **changed})


def thread(
    state: State = "active", sent: datetime = BEFORE, drill: bool = False, id: str = "d-1"
) -> Thread:
    return Thread(id, state, drill, sent)


@pytest.mark.parametrize(
    ("msg_type", "known", "act", "said"),
    [
        ("Alert", [], "open", ""),
        ("Update", [], "open", ""),
        ("Cancel", [], "forestall", "its Alert has not come"),
        ("Update", [thread()], "change", ""),
        ("Cancel", [thread()], "end", "cancelled"),
        # What comes late changes nothing, whatever it is.
        ("Alert", [thread(sent=NOW + timedelta(seconds=1))], "note", "a later word"),
        ("Update", [thread(sent=NOW + timedelta(seconds=1))], "note", "a later word"),
        ("Cancel", [thread(sent=NOW + timedelta(seconds=1))], "note", "a later word"),
        ("Alert", [thread("cancelled", NOW + timedelta(seconds=1))], "note", "a later word"),
        # After the end.
        ("Update", [thread("cancelled")], "refuse", "a Cancel is the last word"),
        ("Cancel", [thread("cancelled")], "forestall", "cancelled already"),
        ("Cancel", [thread("closed")], "forestall", "closed already"),
        ("Update", [thread("closed")], "open", ""),
        ("Update", [thread("expired")], "open", ""),
        # Of several.
        ("Update", [thread(), thread(id="d-2")], "refuse", "an Update of each"),
        ("Cancel", [thread(), thread(id="d-2")], "end", "cancelled"),
    ],
)
def test_what_follows(msg_type: str, known: list[Thread], act: str, said: str) -> None:
    step = judge(message(msg_type), known, NOW)
    assert step.act == act
    assert said in step.why
    if act in ("change", "end"):
        assert step.threads == tuple(one.disaster_id for one in known)


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"status": "Draft"}, "request.invalid", "Draft"),
        ({"sent": NOW + timedelta(minutes=6)}, "request.invalid", "360 s ahead of our clock"),
        ({"msg_type": "Update", "references": ()}, "request.invalid", "references"),
        ({"msg_type": "Cancel", "references": ()}, "request.invalid", "references"),
    ],
)
def test_what_can_be_no_message_is_refused(changed: dict[str, Any], code: str, said: str) -> None:
    step = judge(message(changed.pop("msg_type", "Alert"), **changed), [], NOW)
    assert (step.act, step.code) == ("refuse", code)
    assert said in step.why


@pytest.mark.parametrize("msg_type", ["Ack", "Error"])
def test_answers_and_system_messages_ask_for_nothing(msg_type: str) -> None:
    assert judge(message(msg_type), [thread()], NOW).act == "note"
    assert judge(message("Alert", status="System"), [], NOW).act == "note"


@pytest.mark.parametrize("msg_type", ["Update", "Cancel"])
@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_a_drill_never_touches_what_is_real_nor_the_other_way(msg_type: str, status: str) -> None:
    real = judge(message(msg_type, status=status), [thread(drill=False)], NOW)
    assert (real.act, real.code) == ("refuse", "case.state")
    drill = judge(message(msg_type), [thread(drill=True)], NOW)
    assert (drill.act, drill.why) == ("refuse", "status: Actual cannot change a drill")
    assert judge(message(msg_type, status=status), [thread(drill=True)], NOW).act != "refuse"


def test_what_is_over_when_it_comes_is_refused_and_changes_nothing() -> None:
    for msg_type, known in (("Alert", []), ("Update", [thread()])):
        step = judge(message(msg_type, ends=NOW), known, NOW)
        assert (step.act, step.code) == ("refuse", "request.invalid")
        assert step.why.startswith("expires: was over at 2026-03-01T21:30:00+09:00")
    # A Cancel of something is welcome however late.
    assert judge(message("Cancel", ends=BEFORE), [thread()], NOW).act == "end"


def test_it_lasts_as_long_as_the_last_of_its_texts() -> None:
    short, long = message("Alert", ends=NOW), message("Alert", ends=NOW + timedelta(hours=1))
    both = message("Alert", infos=(*short.infos, *long.infos))
    assert expires(both) == NOW + timedelta(hours=1)
    assert expires(message("Alert", infos=(*short.infos, *message("Alert").infos))) is None
    assert expires(message("Alert", infos=())) is None


def test_an_area_elsewhere_is_refused_and_one_that_moved_away_is_over() -> None:
    step = judge(message("Alert"), [], NOW, elsewhere="12 km outside")
    assert (step.act, step.code, step.why) == ("refuse", "place.impossible", "12 km outside")
    gone = judge(message("Update"), [thread()], NOW, elsewhere="12 km outside")
    assert (gone.act, gone.why) == ("end", "moved away: 12 km outside")
    closed = judge(message("Update"), [thread("closed")], NOW, elsewhere="12 km outside")
    assert closed.act == "refuse"
