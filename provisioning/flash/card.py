"""One card: tried, written, read back. The first chunk, with the partition table, goes on last,

so that a card that was pulled halfway never starts a box.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from provisioning.flash.device import PAGE, Device, aligned, trouble
from provisioning.flash.image import Content, digest
from provisioning.problems import ProvisionError

MARK = PAGE
Advance = Callable[[int], None]
"""Takes how many more bytes are done."""


def probe(device: Device) -> None:
    """Find a card that says more than it holds: marks at growing distances must all stay.

    A counterfeit drops what lies beyond its end or writes it over its start (addresses modulo a
    power of two; see the description of f3's probe), so every power of two and the very end gets
    a mark of its own, all are written, then all are read. The marks are cleared again. Raises
    ProvisionError.
    """
    places = sorted(set(_places(device.size)))
    marks = {place: os.urandom(MARK) for place in places}
    buffer = aligned(MARK)
    for place in places:
        buffer[:] = marks[place]
        _whole(device, device.write, place, buffer)
    _flush(device, places[-1])
    found = {}
    for place in places:
        _whole(device, device.read, place, buffer)
        found[place] = bytes(buffer)
    if found != marks:
        lost = [p for p in places[1:] if found[p] != marks[p] or found[p] == found[0]]
        holds = lost[0] if lost else 0
        detail = f"{device.path} says {device.size:,} bytes, holds about {holds:,}"
        raise ProvisionError("card.capacity", detail)
    buffer[:] = bytes(MARK)
    for place in places:
        _whole(device, device.write, place, buffer)
    _flush(device, places[-1])


class CardWriter:
    """Takes the image's chunks in order, then finishes by the first one."""

    def __init__(self, device: Device, content: Content) -> None:
        self._device = device
        self._content = content
        self._chunk = content.chunk
        self._buffer = aligned(self._chunk)
        self._first = b""
        self._at = 0

    def begin(self) -> None:
        """Erase the old partition table, at the card's start and its copy at the end."""
        self._buffer[:] = bytes(self._chunk)
        ends = {0: min(self._chunk, self._device.size)}
        tail = max(0, (self._device.size - self._chunk) // PAGE * PAGE)
        ends[tail] = self._device.size - tail
        for place, length in ends.items():
            _whole(self._device, self._device.write, place, self._buffer[:length])

    def take(self, chunk: bytes) -> None:
        """The next chunk; raises ProvisionError, also when the image changed meanwhile."""
        index = self._at // self._chunk
        if index >= len(self._content.chunks) or digest(chunk) != self._content.chunks[index]:
            raise ProvisionError("image.hash", "the image changed while it was read")
        if index:
            self._put(chunk, self._at)
        else:
            self._first = chunk
        self._at += len(chunk)

    def finish(self) -> None:
        """Flush, then write what makes it start; raises ProvisionError when chunks are missing."""
        if self._at != self._content.size:
            raise ProvisionError("image.hash", "the image became shorter while it was read")
        _flush(self._device, self._at)
        self._put(self._first, 0)
        _flush(self._device, 0)

    def _put(self, chunk: bytes, offset: int) -> None:
        length = min(-(-len(chunk) // PAGE) * PAGE, self._device.size - offset)
        self._buffer[: len(chunk)] = chunk
        self._buffer[len(chunk) : length] = bytes(length - len(chunk))
        _whole(self._device, self._device.write, offset, self._buffer[:length])


def compare(device: Device, content: Content, advance: Advance) -> None:
    """Read the card itself and compare every chunk; ProvisionError names the first difference."""
    buffer = aligned(content.chunk)
    for index, wanted in enumerate(content.chunks):
        offset = index * content.chunk
        length = min(content.chunk, content.size - offset)
        padded = min(-(-length // PAGE) * PAGE, device.size - offset)
        _whole(device, device.read, offset, buffer[:padded])
        if digest(buffer[:length]) != wanted:
            where = f"{device.path}, between bytes {offset:,} and {offset + length:,}"
            raise ProvisionError("card.differs", where)
        advance(length)


def _places(size: int) -> Iterator[int]:
    last = (size - MARK) // PAGE * PAGE
    step = PAGE
    yield 0
    while step < last:
        yield step
        step *= 2
    yield max(0, last)


def _whole(
    device: Device, move: Callable[[int, memoryview], int], at: int, data: memoryview
) -> None:
    """`move` (the device's own read or write) until all of `data` has gone through it."""
    done = 0
    while done < len(data):
        try:
            count = move(at + done, data[done:])
        except OSError as error:
            raise trouble(device, error, at + done) from error
        # With O_DIRECT the rest must begin at a page again.
        count = count if done + count == len(data) else count // PAGE * PAGE
        if count <= 0:
            raise _ends(device, at + done)
        done += count


def _flush(device: Device, offset: int) -> None:
    try:
        device.flush()
    except OSError as error:
        raise trouble(device, error, offset) from error


def _ends(device: Device, offset: int) -> ProvisionError:
    if not device.is_there():
        return ProvisionError("card.pulled", f"{device.path} at byte {offset:,}")
    return ProvisionError(
        "card.capacity", f"{device.path} of {device.size:,} bytes ends at {offset:,}"
    )
