"""What waits to be judged: bounded, agencies' words first, and neither starves the other."""

from __future__ import annotations

from collector.link import Incoming
from collector.waiting import Waiting


def event(number: int, size: int = 10) -> Incoming:
    return Incoming("pw/up/city/00/pole/event", b"e" * size, number, 1, 1)


def word(number: int) -> Incoming:
    return Incoming("pw/agency/police/out/ack", b"a" * 10, number, 1, 1)


def taken(waiting: Waiting, at_most: int) -> list[str]:
    return [
        f"{'word' if one.topic.startswith('pw/agency') else 'event'} {one.mid}"
        for one in waiting.take(at_most, 0.0)
    ]


def test_words_come_first_and_leave_half_of_the_places() -> None:
    waiting = Waiting(100, 10_000)
    for number in range(6):
        assert waiting.offer(event(number))
        assert waiting.offer(word(number))
    assert taken(waiting, 4) == ["word 0", "word 1", "event 0", "event 1"]
    assert taken(waiting, 5) == ["word 2", "word 3", "event 2", "event 3", "event 4"]
    assert taken(waiting, 5) == ["word 4", "word 5", "event 5"]
    assert taken(waiting, 5) == []


def test_where_no_messages_wait_words_take_all_places() -> None:
    waiting = Waiting(100, 10_000)
    for number in range(4):
        waiting.offer(word(number))
    waiting.offer(event(1))
    assert taken(waiting, 4) == ["word 0", "word 1", "word 2", "event 1"]


def test_it_is_bounded_in_messages_and_in_bytes() -> None:
    waiting = Waiting(2, 10_000)
    assert [waiting.offer(event(n)) for n in range(3)] == [True, True, False]
    assert not waiting.offer(word(1))
    waiting = Waiting(100, 1000)
    assert [waiting.offer(event(n, size=600)) for n in range(2)] == [True, False]
    waiting.take(1, 0.0)
    assert waiting.offer(event(2, size=1000))
