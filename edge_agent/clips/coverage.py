"""Which times of a camera are recorded, and which of them are held: for a viewer's scrub bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from edge_agent.clips.holds import Hold, Span
from edge_agent.clips.ring import Ring
from edge_agent.clips.segment import from_us, to_us
from edge_agent.uplink.commands import Answer, CommandFailedError
from wire.command import Command, RecordingShow
from wire.recording import MOST_SPANS, HeldSpan, RecordedSpan, Recording, RecordingQuestion

JOIN_US = 1_000_000
"""Segments that lie no further apart are one recording."""
LONGEST = timedelta(days=1)
"""Of one question: a day has 21,600 segments."""


def joined(spans: Iterable[Span], most: int = MOST_SPANS, join_us: int = JOIN_US) -> list[Span]:
    """Spans that do not touch, oldest first; where there are too many, the small gaps close."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.from_us - found[-1].to_us <= join_us:
            found[-1] = Span(found[-1].from_us, max(found[-1].to_us, span.to_us))
        else:
            found.append(span)
    return found if len(found) <= most else joined(found, most, join_us * 2)


def recording(ring: Ring, asked: RecordingQuestion) -> Recording:
    """The answer to a question about this ring; raises CommandFailedError request.invalid."""
    if asked.end_at - asked.start_at > LONGEST:
        raise CommandFailedError("request.invalid", f"at most {LONGEST.days} day at once")
    window = Span(to_us(asked.start_at), to_us(asked.end_at))
    whole = ring.span()
    spans = joined(
        _cut(Span(one.start_us, one.end_us), window)
        for one in ring.segments(asked.start_at, asked.end_at)
    )
    oldest, newest = whole or (None, None)
    return Recording(
        camera=asked.camera,
        oldest_at=oldest,
        newest_at=newest,
        spans=tuple(
            RecordedSpan(start_at=from_us(one.from_us), end_at=from_us(one.to_us))
            for one in spans
            if one.to_us > one.from_us
        ),
        held=tuple(_held(ring.keeping.holds(), window)),
    )


def _held(holds: Iterable[Hold], window: Span) -> list[HeldSpan]:
    found = []
    for kind in ("case", "event"):
        of_kind = (Span(one.from_us, one.to_us) for one in holds if one.kind == kind)
        inside = [
            one for one in of_kind if one.from_us < window.to_us and one.to_us > window.from_us
        ]
        found += [
            HeldSpan(kind=kind, start_at=from_us(one.from_us), end_at=from_us(one.to_us))
            for one in joined((_cut(one, window) for one in inside), MOST_SPANS // 2)
        ]
    return found


def _cut(span: Span, window: Span) -> Span:
    return Span(max(span.from_us, window.from_us), min(span.to_us, window.to_us))


def recording_handler(rings: Mapping[str, Ring]) -> Callable[[Command], Answer]:
    """Answers `recording.show` for the cameras of `rings`."""

    def handle(command: Command) -> Answer:
        if not isinstance(command.action, RecordingShow):
            raise CommandFailedError("command.invalid", "no question")
        asked = command.action.question
        ring = rings.get(asked.camera)
        if ring is None:
            raise CommandFailedError("clip.not-recorded", f"no camera {asked.camera}")
        return Answer(recording=recording(ring, asked))

    return handle
