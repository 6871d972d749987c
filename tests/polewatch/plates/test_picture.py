"""Pictures that anybody may have sent: decoded whole, or refused with the reason."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.scene import Image
from polewatch.plates.picture import PictureError, open_picture

RED = np.full((16, 24, 3), (0, 0, 255), np.uint8)

CMYK = base64.b85decode(
    "|JeWT01iQ9Z(?NtWB>pF0095n07C#95)>B{5gQj47aklNASgmBC?zE*Q93;^LSR*8WM5TXTWWZjfogG(b6Z`7wT6"
    "(MqpPi}XMnuPx~9jOsH>#^zyK5o01yBW1Va%3O%VWD5dcdO0RO}Q9{>OW1pxs80RaI300000000010s{mE1_uZU3"
    "Jd?l0JRVR0s#X90t5pE1q1{D00Dgg0s{a95d{(<F+m0sQDFxnaTGFvk)a49Lb1UWQqk}vGh%Xr2?`b$7#SKRCMPH"
    "<Dl|1VH#j*uLqtVJM@UIZQ&d$}S6EqEV`OD!XJ~0^b98lfcX)YvgM@{Khlq)al9QB`mY0~BnxdnmrKYE-sj9NGw6"
    "(UkxVgH*!^FkL$H>Xb($mz{*4NnC+Tr5k<mKk)=;`Y5^7Hid_V@Vt`v2Mh4g^C0O#oQ{O8@{r0O_llu4cMwD58oe"
    "qKYV@ivQU"
)
"""A JPEG of 16 x 16 red pixels in four colours."""


def stored(folder: Path, kind: str, image: Image | NDArray[np.uint16]) -> Path:
    path = folder / f"picture.{kind}"
    done, packed = cv2.imencode(f".{kind}", image)
    assert done
    path.write_bytes(packed.tobytes())
    return path


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "bmp", "gif"])
def test_every_kind_is_read_and_noticed_when_cut_short(tmp_path: Path, kind: str) -> None:
    path = stored(tmp_path, kind, RED)
    seen = open_picture(path)
    assert seen.shape == RED.shape
    assert seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - RED).max() < 12
    whole = path.read_bytes()
    for share in (0.98, 0.6):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(PictureError, match=r"cut short|damaged"):
            open_picture(path)


@pytest.mark.parametrize(
    "white",
    [
        np.full((9, 7), 255, np.uint8),
        np.full((9, 7, 3), 65_535, np.uint16),
        np.full((9, 7, 4), 255, np.uint8),
    ],
    ids=["grey", "deep", "transparent"],
)
def test_grey_deep_and_transparent_pictures_become_eight_bit_colours(
    tmp_path: Path, white: Image | NDArray[np.uint16]
) -> None:
    seen = open_picture(stored(tmp_path, "png", white))
    assert seen.shape == (9, 7, 3)
    assert seen.dtype == np.uint8
    assert seen.min() == 255


def test_four_printing_colours_become_three(tmp_path: Path) -> None:
    path = tmp_path / "print.jpg"
    path.write_bytes(CMYK)
    seen = open_picture(path)
    assert seen.shape == (16, 16, 3)
    assert np.abs(seen.astype(int) - (0, 0, 255)).max() < 12


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_of_an_animation_the_first_picture_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"moving.{kind}"
    animation = cv2.Animation()
    animation.frames = [RED, np.zeros_like(RED)]
    animation.durations = [100, 100]
    assert cv2.imwriteanimation(str(path), animation)
    assert np.abs(open_picture(path).astype(int) - RED).max() < 12


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    assert open_picture(stored(tmp_path, "png", RED[:1, :1])).shape == (1, 1, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 20_000, 20_000) + b"IEND",
        b"GIF89a" + struct.pack("<HH", 20_000, 20_000) + b";",
        b"\xff\xd8\xff\xc0" + struct.pack(">HBHH", 9, 8, 20_000, 20_000) + b"\0\0\xff\xda\0\4",
        b"BM" + struct.pack("<IIIIii", 26, 0, 26, 40, 20_000, -20_000),
        b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + bytes(8) + b"\x1f\x4e\0\x1f\x4e\0",
    ],
)
def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "huge"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=r"huge: 20000 x 20000 pixels.* shrink it"):
        open_picture(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7", "not a JPEG, PNG, WebP, BMP or GIF picture"),
        (b"\xff\xd8", "cut short"),
        (b"\xff\xd8\x00\x00\x00\x00", "cut short"),
        (b"GIF89a" + bytes(4) + b";", "has no pixels"),
        (b"BM" + struct.pack("<IIIIii", 26, 0, 26, 40, 2, 2), "damaged"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "sent"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=f"sent: .*{reason}"):
        open_picture(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"nowhere.jpg: No such file"):
        open_picture(tmp_path / "nowhere.jpg")
    with pytest.raises(PictureError, match="directory"):
        open_picture(tmp_path)
