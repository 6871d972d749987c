"""What is put into a file system: one node a file, folder, link or device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

Kind = Literal["file", "folder", "link", "char", "block", "fifo"]


@dataclass(frozen=True, slots=True)
class Node:
    """One thing at an absolute path of the box."""

    path: str
    kind: Kind = "file"
    mode: int = 0o644
    """Permissions only."""
    owner: tuple[int, int] = (0, 0)
    """User and group."""
    mtime: int | None = None
    """Seconds since 1970; the image's own time when None."""
    content: bytes | Path = b""
    """Of a file: its bytes, or the file on this machine that holds them."""
    target: str = ""
    """Of a link."""
    device: tuple[int, int] = (0, 0)
    """Major and minor of a device."""
    attributes: tuple[tuple[str, bytes], ...] = ()
    """Extended attributes such as security.capability."""


def with_parents(nodes: list[Node], there: frozenset[str]) -> list[Node]:
    """The nodes by path, each folder before what is in it; folders that nobody has are added.

    `there` are folders that the file system has already.
    """
    named = {node.path: node for node in nodes}
    for node in nodes:
        for parent in PurePosixPath(node.path).parents:
            path = str(parent)
            if path not in named and path not in there and path != "/":
                named[path] = Node(path, "folder", 0o755)
    return [named[path] for path in sorted(named, key=lambda path: path.split("/"))]


def owned(nodes: list[Node], owner: tuple[int, int]) -> list[Node]:
    """The same nodes, of that user and group."""
    return [replace(node, owner=owner) for node in nodes]
