"""What a viewer may ask of a running session, and how wrong questions are answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.problems import ProblemError
from collector.whep_control import read, wire_control
from wire.names import new_id

NOON = datetime(2026, 3, 1, 3, tzinfo=UTC)
AT = "2026-03-01T12:00:00+09:00"
LATER = "2026-03-01T12:02:00+09:00"


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        ({"action": "pause"}, {"action": "pause"}),
        ({"action": "resume"}, {"action": "resume"}),
        ({"action": "seek", "at": AT}, {"action": "seek", "at": NOON}),
        ({"action": "speed", "speed": 8}, {"action": "speed", "speed": 8.0}),
        ({"action": "clip", "from": AT, "to": LATER}, {"action": "clip", "at": NOON, "speed": 1.0}),
        ({"action": "live", "stream": "sub"}, {"action": "live", "stream": "sub"}),
        ({"action": "live", "minutes_ago": 2}, {"action": "live", "minutes_ago": 2.0}),
        (
            {"action": "live", "from": AT, "speed": 4},
            {"action": "live", "at": NOON, "speed": 4.0},
        ),
    ],
)
def test_each_control_reaches_the_pole_as_it_was_meant(
    body: dict[str, Any], wire: dict[str, Any]
) -> None:
    session_id = new_id()
    sent = wire_control(session_id, read(json.dumps(body).encode()))
    assert sent.session_id == session_id
    told = sent.model_dump(exclude_none=True)
    assert told.items() >= wire.items()
    assert (sent.end_at is None) == (body["action"] != "clip")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "not JSON"),
        (b"[" * 1500, "not JSON"),
        (b"\xff", "not JSON"),
        (b"{}", "action"),
        (b'{"action": "close"}', "action"),
        (b'{"action": "seek"}', "at"),
        (b'{"action": "seek", "at": "2026-03-01T12:00:00"}', "at"),
        (b'{"action": "speed", "speed": 0.4}', "speed"),
        (b'{"action": "speed", "speed": 9}', "speed"),
        (b'{"action": "pause", "at": 1}', "at"),
        (b'{"action": "live", "stream": "third"}', "stream"),
        (b'{"action": "live", "speed": 4}', "minutes_ago"),
        (json.dumps({"action": "live", "from": AT, "minutes_ago": 1}).encode(), "not both"),
        (json.dumps({"action": "clip", "from": LATER, "to": AT}).encode(), "before"),
    ],
)
def test_wrong_controls_are_422_and_name_the_field(body: bytes, named: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read(body)
    assert (caught.value.status, caught.value.code) == (422, "request.invalid")
    assert named in str(caught.value.detail)


def test_a_body_without_measure_is_not_read() -> None:
    with pytest.raises(ProblemError) as caught:
        read(b" " * 3000)
    assert caught.value.status == 413
