"""A second, tiny memory of the highest number given out, beside the outbox's folder.

When the folder is lost, damaged or put back from an older copy, the mark still says which numbers
had been given out, so that they can be named as lost instead of silently missing. It is written
after each commit and not synced. Before a commit that gives out a number it says so too
(`reserved`), so that an outbox which dies in between and is lost is missed to its last event.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import structlog

SLOT_BYTES = 256

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mark says: numbers up to `last_seq` of `epoch` exist, up to `contiguous` arrived.

    Those up to `reserved` may exist: their commit had begun.
    """

    epoch: str
    last_seq: int
    contiguous: int
    turn: int
    reserved: int = 0

    @property
    def highest(self) -> int:
        """The highest number that may have been given out."""
        return max(self.last_seq, self.reserved)


class Mark:
    """Two slots in one preallocated file, written in turn: a torn write costs one step at most."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._turn = 0
        self._fd: int | None = None
        self._failed = False
        self._newest: Reading | None = None

    def read(self) -> Reading | None:
        """The newest intact slot; None when there is none."""
        try:
            raw = self.file.read_bytes()
        except OSError:
            return None
        slots = [_decode(raw[at : at + SLOT_BYTES]) for at in (0, SLOT_BYTES)]
        found = [slot for slot in slots if slot is not None]
        newest = max(found, key=lambda slot: slot.turn, default=None)
        if newest is not None:
            self._turn = newest.turn
        return newest

    def write(self, epoch: str, last_seq: int, contiguous: int) -> None:
        """Remember; failing to is logged once and harms nothing while the outbox itself is well."""
        self._put(Reading(epoch, last_seq, contiguous, self._turn + 1))

    def reserve(self, epoch: str, last_seq: int) -> None:
        """Say that numbers up to `last_seq` are about to be committed, in the epoch of the mark."""
        known = self._newest
        if known is not None and known.epoch == epoch and last_seq > known.last_seq:
            self._put(replace(known, turn=self._turn + 1, reserved=last_seq))

    def _put(self, reading: Reading) -> None:
        self._turn, self._newest = reading.turn, reading
        slot = _encode(reading)
        try:
            if self._fd is None:
                self._fd = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._fd, slot, SLOT_BYTES * (self._turn % 2))
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("mark.unwritable", file=str(self.file), error=error.strerror)
            self._failed = True

    def sync(self) -> None:
        """Push it to the disk: after an epoch began, and at a clean end."""
        if self._fd is not None:
            try:
                os.fsync(self._fd)
            except OSError as error:
                log.warning("mark.unwritable", file=str(self.file), error=error.strerror)

    def close(self) -> None:
        if self._fd is not None:
            self.sync()
            os.close(self._fd)
            self._fd = None


def _encode(reading: Reading) -> bytes:
    text = json.dumps(asdict(reading)).encode()
    return f"{zlib.crc32(text):08x} ".encode() + text.ljust(SLOT_BYTES - 10) + b"\n"


def _decode(slot: bytes) -> Reading | None:
    check, _, text = slot.partition(b" ")
    text = text.rstrip()
    if f"{zlib.crc32(text):08x}".encode() != check:
        return None
    try:
        return Reading(**json.loads(text))
    except (ValueError, TypeError):
        return None
