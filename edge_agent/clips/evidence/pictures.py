"""Whether a file holds the pictures of a chain of signed GOPs, whole and in order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.clips.evidence import merkle
from edge_agent.clips.evidence.faults import EvidenceError
from edge_agent.clips.evidence.media import Media
from wire.evidence import GopRoot

RESYNC_90K: Final = 1_800
"""20 ms: by how much two GOPs of one run may stand apart otherwise than they were recorded."""

_SEARCHED = 5_000
"""Places at which a GOP is looked for that is not in its own."""


@dataclass(frozen=True, slots=True)
class Held:
    """Which GOPs of the chain a file holds."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Signed GOPs with the times of their pictures."""

    roots: Sequence[GopRoot]
    since_90k: Sequence[tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.roots)


def check_pictures(media: Media, chain: Chain) -> Held:
    """What of the chain the file holds; raises EvidenceError for the first GOP that is wrong."""
    check = _Check(media, chain)
    if not media.pictures:
        raise EvidenceError("missing", "the file holds no picture", chain.roots[0].start_at)
    starts = [gop for gop in range(len(chain)) if check.holds(0, gop)]
    if not starts:
        raise check.first_is_bad()
    # Scenes that repeat bit by bit fit in several places: the one that fits furthest is meant.
    runs = {gop: check.follow(gop) for gop in starts}
    first = max(starts, key=lambda gop: runs[gop][1])
    count, at = runs[first]
    if at < len(media.pictures):
        raise check.broken(at, first + count)
    check.times(first, count)
    return Held(first, count)


class _Check:
    def __init__(self, media: Media, chain: Chain) -> None:
        self._media = media
        self._shown = [picture.shown for picture in media.pictures]
        self._chain = chain

    def holds(self, at: int, gop: int) -> bool:
        """Whether GOP `gop` stands at picture `at`."""
        since = self._chain.since_90k[gop]
        part = self._shown[at : at + len(since)]
        return (
            len(part) == len(since) and merkle.gop_root(part, since) == self._chain.roots[gop].root
        )

    def follow(self, first: int) -> tuple[int, int]:
        """(GOPs, pictures) that hold one after the other from the file's first picture on."""
        at, gop = 0, first
        while gop < len(self._chain) and at < len(self._shown) and self.holds(at, gop):
            at += len(self._chain.since_90k[gop])
            gop += 1
        return gop - first, at

    def first_is_bad(self) -> EvidenceError:
        """Why not even the file's first GOP holds."""
        start_at = self._chain.roots[0].start_at
        follows = len(self._chain.since_90k[0])
        if len(self._chain) > 1 and self.holds(follows, 1):
            return EvidenceError("altered", "GOP 1 was altered", start_at)
        return EvidenceError(
            "altered",
            "the file's first GOP is none of the manifest's: it was altered, or cut within a GOP",
            start_at,
        )

    def broken(self, at: int, gop: int) -> EvidenceError:
        """What is wrong at picture `at`, where `gop` should begin."""
        chain, total = self._chain, len(self._shown)
        if gop >= len(chain):
            return EvidenceError(
                "added",
                f"{total - at} pictures follow that were not exported",
                chain.roots[-1].start_at,
            )
        bad = chain.roots[gop].start_at
        fits = [other for other in range(len(chain)) if self.holds(at, other)]
        later = [other for other in fits if other > gop]
        if later and not self._stands_later(at, gop):
            return EvidenceError(
                "missing", f"GOP {gop + 1} is missing; GOP {later[0] + 1} follows instead", bad
            )
        if fits:
            return EvidenceError(
                "reordered", f"GOP {fits[0] + 1} stands where GOP {gop + 1} should", bad
            )
        return EvidenceError("altered", f"GOP {gop + 1} was altered", bad)

    def times(self, first: int, count: int) -> None:
        """Raises EvidenceError where the file shows pictures at other times than recorded."""
        at = 0
        before: tuple[int, GopRoot] | None = None
        for gop in range(first, first + count):
            since, record = self._chain.since_90k[gop], self._chain.roots[gop]
            part = self._media.pictures[at : at + len(since)]
            zero = part[0].pts_90k
            off = max(abs(one.pts_90k - zero - due) for one, due in zip(part, since, strict=True))
            if off > self._media.slack_90k:
                raise EvidenceError(
                    "times", f"the times within GOP {gop + 1} were altered", record.start_at
                )
            if before is not None and before[1].run == record.run:
                apart = (zero - before[0]) - (record.start_90k - before[1].start_90k)
                if abs(apart) > max(RESYNC_90K, self._media.slack_90k):
                    raise EvidenceError(
                        "times",
                        f"GOP {gop + 1} begins at another time than recorded",
                        record.start_at,
                    )
            before = (zero, record)
            at += len(since)

    def _stands_later(self, at: int, gop: int) -> bool:
        last = min(len(self._shown), at + _SEARCHED)
        return any(self.holds(start, gop) for start in range(at, last))
