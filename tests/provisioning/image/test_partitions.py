"""Partition tables in memory: made, read, grown, and damaged ones told."""

from __future__ import annotations

import io
import struct
import uuid
from pathlib import Path

import pytest

from provisioning.image.partitions import (
    ALIGN,
    ESP,
    ROOT,
    SECTOR,
    Planned,
    disk_size,
    grow,
    make,
    read_table,
)
from provisioning.problems import ProvisionError

HERE = Path("base.img")
ID = uuid.UUID(int=7)
PLAN = [
    Planned(ESP, uuid.UUID(int=1), "esp", ALIGN, ALIGN),
    Planned(ROOT["amd64"], uuid.UUID(int=2), "root", 2 * ALIGN, 3 * ALIGN),
]


def gpt() -> io.BytesIO:
    disk = io.BytesIO(bytes(disk_size(5 * ALIGN)))
    make(disk, PLAN, ID)
    return disk


def mbr() -> io.BytesIO:
    disk = io.BytesIO(bytes(4 * ALIGN))
    for number, (start, size) in enumerate(((ALIGN, ALIGN), (2 * ALIGN, 2 * ALIGN))):
        disk.seek(446 + 16 * number + 4)
        disk.write(struct.pack("<B3xII", 0x83, start // SECTOR, size // SECTOR))
    disk.seek(510)
    disk.write(b"\x55\xaa")
    return disk


@pytest.mark.parametrize(("disk", "kind"), [(gpt, "gpt"), (mbr, "mbr")])
def test_what_was_made_is_read(disk: object, kind: str) -> None:
    table = read_table(gpt() if kind == "gpt" else mbr(), HERE)
    assert table.kind == kind
    assert [(one.number, one.start) for one in table.partitions] == [(1, ALIGN), (2, 2 * ALIGN)]
    assert [table.may_grow(one) for one in table.partitions] == [False, True]


@pytest.mark.parametrize("kind", ["gpt", "mbr"])
def test_the_last_partition_grows_and_nothing_else_changes(kind: str) -> None:
    disk = gpt() if kind == "gpt" else mbr()
    before = read_table(disk, HERE)
    disk.seek(0, 2)
    disk.write(bytes(disk_size(8 * ALIGN) - disk.tell()))
    grow(disk, before, before.partitions[1], 6 * ALIGN)
    after = read_table(disk, HERE)
    assert after.partitions[0] == before.partitions[0]
    assert (after.partitions[1].start, after.partitions[1].size) == (2 * ALIGN, 6 * ALIGN)


def test_both_copies_of_a_gpt_say_the_same() -> None:
    disk = gpt().getvalue()
    assert disk[-SECTOR:][:8] == b"EFI PART"
    assert disk[2 * SECTOR : 34 * SECTOR] == disk[-33 * SECTOR : -SECTOR]


@pytest.mark.parametrize("data", [b"", b"hello", bytes(4096)])
def test_what_has_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(ProvisionError, match="no partition table") as caught:
        read_table(io.BytesIO(data), HERE)
    assert caught.value.code == "image.unreadable"


def test_a_damaged_gpt_is_refused() -> None:
    disk = gpt()
    disk.seek(2 * SECTOR + 40)
    disk.write(b"\x11")
    with pytest.raises(ProvisionError, match="damaged"):
        read_table(disk, HERE)
