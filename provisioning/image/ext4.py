"""An ext4 file system in a file of its own, read and written by e2fsprogs without mounting it."""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.image.node import Node
from provisioning.image.tools import run
from provisioning.problems import ProvisionError

SUPERBLOCK = 1024
MAGIC = 0xEF53
# Named one by one, so that neither the machine's mke2fs.conf nor its version decides; GRUB 2.06
# reads all of them.
FEATURES = (
    "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,"
    "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum"
)
_KINDS = {"file": 0o100000, "folder": 0o040000, "link": 0o120000, "char": 0o020000,
          "block": 0o060000, "fifo": 0o010000}  # fmt: skip
_FIXED = 1_700_000_000
"""The time of e2fsprogs' own steps where none is asked for."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a file system has, from its superblock (linux/fs/ext4/ext4.h)."""

    block: int
    blocks: int
    free_blocks: int
    free_nodes: int
    written_at: int
    uuid: str

    @property
    def size(self) -> int:
        return self.block * self.blocks

    @property
    def free(self) -> int:
        return self.block * self.free_blocks


def room_of(superblock: bytes) -> Room | None:
    """Of the 1024 bytes at SUPERBLOCK; None when they are none of ext2, 3 or 4."""
    if len(superblock) < 1024 or struct.unpack_from("<H", superblock, 56)[0] != MAGIC:
        return None
    blocks, _, free, free_nodes = struct.unpack_from("<4I", superblock, 4)
    (log_block,) = struct.unpack_from("<I", superblock, 24)
    (written,) = struct.unpack_from("<I", superblock, 48)
    (incompat,) = struct.unpack_from("<I", superblock, 96)
    if incompat & 0x80:  # 64bit: the upper halves count
        blocks |= struct.unpack_from("<I", superblock, 336)[0] << 32
        free |= struct.unpack_from("<I", superblock, 344)[0] << 32
    found = str(uuid.UUID(bytes=superblock[104:120]))
    return Room(1024 << min(log_block, 6), blocks, free, free_nodes, written, found)


class Ext4:
    """The file system in `file`; `scratch` is a folder for what passes through."""

    def __init__(self, file: Path, scratch: Path, epoch: int = _FIXED) -> None:
        self.file = file
        self._scratch = scratch
        self.epoch = epoch

    @classmethod
    def make(cls, file: Path, scratch: Path, size: int, name: uuid.UUID, epoch: int) -> Ext4:
        """A new one of `size` bytes."""
        made = cls(file, scratch, epoch)
        with file.open("wb") as empty:
            empty.truncate(size)
        run(
            ["mke2fs", "-q", "-F", "-t", "ext4", "-O", FEATURES, "-b", "4096", "-I", "256",
             "-i", "16384", "-m", "1", "-L", "polewatch", "-U", str(name), "-E",
             f"hash_seed={name},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0",
             str(file)],
            environment=made._fixed,
        )  # fmt: skip
        return made

    @property
    def _fixed(self) -> dict[str, str]:
        now = str(self.epoch)
        return {"E2FSPROGS_FAKE_TIME": now, "E2FSCK_TIME": now, "MKE2FS_CONFIG": "/dev/null"}

    def room(self) -> Room:
        """Raises ProvisionError when this is no ext4."""
        with self.file.open("rb") as file:
            file.seek(SUPERBLOCK)
            found = room_of(file.read(1024))
        if found is None:
            raise ProvisionError("image.no-root", f"{self.file} holds no ext4")
        return found

    def kinds(self, paths: Sequence[str]) -> dict[str, str]:
        """Of each path that is there: directory, regular, symlink …; links are not followed."""
        said = self._debugfs([f"stat {_quoted(path)}" for path in paths], strict=False)
        found: dict[str, str] = {}
        for block in re.split(r"^debugfs: ", said, flags=re.M)[1:]:
            command, _, answer = block.partition("\n")
            kind = re.search(r"^Inode: \d+ +Type: (.+?) +Mode:", answer, re.M)
            if kind:
                found[_unquoted(command.removeprefix("stat ").strip())] = kind[1]
        return found

    def names(self, folder: str) -> list[str]:
        """What a folder holds; empty when there is none."""
        said = self._debugfs([f"ls -p {_quoted(folder)}"], strict=False)
        rows = [line.split("/") for line in said.splitlines() if line.startswith("/")]
        return sorted(row[5] for row in rows if len(row) > 6 and row[5] not in (".", "..", ""))

    def read(self, path: str) -> bytes | None:
        """A regular file's content, links on the way followed; None when there is none."""
        copy = self._scratch / "read"
        copy.unlink(missing_ok=True)
        self._debugfs([f"dump {_quoted(path)} {_quoted(str(copy))}"], strict=False)
        return copy.read_bytes() if copy.is_file() and copy.stat().st_size else None

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files that are there."""
        if paths:
            self._debugfs([f"rm {_quoted(path)}" for path in paths])

    def write(self, nodes: Iterable[Node]) -> None:
        """Put nodes in, in their order; what is there must have been removed, folders excepted."""
        self._debugfs(list(self._commands(nodes)))

    def grow(self, size: int) -> None:
        """To `size` bytes."""
        with self.file.open("r+b") as file:
            file.truncate(size)
        self.check()
        run(["resize2fs", str(self.file)], environment=self._fixed)

    def check(self) -> None:
        """Mend what is left over, index the folders; raises ProvisionError when it is broken.

        It comes last: only e2fsck gives the superblock a time that was asked for.
        """
        command = ["e2fsck", "-f", "-y", "-D", str(self.file)]
        run(command, environment=self._fixed, good=(0, 1))
        run(["e2fsck", "-f", "-n", str(self.file)], environment=self._fixed)

    def _commands(self, nodes: Iterable[Node]) -> Iterable[str]:
        yield f"set_current_time @{self.epoch}"
        here = ""
        for number, node in enumerate(nodes):
            folder, _, name = node.path.rpartition("/")
            # `write` takes a name in the folder where debugfs stands, never a path.
            if folder != here or not number:
                yield f"cd {_quoted(folder or '/')}"
                here = folder
            path = _quoted(name) if name else '"/"'
            if node.kind == "folder":
                if node.path not in ("/", "/lost+found"):
                    yield f"mkdir {path}"
            elif node.kind == "link":
                yield f"symlink {path} {_quoted(node.target)}"
            elif node.kind == "file":
                yield f"write {_quoted(str(self._source(node, number)))} {path}"
            else:
                letter = {"char": "c", "block": "b", "fifo": "p"}[node.kind]
                numbers = "" if letter == "p" else f" {node.device[0]} {node.device[1]}"
                yield f"mknod {path} {letter}{numbers}"
            # ctime and crtime too: debugfs would leave its own.
            mtime = self.epoch if node.mtime is None else node.mtime
            fields = {"mode": f"0{_KINDS[node.kind] | node.mode:o}", "uid": node.owner[0],
                      "gid": node.owner[1], "mtime": f"@{mtime}", "atime": f"@{mtime}",
                      "ctime": f"@{self.epoch}", "crtime": f"@{self.epoch}"}  # fmt: skip
            for field, value in fields.items():
                yield f"sif {path} {field} {value}"
            for index, (attribute, value_bytes) in enumerate(node.attributes):
                kept = self._scratch / f"attribute-{number}-{index}"
                kept.write_bytes(value_bytes)
                yield f"ea_set -f {_quoted(str(kept))} {path} {attribute}"

    def _source(self, node: Node, number: int) -> Path:
        if isinstance(node.content, Path):
            return node.content
        kept = self._scratch / f"content-{number}"
        kept.write_bytes(node.content)
        return kept

    def _debugfs(self, commands: Sequence[str], *, strict: bool = True) -> str:
        """Run commands; its exit code says nothing, so with `strict` any complaint is a failure."""
        script = self._scratch / "commands"
        script.write_text("\n".join(commands) + "\n", encoding="utf-8")
        flags = ["-w"] if strict else []
        arguments = ["debugfs", *flags, "-f", str(script), str(self.file)]
        done = run(arguments, environment=self._fixed)
        said = done.stderr.decode(errors="replace")
        complaints = [line for line in said.splitlines() if not line.startswith("debugfs 1.")]
        if strict and complaints:
            detail = "; ".join(complaints[:3])
            full = "space" in detail or "free" in detail.lower()
            raise ProvisionError("image.too-small" if full else "image.tool", f"debugfs: {detail}")
        return done.stdout.decode(errors="surrogateescape")


def _quoted(path: str) -> str:
    """As libss reads it: in quotes, a quote doubled; a line break cannot be said at all."""
    if "\n" in path:
        raise ProvisionError("image.contents", f"{path!r}: a name with a line break")
    return '"' + path.replace('"', '""') + '"'


def _unquoted(text: str) -> str:
    return text.removeprefix('"').removesuffix('"').replace('""', '"')
