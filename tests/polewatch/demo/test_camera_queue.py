"""The demo's camera hands each picture from its file to the network exactly once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from polewatch import rtsp

PICTURES = 50
ROOM_POLL_S = 0.001
BUSY_S = 0.005
"""A loop busy for longer than a wait for room: it makes room, but tells so after the wait's end."""


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever, daemon=True)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join(10)
    made.close()


def _session() -> rtsp.Session:
    return rtsp.Session.__new__(rtsp.Session)


def test_each_picture_is_queued_once(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp, "ROOM_POLL_S", ROOM_POLL_S)
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)

    async def take() -> list[int]:
        taken: list[int] = []
        while len(taken) < PICTURES:
            taken.append(await queue.get())
            time.sleep(BUSY_S)
            await asyncio.sleep(0)
        return taken

    taking = asyncio.run_coroutine_threadsafe(take(), loop)
    session, stop = _session(), threading.Event()
    for picture in range(PICTURES):
        assert session._threadsafe_queue_put(loop, queue, picture, stop)
    assert taking.result(30) == list(range(PICTURES))


def test_a_session_that_ends_gives_up_waiting_for_room(loop: asyncio.AbstractEventLoop) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
    session, stop = _session(), threading.Event()
    assert session._threadsafe_queue_put(loop, queue, 1, stop)
    stop.set()
    assert not session._threadsafe_queue_put(loop, queue, 2, stop)
    # What was cancelled is through the loop before the loop ends.
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)
    assert queue.qsize() == 1
