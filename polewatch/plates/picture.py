"""Opening a picture file that anybody may have sent: refused with the reason, or decoded whole."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.scene import Image

MOST_PIXELS: Final = 64_000_000
"""8K video has 33 million; decoding needs three bytes for each, and some formats as much again."""

MOST_BYTES: Final = 256_000_000

_KINDS: Final = "JPEG, PNG, WebP, BMP or GIF"

_FRAMES: Final = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_ALONE: Final = {0x01, *range(0xD0, 0xD8)}
"""JPEG markers that tell the size, and those without a length (ITU-T T.81, table B.1)."""


class PictureError(Exception):
    """A file that is not read as a picture; the message names it and the remedy."""


def open_picture(path: Path) -> Image:
    """The picture in `path`, `(H, W, 3)` uint8 BGR: turned as its EXIF says, 16 bits brought to 8,
    grey, CMYK and transparency to colours; of an animation the first picture.

    Raises PictureError when the file is missing, of another kind, cut short, damaged or too large.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PictureError(f"{path}: larger than {MOST_BYTES // 1_000_000} MB; shrink it first")
        content = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror}") from error
    width, height, whole = _header(path, content)
    if width * height > MOST_PIXELS:
        raise PictureError(
            f"{path}: {width} x {height} pixels; at most {MOST_PIXELS // 1_000_000} million are "
            "read: cut out the part with the plate, or shrink it"
        )
    if width == 0 or height == 0:
        raise PictureError(f"{path}: has no pixels; the file is damaged")
    if not whole:
        raise PictureError(f"{path}: the file is cut short; copy it again from where it came")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"{path}: damaged ({error.err}); copy it again") from error
    if image is None or image.size == 0:
        raise PictureError(f"{path}: damaged; copy it again from where it came")
    return np.ascontiguousarray(image, np.uint8)


def _header(path: Path, content: bytes) -> tuple[int, int, bool]:
    """Width, height, and whether the file has its end."""
    try:
        if content.startswith(b"\xff\xd8"):
            return _jpeg(content)
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack(">II", content[16:24])
            return width, height, b"IEND" in content[-64:]
        if content[:6] in (b"GIF87a", b"GIF89a"):
            width, height = struct.unpack("<HH", content[6:10])
            return width, height, content.rstrip(b"\0").endswith(b";")
        if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
            (size,) = struct.unpack("<I", content[4:8])
            return *_webp(content), len(content) >= size + 8
        if content.startswith(b"BM"):
            (size,) = struct.unpack("<I", content[2:6])
            width, height = struct.unpack("<ii", content[18:26])
            return abs(width), abs(height), len(content) >= size
    except (struct.error, IndexError) as error:
        raise PictureError(f"{path}: the file is cut short in its first bytes") from error
    if not content:
        raise PictureError(f"{path}: the file is empty")
    raise PictureError(f"{path}: not a {_KINDS} picture; convert it to one of these")


def _jpeg(content: bytes) -> tuple[int, int, bool]:
    width = height = 0
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise IndexError("no marker where one must be")
        marker = content[at + 1]
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xDA:
            return width, height, content.rfind(b"\xff\xd9") > at
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        at += 2 + length
    return max(width, 1), max(height, 1), False


def _webp(content: bytes) -> tuple[int, int]:
    """Of the lossy, lossless and extended forms (RFC 9649)."""
    kind = content[12:16]
    if kind == b"VP8X":
        sides = content[24:30]
        return (
            1 + int.from_bytes(sides[:3], "little"),
            1 + int.from_bytes(sides[3:6], "little"),
        )
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", content[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", content[26:30])
    return width & 0x3FFF, height & 0x3FFF
