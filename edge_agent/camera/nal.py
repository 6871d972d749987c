"""NAL units of an Annex B access unit: splitting, kinds, and the field that tells B-frames."""

from __future__ import annotations

from typing import Literal

Codec = Literal["h264", "hevc"]

START_CODE = b"\x00\x00\x00\x01"
_IDR = 5
_PARAMETER_SETS = {"h264": frozenset({7, 8}), "hevc": frozenset({32, 33, 34})}
_H264_VCL = frozenset({1, 2, 3, 4, 5})
_H264_SLICE_HEADERS = frozenset({1, 2, 5})
_HEVC_IRAP = range(16, 24)
_B_SLICES = frozenset({1, 6})


def split(data: bytes) -> list[bytes]:
    """The NAL units of a byte stream (ITU-T H.264 Annex B), without start codes and padding."""
    units = []
    start = data.find(b"\x00\x00\x01")
    while start != -1:
        start += 3
        following = data.find(b"\x00\x00\x01", start)
        # A NAL unit never ends in a zero byte (7.4.1), so these belong to the next start code.
        unit = data[start : len(data) if following == -1 else following].rstrip(b"\x00")
        if unit:
            units.append(unit)
        start = following
    return units


def join(units: list[bytes]) -> bytes:
    """An Annex B access unit of these NAL units."""
    return b"".join(START_CODE + unit for unit in units)


def kind(codec: Codec, unit: bytes) -> int:
    """`nal_unit_type`: H.264 table 7-1, H.265 table 7-1."""
    return unit[0] & 0x1F if codec == "h264" else (unit[0] >> 1) & 0x3F


def is_vcl(codec: Codec, unit: bytes) -> bool:
    """Whether the unit carries picture data, which nothing on the way may change."""
    number = kind(codec, unit)
    return number in _H264_VCL if codec == "h264" else number < 32


def is_random_access(codec: Codec, unit: bytes) -> bool:
    """Whether the unit starts a picture from which decoding can begin (IDR; H.265: IRAP)."""
    number = kind(codec, unit)
    return number == _IDR if codec == "h264" else number in _HEVC_IRAP


def parameter_sets(codec: Codec, units: list[bytes]) -> list[bytes]:
    """SPS and PPS (H.265: VPS too) among the units, in order, each once."""
    sets = (unit for unit in units if kind(codec, unit) in _PARAMETER_SETS[codec])
    return list(dict.fromkeys(sets))


def has_b_slice(units: list[bytes]) -> bool:
    """Whether the first slice of an H.264 access unit is a B slice (`slice_type`, 7.4.3)."""
    for unit in units:
        if kind("h264", unit) in _H264_SLICE_HEADERS:
            return _slice_type(unit) in _B_SLICES
    return False


def _slice_type(unit: bytes) -> int:
    # first_mb_in_slice and slice_type are the first two Exp-Golomb numbers; 16 bytes hold them.
    head = unit[1:17].replace(b"\x00\x00\x03", b"\x00\x00")
    bits = f"{int.from_bytes(head):0{len(head) * 8}b}"
    _, rest = _exp_golomb(bits)
    return _exp_golomb(rest)[0]


def _exp_golomb(bits: str) -> tuple[int, str]:
    zeros = bits.find("1")
    end = 2 * zeros + 1
    if zeros < 0 or end > len(bits):
        return -1, ""
    return int(bits[zeros:end], 2) - 1, bits[end:]
