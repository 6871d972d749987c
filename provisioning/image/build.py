"""`image` from end to end: a copy of the base, its root changed, put together again.

The base is only ever read. All work lies in a folder beside the result, which appears at the end,
whole, or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from provisioning.files import write_public
from provisioning.flash.image import Image
from provisioning.image import contents, partitions, wheels
from provisioning.image.esp import SIZE as ESP_SIZE
from provisioning.image.esp import make_esp
from provisioning.image.ext4 import SUPERBLOCK, Ext4, room_of
from provisioning.image.facts import Facts, facts_of
from provisioning.image.node import Node, with_parents
from provisioning.image.partitions import ALIGN, Partition, Planned, Table
from provisioning.image.tarball import is_tarball, newest, unpack
from provisioning.problems import ProvisionError

SPARE = 256 * 1024 * 1024
"""Bytes that are left free in the root; it grows to the card at the first boot."""
NAMESPACE = uuid.UUID("7b1f2c70-5a53-4f0c-9d5e-6f4d1f0a9a10")
_ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
Say = Callable[[str], None]
"""Takes the key of the step that begins."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came out."""

    facts: Facts
    size: int
    sha256: str
    nodes: int


def build(
    base: Path,
    out: Path,
    wanted: contents.Wanted,
    wheel_folder: Path,
    size: int | None = None,
    say: Say = lambda _: None,
    pins: Path = wheels.PINS,
    spare: int = SPARE,
) -> Made:
    """Make `out` of `base`; `size` is the whole disk's, as small as it can be when None.

    `pins` names every wheel that is taken, with its hash; `spare` bytes of the root are left free.

    Raises ProvisionError; then nothing is left behind.
    """
    image = Image(base)
    _check_out(base, out)
    with tempfile.TemporaryDirectory(prefix=".polewatch-image-", dir=out.parent) as name:
        try:
            program = _Program(wheel_folder, pins, spare)
            made = _Build(image, Path(name), wanted, program, size, say)
            facts, disk, nodes = made.run()
            say("hash")
            sha256 = _sha256(disk)
            disk.replace(out)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise ProvisionError("image.no-room", f"{out.parent}") from error
            raise
    write_public(out.with_name(f"{out.name}.sha256"), f"{sha256}  {out.name}\n".encode())
    return Made(facts, out.stat().st_size, sha256, nodes)


@dataclass(frozen=True, slots=True)
class _Program:
    """Where the program comes from."""

    wheels: Path
    pins: Path
    spare: int
    """Bytes that stay free beside it."""


class _Build:
    """One run; `work` is removed by the caller."""

    def __init__(
        self,
        image: Image,
        work: Path,
        wanted: contents.Wanted,
        program: _Program,
        size: int | None,
        say: Say,
    ) -> None:
        self._image = image
        self._work = work
        self._wanted = wanted
        self._program = program
        self._size = size
        self._say = say
        self._root = work / "root"
        self._disk = work / "disk"
        self._scratch = work / "scratch"
        self._scratch.mkdir()

    def run(self) -> tuple[Facts, Path, int]:
        self._say("base")
        if is_tarball(self._image):
            return self._of_tarball()
        return self._of_disk()

    def _of_disk(self) -> tuple[Facts, Path, int]:
        self._need_room(self._image.bytes if self._image.kind == "raw" else 0)
        _store(self._image, self._disk)
        with self._disk.open("r+b") as disk:
            table = partitions.read_table(disk, self._image.path)
            part = _root_of(disk, table, self._image.path, self._root)
            root = Ext4(self._root, self._scratch)
            root.epoch = _epoch(root.room().written_at)
            facts, nodes = self._fill(root, lambda need: self._grow(root, table, part, need))
            grown = root.room().size
            if grown > part.size:
                end = part.start + grown
                disk.truncate(self._size or partitions.disk_size(end))
                partitions.grow(disk, table, part, grown)
            _put(self._root, disk, part.start)
        return facts, self._disk, nodes

    def _of_tarball(self) -> tuple[Facts, Path, int]:
        folder = self._work / "unpacked"
        folder.mkdir()
        nodes = unpack(self._image, folder)
        name = uuid.uuid5(NAMESPACE, f"{self._wanted.site.city}/{self._wanted.site.pole}")
        start = ALIGN + ESP_SIZE
        # Inodes and journal take some; for the program, which is not unpacked yet, it grows.
        size = _aligned(int(contents.total(nodes) * 1.1) + max(self._program.spare, 16 * ALIGN))
        root = Ext4.make(self._root, self._scratch, size, name, _epoch(newest(nodes)))
        root.write(with_parents(nodes, frozenset(("/lost+found",))))
        shutil.rmtree(folder)
        mounted = contents.fstab(root.read("/etc/fstab"), str(name))
        facts, count = self._fill(root, lambda need: self._grow(root, None, None, need), mounted)
        make_esp(self._work / "esp", root, facts.machine, name, self._scratch)
        size = root.room().size
        with self._disk.open("w+b") as disk:
            disk.truncate(self._size or partitions.disk_size(start + size))
            ids = [uuid.uuid5(name, part) for part in ("disk", "esp", "root")]
            plan = [
                Planned(partitions.ESP, ids[1], "esp", ALIGN, ESP_SIZE),
                Planned(partitions.ROOT[facts.machine], ids[2], "root", start, size),
            ]
            partitions.make(disk, plan, ids[0])
            _put(self._work / "esp", disk, ALIGN)
            _put(self._root, disk, start)
        return facts, self._disk, len(nodes) + count

    def _fill(
        self, root: Ext4, grow: Callable[[int], None], more: Sequence[Node] = ()
    ) -> tuple[Facts, int]:
        facts = facts_of(root)
        self._say("wheels")
        unpacked = self._work / "program"
        wheels.install(facts, self._program.wheels, unpacked, self._program.pins)
        texts = [(root.read(path) or b"").decode() for path in _ACCOUNTS]
        accounts, owner = contents.with_user(contents.Accounts(*texts))
        nodes = contents.box_nodes(self._wanted, owner)
        nodes += contents.program_nodes(facts, unpacked)
        nodes += contents.account_nodes(accounts, contents.shadow_group(accounts.group))
        nodes += more
        grow(contents.total(nodes) + self._program.spare)
        self._say("write")
        self._remove(root, nodes)
        there = _folders(root, nodes)
        written = [node for node in with_parents(nodes, there) if node.path not in there]
        root.write(written)
        root.check()
        return facts, len(written)

    def _remove(self, root: Ext4, nodes: list[Node]) -> None:
        old = root.kinds([node.path for node in nodes if node.kind != "folder"])
        for prefix in contents.SECRETS:
            folder, _, begin = prefix.rpartition("/")
            old |= dict.fromkeys(
                (f"{folder}/{name}" for name in root.names(folder) if name.startswith(begin)), "key"
            )
        root.remove(sorted(old))

    def _grow(self, root: Ext4, table: Table | None, part: Partition | None, need: int) -> None:
        room = root.room()
        wanted = room.size + max(0, need - room.free)
        if self._size is not None:
            start = ALIGN + ESP_SIZE if part is None else part.start
            wanted = max(wanted, room.size)
            most = (self._size - start - partitions.BACKUP) // ALIGN * ALIGN
            if most < wanted:
                least = partitions.disk_size(start + _aligned(wanted))
                detail = f"{self._size:,} bytes; at least {least:,} are needed"
                raise ProvisionError("image.too-small", detail)
            wanted = most
        if wanted <= room.size:
            return
        if table is not None and part is not None and not table.may_grow(part):
            detail = f"{self._image.path}: {room.free:,} bytes are free, {need:,} are needed"
            raise ProvisionError("image.too-small", detail)
        self._need_room(_aligned(wanted) - room.size)
        root.grow(_aligned(wanted))

    def _need_room(self, need: int) -> None:
        free = shutil.disk_usage(self._work).free
        if free < need:
            detail = f"{self._work.parent}: {free:,} bytes are free, {need:,} are needed"
            raise ProvisionError("image.no-room", detail)


def _check_out(base: Path, out: Path) -> None:
    if out.exists() or out.is_symlink():
        same = out.exists() and out.resolve() == base.resolve()
        detail = f"{out} is the base image itself" if same else f"{out} is there already"
        raise ProvisionError("image.output", detail)
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise ProvisionError("image.output", f"{out.parent} is no folder that may be written")


def _root_of(disk: BinaryIO, table: Table, path: Path, copy: Path) -> Partition:
    """Copy the partition that holds a system to `copy`; raises ProvisionError."""
    disk.seek(0, 2)
    size = disk.tell()
    seen = []
    for part in table.partitions:
        disk.seek(part.start + SUPERBLOCK)
        room = room_of(disk.read(1024))
        seen.append(f"{part.number}: {part.size:,} bytes, {'ext4' if room else 'no ext4'}")
        if room is None or part.end > size:
            continue
        _copy_out(disk, part, copy)
        found = Ext4(copy, copy.parent / "scratch").kinds(["/etc", "/usr", "/var"])
        if len(found) == 3:
            return part
    raise ProvisionError("image.no-root", f"{path} ({'; '.join(seen) or 'no partitions'})")


def _copy_out(disk: BinaryIO, part: Partition, copy: Path) -> None:
    with copy.open("wb") as file:
        disk.seek(part.start)
        left = part.size
        while left and (data := disk.read(min(left, ALIGN))):
            _sparse(file, data)
            left -= len(data)
        file.truncate(part.size)


def _store(image: Image, target: Path) -> None:
    size = 0
    with target.open("wb") as file:
        for chunk in image.chunks():
            for at in range(0, len(chunk), ALIGN):
                _sparse(file, chunk[at : at + ALIGN])
            size += len(chunk)
        file.truncate(size)
    if not size:
        raise ProvisionError("image.unreadable", f"{image.path} is empty")


def _put(source: Path, disk: BinaryIO, at: int) -> None:
    with source.open("rb") as file:
        while data := file.read(ALIGN):
            disk.seek(at)
            # What is equal stays as it is, so that holes stay holes.
            if disk.read(len(data)) != data:
                disk.seek(at)
                disk.write(data)
            at += len(data)


def _sparse(file: BinaryIO, data: bytes) -> None:
    if data.count(0) == len(data):
        file.seek(len(data), 1)
    else:
        file.write(data)


def _folders(root: Ext4, nodes: list[Node]) -> frozenset[str]:
    asked = {str(parent) for node in nodes for parent in Path(node.path).parents}
    asked |= {node.path for node in nodes if node.kind == "folder"}
    # The program's own folders are all new.
    outer = sorted(path for path in asked if not path.startswith("/opt/polewatch/"))
    return frozenset(path for path, kind in root.kinds(outer).items() if kind == "directory")


def _aligned(size: int) -> int:
    return -(-size // ALIGN) * ALIGN


def _epoch(own: int) -> int:
    """SOURCE_DATE_EPOCH (reproducible-builds.org) when it is set, else the base's own time."""
    asked = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(asked) if asked.isdigit() else max(own, 1)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
