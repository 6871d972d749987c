"""A viewer as a program that asks for exports: says on the channel what a test wants it to say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiortc import RTCDataChannel

from polewatch.viewer import Viewer
from wire.export import CHANNEL

PATIENCE_S = 60.0


class Ask:
    """One data channel, and what came on it."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self.channel = channel
        self._open = asyncio.Event()
        self._came: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        channel.on("open", self._open.set)
        channel.on("message", self._came.put_nowait)
        channel.on("close", lambda: self._came.put_nowait(None))

    async def say(self, message: str | bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._open.wait()
        self.channel.send(message)

    async def request(self, camera: str, start_at: str, end_at: str) -> dict[str, Any]:
        """Ask for a span; the pole's answer."""
        words = {"kind": "request", "camera": camera, "start_at": start_at, "end_at": end_at}
        await self.say(json.dumps(words))
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """The pole's next JSON; raises ConnectionError when it closed the channel."""
        said = await self.next()
        assert isinstance(said, str)
        found: dict[str, Any] = json.loads(said)
        return found

    async def next(self) -> str | bytes:
        """What comes next; raises ConnectionError when the pole closed the channel."""
        async with asyncio.timeout(PATIENCE_S):
            came = await self._came.get()
        if came is None:
            raise ConnectionError("the pole closed the channel")
        return came

    async def file(self) -> tuple[bytes, dict[str, Any]]:
        """Go, all of the file, and what the pole says at its end."""
        await self.say('{"kind": "go"}')
        parts: list[bytes] = []
        while not isinstance(came := await self.next(), str):
            parts.append(came)
        return b"".join(parts), json.loads(came)


class ExportViewer(Viewer):
    """`ask()` before `watch`; more may follow once it stands."""

    def ask(self, label: str = CHANNEL) -> Ask:
        return Ask(self._peer.createDataChannel(label))
