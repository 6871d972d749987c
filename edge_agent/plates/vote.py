"""Many looks at one plate, one read: which looks count, and what they say together. Pure.

Looks at one car resemble each other, and so do their errors: ten looks are no ten witnesses. The
characters' log-probabilities are averaged with the looks' weights, and the average counts as often
as independent looks would, which are few.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2

from edge_agent.plates.grammar import judge
from edge_agent.plates.rectify import Quad
from edge_agent.plates.types import UNREADABLE, Candidate, Character, PlateRead
from edge_agent.scene import Box, Image

KEPT: Final = 8
"""Looks of a passage that are kept, the best."""

FULL_WIDTH_PX: Final = 160.0
"""A plate this wide shows all that the reader can use; below, errors grow, and letters that differ
in one stroke (어, 허) are the first."""

FULL_SHARPNESS: Final = 250.0
"""Variance of the Laplacian of a plate 128 pixels wide from which on blur plays no part."""

WITNESSES: Final = 2.0
"""The most that looks at one car count for together."""

_FLOOR: Final = 2e-3
"""What a character gets from a look that does not name it."""

_SAME_PLATE: Final = 0.5
"""The share of places in which two looks must agree to be of one plate."""


@dataclass(frozen=True, slots=True)
class Look:
    """One plate in one frame."""

    read: PlateRead
    media_s: float
    quad: Quad
    """Corners in fractions of the frame."""
    width_px: float
    """The plate's width in the frame, along its upper and lower edge."""
    sharpness: float
    """As `sharpness` gives it."""
    crop: Image
    """The plate upright."""

    @property
    def box(self) -> Box:
        """The upright box around the corners, within the frame."""
        xs = [min(1.0, max(0.0, x)) for x, _ in self.quad]
        ys = [min(1.0, max(0.0, y)) for _, y in self.quad]
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

    @property
    def weight(self) -> float:
        """How much it counts: size, sharpness, angle, and how sure the reader is, each 0..1; never
        0. What is smeared as its car crosses is as large as what is not, and its errors many."""
        size = min(1.0, self.width_px / FULL_WIDTH_PX)
        sharp = min(1.0, self.sharpness / FULL_SHARPNESS)
        seen = size**3 * (0.2 + 0.8 * sharp) * self.squareness
        return max(1e-3, seen * (0.2 + 0.8 * self.read.confidence))

    @property
    def squareness(self) -> float:
        """1 for a plate seen straight on, towards 0 with the angle: how far opposite edges differ
        and the corners lean."""
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = self.quad
        left, right = math.hypot(dx - ax, dy - ay), math.hypot(cx - bx, cy - by)
        if min(left, right) <= 0:
            return 1e-3
        lean = abs(math.atan2(by - ay, max(bx - ax, 1e-9)))
        return max(1e-3, min(left, right) / max(left, right) * math.cos(min(lean, 1.5)))


def sharpness(crop: Image) -> float:
    """Variance of the Laplacian of the crop brought to 128 pixels of width."""
    height, width = crop.shape[:2]
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    size = (128, max(8, round(128 * height / max(width, 1))))
    return float(cv2.Laplacian(cv2.resize(grey, size), cv2.CV_32F).var())


def keep_best(looks: Sequence[Look], look: Look) -> tuple[Look, ...]:
    """The looks with one more, at most KEPT of the greatest weight, in order of time."""
    best = sorted((*looks, look), key=lambda one: -one.weight * (0.2 + one.read.confidence))[:KEPT]
    return tuple(sorted(best, key=lambda one: one.media_s))


def same_plate(one: PlateRead, other: PlateRead) -> bool:
    """Whether two reads may be of one plate: they agree in half of the places that both fill."""
    pairs = [
        (a.best.text, b.best.text)
        for a, b in zip(one.characters, other.characters, strict=False)
        if a.best.text and b.best.text and UNREADABLE not in (a.best.text, b.best.text)
    ]
    if len(pairs) < 3:
        return one.text == other.text
    return sum(a == b for a, b in pairs) > _SAME_PLATE * len(pairs)


def fuse(looks: Sequence[Look]) -> tuple[PlateRead, tuple[Look, ...]]:
    """What the looks say together, and which of them are of that plate.

    Looks that show another plate (a car behind) are left out: the plate with the greatest weight
    is meant. Raises ValueError without a look.
    """
    if not looks:
        raise ValueError("a read needs at least one look")
    ours = _of_one_plate(looks)
    weights = [look.weight for look in ours]
    total = sum(weights)
    witnesses = min(WITNESSES, total / max(weights))
    characters = tuple(
        _character([look.read.characters[place] for look in ours], weights, witnesses)
        for place in range(len(ours[0].read.characters))
    )
    if not characters:
        best = max(ours, key=lambda look: look.weight * look.read.confidence)
        return best.read, ours
    best = max(ours, key=lambda look: look.weight)
    text = _text(characters, [look.read for look in ours])
    colour = _most([(look.read.colour, w) for look, w in zip(ours, weights, strict=True)])
    said = _most([(look.read.type, w) for look, w in zip(ours, weights, strict=True)])
    verdict = judge(text, colour)
    confidence = math.prod(one.best.probability for one in characters)
    # A look knows more of itself than its characters say: that it is a plate at all.
    doubt = max(_beyond_characters(look.read) for look in ours)
    # Places that many weak looks agree on are no proof of the whole: a plate of another country is
    # taken for the same one of ours again and again, each time with little confidence.
    most = 1.0 - (1.0 - max(look.read.confidence for look in ours)) ** WITNESSES
    kind = said if said == "foreign" or verdict.type in ("none", said) else verdict.type
    return PlateRead(text, characters, min(confidence * doubt, most), kind, colour), ours


def _of_one_plate(looks: Sequence[Look]) -> tuple[Look, ...]:
    """The heaviest group of looks that agree with each other's surest."""
    left = sorted(looks, key=lambda look: -look.weight * look.read.confidence)
    groups: list[list[Look]] = []
    for look in left:
        for group in groups:
            if same_plate(group[0].read, look.read):
                group.append(look)
                break
        else:
            groups.append([look])
    best = max(groups, key=lambda group: sum(one.weight * one.read.confidence for one in group))
    return tuple(sorted(best, key=lambda look: look.media_s))


def _character(seen: Sequence[Character], weights: Sequence[float], witnesses: float) -> Character:
    """One place over all looks; a look that cannot read it says nothing about it."""
    told = [
        (one, weight)
        for one, weight in zip(seen, weights, strict=True)
        if one.best.text != UNREADABLE
    ]
    if not told:
        return seen[0]
    texts = {c.text for one, _ in told for c in one.candidates if c.text != UNREADABLE}
    total = sum(weight for _, weight in told)
    count = 1.0 + (witnesses - 1.0) * min(1.0, (len(told) - 1) / max(1, len(seen) - 1))
    scores = {}
    for text in texts:
        logs = sum(weight * math.log(_probability(one, text)) for one, weight in told)
        scores[text] = count * logs / total
    # What no look names shares the floor: a single weak candidate must not become certain.
    rest = count * sum(w * math.log(max(_FLOOR, _unnamed(one))) for one, w in told) / total
    top = max(*scores.values(), rest)
    odds = {text: math.exp(score - top) for text, score in scores.items()}
    whole = sum(odds.values()) + math.exp(rest - top)
    ranked = sorted(odds.items(), key=lambda item: -item[1])[:8]
    return Character(seen[0].place, tuple(Candidate(text, p / whole) for text, p in ranked))


def _probability(character: Character, text: str) -> float:
    found = next((c.probability for c in character.candidates if c.text == text), 0.0)
    return max(found, _FLOOR)


def _unnamed(character: Character) -> float:
    return 1.0 - sum(c.probability for c in character.candidates)


def _text(characters: Sequence[Character], reads: Iterable[PlateRead]) -> str:
    """The characters put together; a look that says the same lends its own spelling."""
    plain = "".join(one.best.text for one in characters)
    for read in reads:
        if plain == "".join(one.best.text for one in read.characters):
            return read.text
    return plain


def _beyond_characters(read: PlateRead) -> float:
    """What the whole read's confidence is below that of its characters, 0..1."""
    characters = math.prod(one.best.probability for one in read.characters)
    return min(1.0, read.confidence / characters) if characters > 0 else 1.0


def _most(votes: Iterable[tuple[str, float]]) -> str:
    sums: dict[str, float] = defaultdict(float)
    for text, weight in votes:
        sums[text] += weight
    return max(sums, key=lambda text: sums[text])
