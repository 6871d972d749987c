"""The newest wins."""

from __future__ import annotations

import threading

from edge_agent.camera.mailbox import Mailbox


def test_a_slow_reader_gets_the_newest_and_the_rest_is_counted() -> None:
    box: Mailbox[int] = Mailbox()
    for item in (1, 2, 3):
        box.put(item)
    assert box.take(0) == 3
    assert box.replaced == 2
    assert box.take(0) is None


def test_closing_wakes_a_waiting_reader() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int | None] = []
    reader = threading.Thread(target=lambda: taken.append(box.take(30)))
    reader.start()
    box.close()
    reader.join(5)
    assert taken == [None]
