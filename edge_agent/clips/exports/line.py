"""The data channel of a session: what its page asks for, and the file on its way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from aiortc import RTCDataChannel
from pydantic import ValidationError

from edge_agent.clips.exports.beside import Beside
from edge_agent.clips.exports.desk import ExportDesk, ExportRefusedError, Made
from edge_agent.clips.exports.permit import refusal
from edge_agent.clips.pump import Pump
from wire.clock import Clock
from wire.export import CHANNEL, CHUNK, ExportRefused, ExportRequest, ExportWord
from wire.grant import Grant
from wire.names import WireModel

MOST_BUFFERED = 1_000_000
"""Bytes that wait in the channel at most."""
BLOCK = 16 * CHUNK
"""Bytes that are read at a time."""
MOST_CHANNELS = 16
"""A page that opens more in one session is broken or hostile."""
MOST_WAITING = 4
REQUEST_S = 20.0
"""A channel on which nothing is asked for so long is closed."""
WORD_S = 60.0
"""After the file the page has so long to write it and to say so."""
LOOK_S = 0.02
"""aiortc tells of a channel's end by its state alone, as surely as by any event."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ExportNews:
    """What is to be audited of an export."""

    action: Literal["export", "export.refused", "export.end"]
    code: str | None = None
    detail: str = ""
    request: ExportRequest | None = None
    made: Made | None = None
    bytes_sent: int | None = None


class _BrokenOffError(Exception):
    """The page went away, or says something else than it may now."""


class ExportLine:
    """The exports of one session, one after the other; `close` once."""

    def __init__(
        self,
        desk: ExportDesk,
        grant: Grant,
        token: str,
        pump: Pump,
        clock: Clock,
        tell: Callable[[ExportNews], None],
    ) -> None:
        self._desk = desk
        self._grant = grant
        self._token = token
        self._pump = pump
        self._clock = clock
        self._tell = tell
        self._opened = 0
        self._channel: RTCDataChannel | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether an export is under way, for which the session stays open."""
        return self._task is not None and not self._task.done()

    def take(self, channel: RTCDataChannel) -> None:
        """Called for each channel that the page opens."""
        self._opened += 1
        # What was broken off is over, though it takes a moment until that is noticed here.
        before = self._channel
        others = self.busy and before is not None and before.readyState == "open"
        if channel.label != CHANNEL or others or self._opened > MOST_CHANNELS:
            channel.close()
            return
        heard: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)

        def hear(message: str | bytes) -> None:
            # Who sends more than it may ask is let go.
            if not isinstance(message, str) or heard.full():
                channel.close()
            else:
                heard.put_nowait(message)

        channel.on("message", hear)
        self._channel = channel
        self._task = asyncio.create_task(self._serve(channel, heard, self._task))

    async def close(self) -> None:
        """End what is under way; its file and its process are gone afterwards."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _serve(
        self,
        channel: RTCDataChannel,
        heard: asyncio.Queue[str],
        before: asyncio.Task[None] | None,
    ) -> None:
        """`before` is let come to its end first; who cancels this one cancels both."""
        request: ExportRequest | None = None
        if before is not None and not before.done():
            await before
        try:
            request = _read(await _next(channel, heard, REQUEST_S))
            found = refusal(request, self._grant, self._clock.now())
            if found is not None:
                raise ExportRefusedError(*found)
            async with self._desk.export(request, self._grant, self._token) as made:
                await self._hand_over(channel, heard, request, made)
        except ExportRefusedError as error:
            self._tell(ExportNews("export.refused", error.code, error.detail, request))
            _say(channel, ExportRefused(code=error.code, detail=error.detail[:500]))
        except (_BrokenOffError, TimeoutError) as error:
            log.info("export.unasked", grant=self._grant.grant_id, why=str(error) or "silent")
            channel.close()
        except Exception as error:
            # Only this export is concerned; the session and the agent go on.
            log.error("export.broken", error=f"{type(error).__name__} {error}"[:300])
            self._tell(ExportNews("export.refused", "internal", str(error)[:300], request))
            _say(channel, ExportRefused(code="internal", detail=""))

    async def _hand_over(
        self,
        channel: RTCDataChannel,
        heard: asyncio.Queue[str],
        request: ExportRequest,
        made: Made,
    ) -> None:
        # Entered before the first byte leaves: nothing goes out unseen.
        self._tell(ExportNews("export", None, self._grant.purpose, request, made))
        sent, how = 0, "not asked for when it was ready"
        try:
            _say(channel, made.told)
            await self._word(channel, heard, "go", None)
            how = "broken off"
            with made.path.open("rb") as file:
                pace = Beside(self._pump)
                while block := await asyncio.to_thread(file.read, BLOCK):
                    for at in range(0, len(block), CHUNK):
                        chunk = block[at : at + CHUNK]
                        await self._give(channel, chunk, pace)
                        sent += len(chunk)
            _say(channel, made.told.model_copy(update={"kind": "done"}))
            await self._room(channel, MOST_BUFFERED)
            how = "sent, but the page did not say that it was kept"
            await self._word(channel, heard, "kept", WORD_S)
            how = "kept by the viewer, whose page found the same hash"
        except (_BrokenOffError, TimeoutError) as error:
            how = f"{how}: {error or 'it said nothing'}"
        finally:
            self._tell(ExportNews("export.end", None, how, request, made, sent))

    async def _give(self, channel: RTCDataChannel, chunk: bytes, pace: Beside) -> None:
        await pace.turn(len(chunk))
        await self._room(channel, len(chunk))
        channel.send(chunk)

    async def _room(self, channel: RTCDataChannel, size: int) -> None:
        """Wait until the channel's buffer has room for so many bytes."""
        while channel.bufferedAmount + size > MOST_BUFFERED:
            _still_open(channel)
            await asyncio.sleep(LOOK_S)
        _still_open(channel)

    async def _word(
        self, channel: RTCDataChannel, heard: asyncio.Queue[str], wanted: str, wait_s: float | None
    ) -> None:
        """Wait for the page's word; without `wait_s` as long as its grant lasts."""
        try:
            said = ExportWord.model_validate_json(await _next(channel, heard, wait_s)).kind
        except ValidationError:
            said = "failed"
        if said != wanted:
            raise _BrokenOffError(f"the page said: {said}")


async def _next(channel: RTCDataChannel, heard: asyncio.Queue[str], wait_s: float | None) -> str:
    """What the page says next; raises TimeoutError, and _BrokenOffError when it closed."""
    async with asyncio.timeout(wait_s):
        while heard.empty():
            _still_open(channel)
            await asyncio.sleep(LOOK_S)
    return heard.get_nowait()


def _read(text: str) -> ExportRequest:
    try:
        return ExportRequest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ExportRefusedError("request.invalid", f"{where}: {first['msg']}"[:300]) from error


def _say(channel: RTCDataChannel, what: WireModel) -> None:
    # A page that is gone cannot be told; what happened is in the audit.
    if channel.readyState == "open":
        with contextlib.suppress(ConnectionError):
            channel.send(what.model_dump_json())


def _still_open(channel: RTCDataChannel) -> None:
    if channel.readyState != "open":
        raise _BrokenOffError("the page closed the channel")
