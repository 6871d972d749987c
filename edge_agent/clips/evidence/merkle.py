"""Merkle trees as in RFC 6962, section 2.1, over the pictures of one GOP. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from edge_agent.camera import nal

_LEAF, _NODE = b"\x00", b"\x01"
"""Kept apart, so that no inner node can be passed off as a picture (RFC 6962, 2.1)."""


def picture(units: Iterable[bytes], codec: nal.Codec) -> bytes:
    """What an access unit shows: SHA-256 over the SHA-256 of each of its VCL NAL units.

    Delimiters and parameter sets, which containers move about, do not count. Each unit is hashed
    by itself, so that none can be cut elsewhere.
    """
    digest = hashlib.sha256()
    for unit in units:
        if nal.is_vcl(codec, unit):
            digest.update(hashlib.sha256(unit).digest())
    return digest.digest()


def leaf(shown: bytes, since_90k: int) -> bytes:
    """The leaf of a picture shown `since_90k` ticks of 90 kHz after the first of its GOP."""
    return hashlib.sha256(_LEAF + since_90k.to_bytes(8, "big", signed=True) + shown).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash; raises ValueError when there is no leaf."""
    if not leaves:
        raise ValueError("a GOP holds at least one picture")
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(_NODE + root(leaves[:left]) + root(leaves[left:])).digest()


def gop_root(shown: Sequence[bytes], since_90k: Sequence[int]) -> str:
    """The root (hex) of a GOP: its pictures in decoding order with their times."""
    return root([leaf(*pair) for pair in zip(shown, since_90k, strict=True)]).hex()
