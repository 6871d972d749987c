"""The picture that travels with a finding: small enough for a thin link, the box not drawn in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2

from edge_agent.scene import Image

QUALITIES = (75, 65, 55, 45, 35)
SMALLEST_EDGE = 64


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG with its hash and size in pixels."""

    jpeg: bytes
    sha256: str
    width: int
    height: int


def shrink(image: Image, longest_edge: int) -> Image:
    """A copy with its longest edge at most `longest_edge` pixels; never enlarged."""
    height, width = image.shape[:2]
    scale = longest_edge / max(height, width)
    if scale >= 1:
        return image.copy()
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(image.dtype, copy=False)


def encode(image: Image, max_bytes: int) -> Still:
    """JPEG of at most `max_bytes`: quality goes down first, then size.

    Raises ValueError when not even a thumbnail fits.
    """
    picture = image
    while max(picture.shape[:2]) >= SMALLEST_EDGE:
        for quality in QUALITIES:
            done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if done and jpeg.size <= max_bytes:
                data = jpeg.tobytes()
                height, width = picture.shape[:2]
                return Still(data, hashlib.sha256(data).hexdigest(), width, height)
        picture = shrink(picture, max(picture.shape[:2]) * 3 // 4)
    raise ValueError(f"no still of {image.shape} fits {max_bytes} bytes")
