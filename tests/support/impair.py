"""A TCP path of the test's own that is slow, lossy, cut or silent, and finds a server that answers.

A lost segment of TCP shows as a pause of the whole stream until it is sent again; that, delay and
rate are done here to the bytes of each direction. What cannot be seen through TCP, such as the
order of segments, is not imitated.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass

SEGMENT = 1400
ON_THE_WAY = 1000
"""Segments between two ends; more have to wait at the sender's."""
RESEND_S = 0.2
"""Linux's shortest retransmission timeout."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """How the path is now; the default is a path without faults."""

    delay_s: float = 0.0
    loss: float = 0.0
    """Share of segments that are sent twice."""
    bytes_per_s: float | None = None
    """Of each direction."""
    refuse: bool = False
    """New connections are closed at once."""
    silent: bool = False
    """What is sent vanishes; nothing is closed."""


class ImpairedPath:
    """Listens on a port of the loopback; forwards to the first of `upstream` that answers."""

    def __init__(
        self,
        host: str,
        upstream: Sequence[int],
        seed: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        """`upstream` are ports of `host`, asked in turn, each new connection from the next.

        `listener` may be a socket of another network namespace: then the path leads out of it.
        """
        self.host = host
        self.port = 0
        self.impairment = Impairment()
        self._upstream = list(upstream)
        self._listener = listener or socket.create_server((host, 0))
        self._turn = 0
        self._rng = random.Random(seed)
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="path", daemon=True)
        self._thread.start()
        assert self._listening.wait(40)

    def cut(self) -> None:
        """End all connections that are open, by a reset."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    def close(self) -> None:
        self.impairment = Impairment(refuse=True)
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        self._listener.setblocking(False)
        starting = asyncio.start_server(self._serve, sock=self._listener)
        server = self._loop.run_until_complete(starting)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()

    async def _cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward = None if self.impairment.refuse else await self._connect()
        if onward is None:
            writer.transport.abort()
            return
        there, back = onward
        self._open |= {writer, back}
        try:
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        finally:
            self._open -= {writer, back}

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._upstream:
            self._turn = (self._turn + 1) % len(self._upstream)
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(self.host, self._upstream[self._turn])
        return None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction, until either end is gone; both are closed then."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(ON_THE_WAY)
        arriving = asyncio.create_task(self._arrive(under_way, writer))
        due = 0.0
        try:
            while (chunk := await reader.read(SEGMENT)) and not arriving.done():
                how, now = self.impairment, self._loop.time()
                if how.silent:
                    continue
                due = max(now + how.delay_s, due)
                if how.bytes_per_s:
                    due += len(chunk) / how.bytes_per_s
                if how.loss and self._rng.random() < how.loss:
                    due += RESEND_S
                await under_way.put((due, chunk))
        except OSError:
            arriving.cancel()
        await under_way.put((0.0, b""))
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await arriving
        writer.transport.abort()

    async def _arrive(
        self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, chunk = await under_way.get()
            if not chunk:
                return
            if (wait_s := due - self._loop.time()) > 0.001:
                await asyncio.sleep(wait_s)
            writer.write(chunk)
            await writer.drain()
