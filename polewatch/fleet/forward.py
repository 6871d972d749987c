"""One address for several brokers: whoever connects is passed to the first that answers.

Stands for the host name with three addresses that a cluster has in the field (docs/guide/brokers).
"""

from __future__ import annotations

import asyncio
import contextlib

from polewatch.fleet.client import Door

READ_BYTES = 64 * 1024


class Forward:
    """`start` once, `stop` once; bytes are passed on as they come."""

    def __init__(self, doors: tuple[Door, ...]) -> None:
        self._doors = doors
        self._server: asyncio.Server | None = None
        self._streams: set[asyncio.StreamWriter] = set()
        self.taken: Door | None = None
        """Where the newest connection went."""

    async def start(self, host: str, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, host, port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for stream in list(self._streams):
                stream.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._streams.add(writer)
        try:
            for door in self._doors:
                try:
                    there, back = await asyncio.open_connection(door.host, door.port)
                except OSError:
                    continue
                self.taken = door
                self._streams.add(back)
                ways = [
                    asyncio.create_task(_pass_on(reader, back)),
                    asyncio.create_task(_pass_on(there, writer)),
                ]
                # A stream's own callback would print the end of the run as an error.
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                self._streams.discard(back)
                back.close()
                return
        finally:
            self._streams.discard(writer)
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
