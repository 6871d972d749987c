"""Partition tables as bytes: read, made, and grown at the end.

Sources: UEFI specification 2.10, chapter 5 (GPT); the classic master boot record.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from provisioning.problems import ProvisionError

SECTOR = 512
ALIGN = 1024 * 1024
ENTRIES, ENTRY = 128, 128
BACKUP = SECTOR * 33
"""Bytes of the copy at the end: 32 sectors of entries and a header."""
ESP = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
ROOT = {
    "amd64": uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"),
    "arm64": uuid.UUID("b921b045-1df0-41c3-af44-4c6f280d3fae"),
}
"""Discoverable Partitions Specification."""
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")


@dataclass(frozen=True, slots=True)
class Partition:
    """One entry, with its number as people count."""

    number: int
    start: int
    """Byte."""
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Table:
    """A disk's partitions in the order of their numbers."""

    kind: Literal["gpt", "mbr"]
    partitions: tuple[Partition, ...]

    def may_grow(self, partition: Partition) -> bool:
        """Whether nothing lies behind it."""
        return all(one.start < partition.end for one in self.partitions)


@dataclass(frozen=True, slots=True)
class Planned:
    """A partition to be made."""

    type: uuid.UUID
    id: uuid.UUID
    name: str
    start: int
    size: int


def read_table(disk: BinaryIO, path: Path) -> Table:
    """Raises ProvisionError when there is none that can be understood."""
    disk.seek(0)
    head = disk.read(2 * SECTOR)
    if len(head) < 2 * SECTOR or head[510:512] != b"\x55\xaa":
        raise ProvisionError("image.unreadable", f"{path} holds no partition table")
    if head[SECTOR : SECTOR + 8] == b"EFI PART":
        return Table("gpt", _gpt(disk, path, head[SECTOR:]))
    found = []
    for number in range(4):
        kind = head[446 + 16 * number + 4]
        start, length = struct.unpack_from("<II", head, 446 + 16 * number + 8)
        if kind and length:
            found.append(Partition(number + 1, start * SECTOR, length * SECTOR))
    return Table("mbr", tuple(found))


def grow(disk: BinaryIO, table: Table, partition: Partition, size: int) -> None:
    """Write the table anew with `partition` of `size` bytes, the disk's end right behind it.

    The file itself must have been lengthened before, to at least what `disk_size` says.
    """
    if table.kind == "mbr":
        disk.seek(446 + 16 * (partition.number - 1) + 12)
        disk.write(struct.pack("<I", size // SECTOR))
        return
    disk.seek(SECTOR)
    header = list(_HEADER.unpack(disk.read(_HEADER.size)))
    disk.seek(header[10] * SECTOR)
    entries = bytearray(disk.read(header[11] * header[12]))
    at = (partition.number - 1) * header[12]
    struct.pack_into("<Q", entries, at + 40, (partition.start + size) // SECTOR - 1)
    disk.seek(0, 2)
    _write_gpt(disk, bytes(entries), uuid.UUID(bytes_le=header[9]), disk.tell())


def disk_size(end: int) -> int:
    """Bytes of a disk whose last partition ends there, with room for GPT's copy."""
    return -(-(end + BACKUP) // ALIGN) * ALIGN


def make(disk: BinaryIO, planned: Sequence[Planned], name: uuid.UUID) -> None:
    """A new GPT with a protective MBR; the file must have its length already."""
    entries = bytearray(ENTRIES * ENTRY)
    for index, one in enumerate(planned):
        struct.pack_into(
            "<16s16sQQQ72s", entries, index * ENTRY, one.type.bytes_le, one.id.bytes_le,
            one.start // SECTOR, (one.start + one.size) // SECTOR - 1, 0,
            one.name.encode("utf-16-le"),
        )  # fmt: skip
    disk.seek(0, 2)
    size = disk.tell()
    disk.seek(446)
    sectors = min(size // SECTOR - 1, 0xFFFFFFFF)
    disk.write(struct.pack("<8sII", b"\x00\x00\x02\x00\xee\xff\xff\xff", 1, sectors))
    disk.seek(510)
    disk.write(b"\x55\xaa")
    _write_gpt(disk, bytes(entries), name, size)


def _gpt(disk: BinaryIO, path: Path, header: bytes) -> tuple[Partition, ...]:
    fields = _HEADER.unpack_from(header)
    count, width = fields[11], fields[12]
    if width < 128 or count > 1024:
        raise ProvisionError("image.unreadable", f"{path}: its GPT is damaged")
    disk.seek(fields[10] * SECTOR)
    entries = disk.read(count * width)
    if zlib.crc32(entries) != fields[13]:
        raise ProvisionError("image.unreadable", f"{path}: its GPT is damaged")
    found = []
    for index in range(count):
        first, last = struct.unpack_from("<QQ", entries, index * width + 32)
        if entries[index * width : index * width + 16] != bytes(16):
            found.append(Partition(index + 1, first * SECTOR, (last - first + 1) * SECTOR))
    return tuple(found)


def _write_gpt(disk: BinaryIO, entries: bytes, name: uuid.UUID, size: int) -> None:
    last = size // SECTOR - 1
    table = len(entries) // SECTOR
    for here, there, where in ((1, last, 2), (last, 1, last - table)):
        fields = [
            b"EFI PART", 0x10000, _HEADER.size, 0, 0, here, there, 2 + table, last - table - 1,
            name.bytes_le, where, len(entries) // ENTRY, ENTRY, zlib.crc32(entries),
        ]  # fmt: skip
        fields[3] = zlib.crc32(_HEADER.pack(*fields))
        disk.seek(where * SECTOR)
        disk.write(entries)
        disk.seek(here * SECTOR)
        disk.write(_HEADER.pack(*fields).ljust(SECTOR, b"\0"))
