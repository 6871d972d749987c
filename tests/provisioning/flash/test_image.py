"""Images of every kind, whole and damaged."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from provisioning.flash.image import Image, expected_hash, inspect
from provisioning.problems import ProvisionError
from tests.provisioning.flash.pictures import CHUNK, disk_image, looked_at

RAW = disk_image(CHUNK + 12_345)
SHA = hashlib.sha256(RAW).hexdigest()


def two_parts(pack: Callable[[bytes], bytes]) -> bytes:
    """As parallel packers write: several streams after each other."""
    return pack(RAW[:30_000]) + pack(RAW[30_000:])


def xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


PACKED = {
    "raw": RAW,
    "xz": two_parts(xz),
    "zst": two_parts(zstandard.ZstdCompressor(level=1).compress),
    "gz": two_parts(lambda data: gzip.compress(data, 1)),
}


@pytest.mark.parametrize("kind", PACKED)
def test_the_bytes_tell_the_kind_whatever_the_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(PACKED[kind])
    image = Image(path, CHUNK)
    seen: list[int] = []
    content = inspect(image, None, 1 << 40, seen.append)
    assert (image.kind, content.size, content.sha256) == (kind, len(RAW), SHA)
    assert content.file_sha256 == hashlib.sha256(PACKED[kind]).hexdigest()
    assert [len(chunk) for chunk in image.chunks()] == [CHUNK, 12_345]
    assert sum(seen) >= len(PACKED[kind])


@pytest.mark.parametrize("kind", ["xz", "zst", "gz"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_archive_is_found_before_anything_is_written(
    tmp_path: Path, kind: str, damage: str
) -> None:
    data = bytearray(PACKED[kind])
    if damage == "cut":
        del data[-200:]
    else:
        data[len(data) // 2] ^= 0xFF
    path = tmp_path / "image"
    path.write_bytes(data)
    # A flipped bit that unpacks all the same is told by the hash.
    with pytest.raises(ProvisionError, match=r"PW-27[12]"):
        inspect(Image(path, CHUNK), SHA, 1 << 40, lambda _: None)


def test_either_hash_may_be_expected_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pole.img.xz"
    path.write_bytes(PACKED["xz"])
    image = Image(path, CHUNK)
    for good in (SHA.upper(), hashlib.sha256(PACKED["xz"]).hexdigest()):
        assert inspect(image, good, 1 << 40, lambda _: None).sha256 == SHA
    with pytest.raises(ProvisionError, match=f"PW-271 .*expected {'0' * 64}"):
        inspect(image, "0" * 64, 1 << 40, lambda _: None)


def test_the_hash_beside_the_image_is_read_as_sha256sum_writes_it(tmp_path: Path) -> None:
    image = tmp_path / "pole.img"
    beside = tmp_path / "pole.img.sha256"
    assert expected_hash(image) is None
    for text in (f"{SHA}\n", f"{SHA}  pole.img\n", f"{'1' * 64}  other\n{SHA} *out/pole.img\n"):
        beside.write_text(text)
        assert expected_hash(image) == SHA
    for text in ("", "hello", f"{SHA}  other.img"):
        beside.write_text(text)
        with pytest.raises(ProvisionError, match="PW-271"):
            expected_hash(image)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello", "no partition table"),
        (bytes(4096), "no partition table"),
        (b"PK\x03\x04" + bytes(600), "unpack it first"),
    ],
)
def test_what_is_no_disk_image_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(data)
    with pytest.raises(ProvisionError, match=says):
        looked_at(path)


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="No such file"):
        Image(tmp_path / "nothing.img")


def test_an_archive_that_unpacks_beyond_the_card_is_stopped_there(tmp_path: Path) -> None:
    path = tmp_path / "bomb.img.xz"
    path.write_bytes(PACKED["xz"])
    with pytest.raises(ProvisionError, match="PW-254"):
        inspect(Image(path, CHUNK), None, CHUNK - 1, lambda _: None)
