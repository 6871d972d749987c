"""The plate's picture that is kept with a read: small, and never refused for being small."""

from __future__ import annotations

from typing import Final

import cv2

from edge_agent.scene import Image
from edge_agent.uplink.still import shrink

MOST_BYTES: Final = 8 * 1024
LONGEST_EDGE: Final = 256
_QUALITIES: Final = (85, 70, 55, 40)


def crop_jpeg(crop: Image) -> bytes:
    """JPEG of at most MOST_BYTES; ValueError when not even a coarse one fits."""
    picture = shrink(crop, LONGEST_EDGE)
    for _ in range(3):
        for quality in _QUALITIES:
            done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if done and jpeg.size <= MOST_BYTES:
                return jpeg.tobytes()
        picture = shrink(picture, max(picture.shape[:2]) // 2)
    raise ValueError(f"no picture of {crop.shape} fits {MOST_BYTES} bytes")
