"""What waits to be judged: bounded, agencies' words first, and neither starves the other."""

from __future__ import annotations

import threading
import time

from collector.link import Incoming
from collector.waiting import Waiting


def event(number: int, size: int = 10) -> Incoming:
    return Incoming("pw/up/city/00/pole/event", b"e" * size, number, 1, 1)


def word(number: int) -> Incoming:
    return Incoming("pw/agency/police/out/ack", b"a" * 10, number, 1, 1)


def figures(device: int, said: bytes = b"f") -> Incoming:
    return Incoming(f"pw/up/city/00/pole-{device}/health", said, 0, 0, 1)


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
    assert [waiting.offer(word(n)) for n in range(3)] == [True, True, False]
    assert taken(waiting, 10) == ["word 0", "word 1", "event 0", "event 1"]
    waiting = Waiting(100, 1000)
    assert [waiting.offer(event(n, size=600)) for n in range(2)] == [True, False]
    assert waiting.offer(word(1)), "no flood of events takes an agency's place"
    waiting.take(2, 0.0)
    assert waiting.offer(event(2, size=1000))


def test_an_offer_waits_for_room_and_what_came_first_stays_first() -> None:
    waiting = Waiting(1, 10_000, patience_s=60.0)
    offered = [waiting.offer(event(0))]
    other = threading.Thread(target=lambda: offered.append(waiting.offer(event(1))))
    other.start()
    assert taken(waiting, 1) == ["event 0"]
    # The other one's turn comes when it comes: a take waits for what hurries.
    assert [one.mid for one in waiting.take(1, 60.0)] == [1]
    other.join(60.0)
    assert offered == [True, True]


def test_after_an_offer_that_waited_in_vain_none_waits_until_something_was_taken() -> None:
    waiting = Waiting(1, 10_000, patience_s=0.2)
    waiting.offer(event(0))
    began = time.monotonic()
    assert not waiting.offer(event(1))
    assert time.monotonic() - began >= 0.2
    began = time.monotonic()
    assert not any(waiting.offer(event(n)) for n in range(50))
    assert time.monotonic() - began < 5.0, "ten seconds, if each had waited"
    assert taken(waiting, 1) == ["event 0"]
    assert waiting.offer(event(2))
    began = time.monotonic()
    assert not waiting.offer(event(3))
    assert time.monotonic() - began >= 0.2


def test_what_nobody_confirms_does_not_wait_for_room() -> None:
    waiting = Waiting(1, 10_000, patience_s=60.0)
    waiting.offer(event(0))
    assert not waiting.offer(figures(1))


def test_what_is_larger_than_all_of_the_memory_comes_in_alone() -> None:
    waiting = Waiting(10, 1000)
    assert waiting.offer(event(0, size=1001))
    assert not waiting.offer(event(1))


def test_figures_wait_until_time_is_up_and_go_with_what_hurries() -> None:
    waiting = Waiting(100, 10_000)
    waiting.offer(figures(1))
    assert waiting.urgent == 0
    began = time.monotonic()
    assert [one.topic[-6:] for one in waiting.take(10, 0.05)] == ["health"]
    assert time.monotonic() - began >= 0.05
    waiting.offer(figures(1))
    waiting.offer(event(1))
    assert [one.topic[-6:] for one in waiting.take(10, 60.0)] == ["/event", "health"]


def test_the_newest_figures_of_a_device_stand_for_its_older_ones() -> None:
    waiting = Waiting(100, 1000)
    for number in range(2000):
        assert waiting.offer(figures(1, b"%d" % number))
    assert [one.payload for one in waiting.take(10, 0.0)] == [b"1999"]
    assert (len(waiting), waiting.superseded) == (0, 1999)


def test_figures_take_a_quarter_of_the_places_while_messages_wait() -> None:
    waiting = Waiting(100, 10_000)
    for number in range(10):
        waiting.offer(figures(number))
        waiting.offer(event(number))
    kinds = [one.topic.rpartition("/")[2] for one in waiting.take(8, 0.0)]
    assert (kinds.count("event"), kinds.count("health")) == (6, 2)
