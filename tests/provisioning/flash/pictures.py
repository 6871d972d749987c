"""Disk images for tests: a partition table's signature, then bytes that never repeat."""

from __future__ import annotations

import random
from pathlib import Path

from provisioning.flash.device import PAGE
from provisioning.flash.image import Content, Image, inspect

CHUNK = 16 * PAGE
"""A small one, because the same happens at every size."""


def disk_image(size: int) -> bytes:
    body = bytearray(random.Random(7).randbytes(size))
    body[510:512] = b"\x55\xaa"
    return bytes(body)


def looked_at(path: Path) -> tuple[Image, Content]:
    image = Image(path, CHUNK)
    return image, inspect(image, None, 1 << 40, lambda _: None)
