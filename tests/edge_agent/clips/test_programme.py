"""What a control makes of a session, and what the grant says to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edge_agent.clips.programme import Programme, ProgrammeError, check, controlled
from tests.support.media import START
from wire.grant import Grant
from wire.names import new_id
from wire.whep import WhepControl

S = timedelta(seconds=1)


def _clip(start_s: int, end_s: int) -> Programme:
    return Programme("main", START + start_s * S, START + end_s * S)


CLIP = _clip(-300, -200)
LIVE = Programme("main")
CATCHING_UP = Programme("main", START - 120 * S, None, 8.0)
GRANT = Grant(
    grant_id=new_id(),
    device="pole-001-1",
    camera="yard",
    rights=("recorded", "live"),
    start_at=START - 600 * S,
    end_at=START + 300 * S,
    case="2026-17",
    agency="police",
    person="kim",
    basis="PIPA 18(2)3",
    purpose="a fall in the yard",
    fingerprint=":".join(["AB"] * 32),
    issued_at=START - 1 * S,
    expires_at=START + 300 * S,
)


def _after(now: Programme, action: str, **more: Any) -> Programme:
    control = WhepControl.model_validate({"session_id": new_id(), "action": action, **more})
    return controlled(now, control, GRANT, START)


@pytest.mark.parametrize(
    ("now", "control", "then"),
    [
        (CLIP, {"action": "speed", "speed": 4.0}, replace(CLIP, speed=4.0)),
        (CLIP, {"action": "seek", "at": START - 250 * S}, _clip(-250, -200)),
        (CLIP, {"action": "seek", "at": START - 100 * S}, _clip(-100, 300)),
        (LIVE, {"action": "seek", "at": START - 100 * S}, _clip(-100, 300)),
        (
            CATCHING_UP,
            {"action": "seek", "at": START - 60 * S},
            Programme("main", START - 60 * S, None, 8.0),
        ),
        (LIVE, {"action": "clip", "at": START - 9 * S, "end_at": START}, _clip(-9, 0)),
        (CLIP, {"action": "live"}, LIVE),
        (CLIP, {"action": "live", "stream": "sub"}, Programme("sub")),
        (
            LIVE,
            {"action": "live", "minutes_ago": 2},
            Programme("main", START - 120 * S, None, 8.0),
        ),
        (
            CLIP,
            {"action": "live", "at": START - 60 * S, "speed": 2.0},
            Programme("main", START - 60 * S, None, 2.0),
        ),
    ],
)
def test_what_is_shown_after_a_control(
    now: Programme, control: dict[str, Any], then: Programme
) -> None:
    found = _after(now, **control)
    assert found == then
    check(found, GRANT)


@pytest.mark.parametrize(
    ("now", "control"),
    [
        (LIVE, {"action": "speed", "speed": 2.0}),
        (CLIP, {"action": "speed"}),
        (CLIP, {"action": "seek"}),
        (CLIP, {"action": "clip", "at": START}),
        (CLIP, {"action": "clip", "at": START, "end_at": START}),
        (CLIP, {"action": "live", "at": START + 1 * S}),
    ],
)
def test_the_impossible_is_refused(now: Programme, control: dict[str, Any]) -> None:
    with pytest.raises(ProgrammeError) as caught:
        _after(now, **control)
    assert caught.value.code == "clip.impossible"


@pytest.mark.parametrize(
    ("programme", "changes"),
    [
        (_clip(-601, -200), {}),
        (_clip(-300, 301), {}),
        (_clip(300, 301), {}),
        (CLIP, {"rights": ("live",)}),
        (LIVE, {"rights": ("recorded",)}),
        (CATCHING_UP, {"rights": ("recorded",)}),
        (CATCHING_UP, {"rights": ("live",)}),
        (CATCHING_UP, {"end_at": START - 30 * S}),
        (Programme("main", START - 700 * S, None, 8.0), {}),
    ],
)
def test_beyond_the_grant_nothing_is_shown(programme: Programme, changes: dict[str, Any]) -> None:
    with pytest.raises(ProgrammeError) as caught:
        check(programme, GRANT.model_copy(update=changes))
    assert caught.value.code == "grant.foreign"
