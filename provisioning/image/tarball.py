"""A root as a tarball, unpacked flat, so that names, owners and devices need no rights."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, cast

from provisioning.flash.image import Image
from provisioning.image.node import Kind, Node
from provisioning.problems import ProvisionError

_KINDS: dict[bytes, Kind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}
_XATTR = "SCHILY.xattr."


def is_tarball(image: Image) -> bool:
    """Whether the unpacked bytes begin like a tarball (POSIX ustar's magic)."""
    return next(iter(image.chunks()), b"")[257:262] == b"ustar"


def unpack(image: Image, folder: Path) -> list[Node]:
    """Every member, its content as a numbered file in `folder`; raises ProvisionError.

    A name that leaves the root is refused. A hard link becomes a copy of its file.
    """
    nodes: dict[str, Node] = {}
    stream = cast(IO[bytes], _Stream(image.chunks()))
    try:
        with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8") as archive:
            for number, member in enumerate(archive):
                node = _node(archive, member, folder / str(number), nodes, image.path)
                nodes[node.path] = node
    except tarfile.TarError as error:
        raise ProvisionError("image.unreadable", f"{image.path}: {error}") from error
    return list(nodes.values())


def newest(nodes: list[Node]) -> int:
    """The latest time that a member names."""
    return max((node.mtime or 0 for node in nodes), default=0)


def _node(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    copy: Path,
    known: dict[str, Node],
    image: Path,
) -> Node:
    path = _inside(member.name, image)
    if member.islnk():
        first = known.get(_inside(member.linkname, image))
        if first is None:
            detail = f"{image}: {member.name} links to what is not there"
            raise ProvisionError("image.unreadable", detail)
        return replace(first, path=path)
    kind = _KINDS.get(member.type)
    if kind is None:
        detail = f"{image}: {member.name} is of an unknown kind {member.type!r}"
        raise ProvisionError("image.unreadable", detail)
    if kind == "file":
        source = archive.extractfile(member)
        assert source is not None
        with copy.open("wb") as target:
            while data := source.read(1 << 20):
                target.write(data)
    return Node(
        path=path,
        kind=kind,
        mode=member.mode & 0o7777,
        owner=(member.uid, member.gid),
        mtime=int(member.mtime),
        content=copy if kind == "file" else b"",
        target=member.linkname if kind == "link" else "",
        device=(member.devmajor, member.devminor) if kind in ("char", "block") else (0, 0),
        attributes=tuple(
            (name.removeprefix(_XATTR), value.encode("utf-8", "surrogateescape"))
            for name, value in sorted(member.pax_headers.items())
            if name.startswith(_XATTR)
        ),
    )


def _inside(name: str, image: Path) -> str:
    parts = [part for part in PurePosixPath("/", name).parts[1:] if part != "."]
    if ".." in parts:
        raise ProvisionError("image.unreadable", f"{image}: {name} leaves the root")
    return "/" + "/".join(parts)


class _Stream:
    """Chunks as the file that tarfile reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._waiting = memoryview(b"")

    def read(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            if not self._waiting:
                self._waiting = memoryview(next(self._chunks, b""))
                if not self._waiting:
                    break
            taken = bytes(self._waiting[:size])
            self._waiting = self._waiting[len(taken) :]
            parts.append(taken)
            size -= len(taken)
        return b"".join(parts)
