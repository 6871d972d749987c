"""What is recorded and held of a camera, as spans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from edge_agent.clips.coverage import joined, recording
from edge_agent.clips.holds import Hold, Span
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.clips.segment import to_us
from edge_agent.uplink.commands import CommandFailedError
from tests.support.media import START, encode, info_of
from tests.support.wait import wait_until
from wire.clock import SimulatedClock
from wire.recording import RecordingQuestion

S = timedelta(seconds=1)


def test_touching_spans_are_one_and_small_gaps_close_where_there_are_too_many() -> None:
    second = 1_000_000
    assert joined([Span(0, 4), Span(4, 8), Span(5, 6)]) == [Span(0, 8)]
    apart = [Span(10 * second * n, 10 * second * n + second) for n in range(10)]
    assert joined(apart) == apart
    assert joined(apart, most=3) == [Span(0, 91 * second)]
    gap = [*apart, Span(1000 * second, 1001 * second)]
    assert joined(gap, most=3) == [Span(0, 91 * second), Span(1000 * second, 1001 * second)]


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ring]:
    clock = SimulatedClock(START)
    made = Ring(tmp_path_factory.mktemp("ring"), "yard", clock, limits=KeepingLimits(1 << 30))
    made.start()
    made.stream(info_of(encode(60)))
    for packet in encode(60):
        made.packet(packet)
    wait_until(lambda: made.counters.written == 60, 10, "the recording")
    yield made
    assert made.close()


def test_spans_and_holds_are_cut_to_the_question(ring: Ring) -> None:
    hold = Hold(
        "01a00000-0000-7000-8000-000000000001",
        "case",
        to_us(START - 60 * S),
        to_us(START + 2 * S),
        None,
        "2026-17",
    )
    ring.keeping.place_case(hold)
    asked = RecordingQuestion(camera="yard", start_at=START + 1 * S, end_at=START + 60 * S)
    found = recording(ring, asked)
    assert (found.oldest_at, found.newest_at) == (START, START + 6 * S)
    assert [(one.start_at, one.end_at) for one in found.spans] == [(START + 1 * S, START + 6 * S)]
    assert [(one.kind, one.start_at, one.end_at) for one in found.held] == [
        ("case", START + 1 * S, START + 2 * S)
    ]


def test_of_another_time_there_is_nothing(ring: Ring) -> None:
    early = START - 3600 * S
    found = recording(ring, RecordingQuestion(camera="yard", start_at=early, end_at=early + S))
    assert (found.spans, found.held) == ((), ())
    assert found.oldest_at == START


def test_more_than_a_day_is_too_much_at_once(ring: Ring) -> None:
    asked = RecordingQuestion(camera="yard", start_at=START, end_at=START + timedelta(days=2))
    with pytest.raises(CommandFailedError) as caught:
        recording(ring, asked)
    assert caught.value.code == "request.invalid"
