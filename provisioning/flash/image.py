"""An image as a stream of chunks: raw, .xz, .zst or .gz, told by its first bytes, not its name."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from provisioning.problems import ProvisionError

CHUNK = 4 * 1024 * 1024
"""Bytes read, written and compared at a time."""

_MAGIC = {
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"\x1f\x8b": "gz",
    b"PK\x03\x04": "zip",
}
_BROKEN = (lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError)
Progress = Callable[[int], None]
"""Takes how many bytes of the file have been read since the last call."""


@dataclass(frozen=True, slots=True)
class Content:
    """What the image unpacks to, found before anything is written."""

    size: int
    sha256: str
    """Of the unpacked bytes."""
    file_sha256: str
    """Of the file as it is."""
    chunks: tuple[bytes, ...]
    """BLAKE2b of each chunk, to name the first place that differs."""
    chunk: int
    """Bytes of a chunk; the last one is shorter."""


class Image:
    """A file that is read from its start as often as asked."""

    def __init__(self, path: Path, chunk: int = CHUNK) -> None:
        """Raises ProvisionError when it cannot be opened or is of a kind that is not flashed."""
        self.path = path
        self.chunk = chunk
        try:
            self.bytes = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(8)
        except OSError as error:
            raise ProvisionError("image.unreadable", f"{path}: {error.strerror}") from error
        self.kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "raw")
        if self.kind == "zip":
            raise ProvisionError("image.unreadable", f"{path} is a .zip archive: unpack it first")

    def chunks(self, progress: Progress = lambda _: None) -> Iterator[bytes]:
        """The unpacked bytes, a chunk at a time, the last one shorter; raises ProvisionError."""
        try:
            with self.path.open("rb") as file:
                counted = _Counted(file, progress)
                yield from _whole(self._unpacked(counted), self.chunk)
        except _BROKEN as error:
            raise ProvisionError(
                "image.unreadable", f"{self.path}: damaged or cut off ({error})"
            ) from error
        except OSError as error:
            raise ProvisionError("image.unreadable", f"{self.path}: {error.strerror}") from error

    def _unpacked(self, file: _Counted) -> BinaryIO:
        raw = cast(BinaryIO, file)
        if self.kind == "xz":
            return cast(BinaryIO, lzma.LZMAFile(raw))
        if self.kind == "gz":
            return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
        if self.kind == "zst":
            return cast(BinaryIO, _Zstandard(raw))
        return raw


def inspect(image: Image, expected: str | None, limit: int, progress: Progress) -> Content:
    """Read the whole image once: its hashes, its size, and whether it is a disk's image at all.

    `expected` is the SHA-256 of the file or of what it unpacks to. Raises ProvisionError,
    and as soon as more than `limit` bytes come out, so that no archive unpacks for ever.
    """
    whole, size = hashlib.sha256(), 0
    chunks: list[bytes] = []
    for chunk in image.chunks(progress):
        if not chunks and not _has_partition_table(chunk):
            raise ProvisionError("image.unreadable", f"{image.path} holds no partition table")
        size += len(chunk)
        if size > limit:
            raise ProvisionError(
                "card.too-small", f"{image.path} unpacks to more than {limit:,} bytes"
            )
        whole.update(chunk)
        chunks.append(digest(chunk))
    if not chunks:
        raise ProvisionError("image.unreadable", f"{image.path} is empty")
    unpacked = whole.hexdigest()
    packed = unpacked if image.kind == "raw" else _sha256_of(image.path)
    if expected is not None and expected.lower() not in (unpacked, packed):
        raise ProvisionError("image.hash", f"{image.path}: {packed}, expected {expected.lower()}")
    return Content(size, unpacked, packed, tuple(chunks), image.chunk)


def expected_hash(image: Path) -> str | None:
    """What a file IMAGE.sha256 beside the image says (as sha256sum writes it); None without one."""
    beside = image.with_name(f"{image.name}.sha256")
    if not beside.is_file():
        return None
    text = beside.read_text(errors="replace")
    for line in text.splitlines():
        found = re.fullmatch(r"([0-9a-fA-F]{64})(?:[ \t]+\*?(.+))?", line.strip())
        if found and (found[2] is None or Path(found[2]).name == image.name):
            return found[1]
    raise ProvisionError("image.hash", f"{beside} names no SHA-256 of {image.name}")


def digest(chunk: bytes | memoryview) -> bytes:
    """A chunk's own short hash."""
    return hashlib.blake2b(chunk, digest_size=16).digest()


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._progress(len(data))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


class _Zstandard:
    """All frames of a .zst file; one that is cut off is an error here."""

    def __init__(self, file: BinaryIO) -> None:
        # Part of the extra `provision`; the authority works without.
        import zstandard

        self._error = zstandard.ZstdError
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=2**27)
        self._file = file
        self._frame = self._unpacker.decompressobj()
        self._waiting = b""
        self._open = False

    def read(self, size: int) -> bytes:
        while not self._waiting:
            data = self._file.read(1 << 20)
            if not data:
                if self._open:
                    raise EOFError("the last frame ends early")
                return b""
            self._take(data)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def _take(self, data: bytes) -> None:
        out = []
        while data:
            self._open = True
            try:
                out.append(self._frame.decompress(data))
            except self._error as error:
                raise EOFError(str(error)) from error
            data = b""
            if self._frame.eof:
                data = self._frame.unused_data
                self._frame = self._unpacker.decompressobj()
                self._open = False
        self._waiting = b"".join(out)


def _whole(stream: BinaryIO, chunk: int) -> Iterator[bytes]:
    while True:
        parts, missing = [], chunk
        while missing and (data := stream.read(missing)):
            parts.append(data)
            missing -= len(data)
        if parts:
            yield b"".join(parts)
        if missing:
            return


def _has_partition_table(head: bytes) -> bool:
    return len(head) >= 512 and head[510:512] == b"\x55\xaa"


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
