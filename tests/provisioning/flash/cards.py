"""Cards as the operating system shows them, sound and bad ones: a Device over memory."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class MemoryCard:
    """A sound card; the ones below differ in what they do with bytes."""

    size: int
    path: Path = Path("/dev/sdx")
    parts: int | None = 2
    most: int | None = None
    """Bytes that one call reads or writes at most."""
    data: bytearray = field(init=False)
    log: list[tuple[str, int, int]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self.data = bytearray(b"\xa5" * self.size)

    def write(self, offset: int, data: memoryview) -> int:
        count = len(data[: self.most])
        self.log.append(("write", offset, count))
        self.data[offset : offset + count] = data[:count]
        return count

    def read(self, offset: int, into: memoryview) -> int:
        count = len(into[: self.most])
        self.log.append(("read", offset, count))
        into[:count] = self.data[offset : offset + count]
        return count

    def flush(self) -> None:
        self.log.append(("flush", 0, 0))

    def is_there(self) -> bool:
        return True

    def reread_partitions(self) -> int | None:
        self.log.append(("partitions", 0, 0))
        return self.parts

    def close(self) -> None:
        self.closed = True


@dataclass
class WrappingCard(MemoryCard):
    """Counterfeit: addresses beyond what it holds land at its start again."""

    holds: int = 0

    def write(self, offset: int, data: memoryview) -> int:
        return super().write(offset % self.holds, data)

    def read(self, offset: int, into: memoryview) -> int:
        return super().read(offset % self.holds, into)


@dataclass
class DroppingCard(MemoryCard):
    """Counterfeit: takes everything, keeps what fits and reads zeros beyond."""

    holds: int = 0

    def write(self, offset: int, data: memoryview) -> int:
        return super().write(offset, data) if offset < self.holds else len(data)

    def read(self, offset: int, into: memoryview) -> int:
        if offset < self.holds:
            return super().read(offset, into)
        into[:] = bytes(len(into))
        return len(into)


@dataclass
class FailingCard(MemoryCard):
    """Fails the first time that a call touches `at`, by `error`; `pulled` ones stay away."""

    at: int = 0
    error: int = errno.EIO
    when: str = "write"
    after: int = 0
    """How many such calls go well before."""
    pulled: bool = False
    gone: bool = False

    def _touch(self, when: str, offset: int, length: int) -> None:
        if self.gone or (when == self.when and offset <= self.at < offset + length):
            self.after -= 1
            if self.gone or self.after < 0:
                self.gone = self.pulled
                raise OSError(self.error, os.strerror(self.error))

    def write(self, offset: int, data: memoryview) -> int:
        self._touch("write", offset, len(data))
        return super().write(offset, data)

    def read(self, offset: int, into: memoryview) -> int:
        self._touch("read", offset, len(into))
        return super().read(offset, into)

    def flush(self) -> None:
        self._touch("flush", 0, 1)
        super().flush()

    def is_there(self) -> bool:
        return not self.gone


@dataclass
class ForgettingCard(MemoryCard):
    """Worn out: one bit reads differently than it was written."""

    at: int = 0

    def read(self, offset: int, into: memoryview) -> int:
        count = super().read(offset, into)
        if offset <= self.at < offset + count:
            into[self.at - offset] ^= 1
        return count


@dataclass
class EndingCard(MemoryCard):
    """Writes and reads nothing more from `ends` on, without an error."""

    ends: int = 0

    def write(self, offset: int, data: memoryview) -> int:
        return 0 if offset >= self.ends else super().write(offset, data)
