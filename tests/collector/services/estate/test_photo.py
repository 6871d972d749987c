"""Pictures from phones: written anew without what they tell of their making, or refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from collector.problems import ProblemError
from collector.services.estate.photo import LONGEST_SIDE, MOST_BYTES, read_photo


def picture(width: int, height: int, form: str = "JPEG", **more: object) -> bytes:
    told = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(told, form, **more)
    return told.getvalue()


def test_a_phone_s_picture_is_upright_small_and_tells_no_position() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turned by 90 degrees.
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[2] = (37.0, 32.0, 13.0)  # GPS latitude.
    told = picture(2000, 1000, exif=exif, comment=b"home of somebody")
    assert b"PhoneMaker" in told
    found = read_photo(told)
    assert b"PhoneMaker" not in found.jpeg
    assert b"somebody" not in found.jpeg
    with Image.open(io.BytesIO(found.jpeg)) as ours:
        assert ours.size == (LONGEST_SIDE // 2, LONGEST_SIDE)
        assert dict(ours.getexif()) == {}
    assert read_photo(told) == found


def huge_png() -> bytes:
    """Claims 60,000 by 60,000 pixels in a few bytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither"),
        (b"GIF89a" + bytes(100), "neither"),
        (b"<svg onload='x'>", "neither"),
        (picture(300, 300)[:800], "broken"),
        (picture(300, 300, "PNG")[:300], "broken"),
        (picture(30, 30, "BMP"), "neither"),
        (huge_png(), "pixels"),
        (bytes(MOST_BYTES + 1), "bytes"),
    ],
)
def test_what_is_no_picture_is_refused_and_says_why(data: bytes, why: str) -> None:
    with pytest.raises(ProblemError, match=why) as refused:
        read_photo(data)
    assert refused.value.code == "estate.photo"
