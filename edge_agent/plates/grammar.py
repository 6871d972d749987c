"""What a plate's text can be: the legal formats, as a judge of reads, never as their corrector.

Formats, letters and class numbers: DOMAIN §3. Pure; nothing here changes what was read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from edge_agent.plates.types import UNREADABLE
from wire.plate_text import LONGEST, normalise

PRIVATE: Final = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"
COMMERCIAL: Final = "바사아자"
RENTAL: Final = "하허호"
DELIVERY: Final = "배"
MILITARY: Final = "국합육해공"
TEMPORARY: Final = "임"
REGIONAL: Final = "".join(
    chr(0xAC00 + 588 * initial + 28 * vowel)
    for vowel in (0, 4, 8, 13, 18, 20)
    for initial in (0, 2, 3, 5, 6, 7, 9, 11, 12, 14, 15, 16, 17, 18)
)
"""Letters of plates with a region, until 2004: fourteen consonants by six vowels, 가거고구그기 …"""

LETTERS: Final = PRIVATE + COMMERCIAL + RENTAL + DELIVERY + MILITARY
"""Every letter that stands alone on today's plates."""

REGIONS: Final = (
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기",
    "강원", "충북", "충남", "전북", "전남", "경북", "경남", "제주",
)  # fmt: skip
WORDS: Final = ("외교", "영사", "준외", "준영", "국기", "협정", "대표")
"""Of diplomatic plates."""

LONG_ASPECT: Final = 3.3
"""Width over height between plates of two lines (335 x 155 mm: 2.2) and of one (520 x 110: 4.7)."""

_LATIN: Final = re.compile(r"[A-Z0-9?]{4,12}")


@dataclass(frozen=True, slots=True)
class Plate:
    """A text taken apart as one type of plate; parts that the type lacks are empty."""

    text: str
    """In normal form."""
    type: str
    """One of edge_agent.plates.types.PLATE_TYPES."""
    region: str = ""
    """Region of a plate, with the district of old motorcycle plates; a diplomatic plate's word."""
    prefix: str = ""
    """The class number, before the letter."""
    letter: str = ""
    serial: str = ""

    @property
    def partial(self) -> bool:
        """Whether a character of it could not be read."""
        return UNREADABLE in self.text


def _set(letters: str) -> str:
    return f"[{letters}?]"


_D = "[0-9?]"
_SERIAL = rf"(?P<serial>(?!00){_D}{{4}})"
"""0100 to 9999."""

_REGION = rf"(?P<region>{'|'.join(REGIONS)}|\?{{1,2}})"

_PRIVATE: Final = _set(PRIVATE + RENTAL + DELIVERY)
_PUBLIC: Final = _set(COMMERCIAL + DELIVERY)
_ANY: Final = _set(LETTERS)
_OLD: Final = _set(REGIONAL + DELIVERY)
_TWO: Final = f"(?!00){_D}{{2}}"
"""Class numbers have no 00 and no 000; three digits begin at 100."""

_FORMS: Final = tuple(
    (kind, re.compile(form))
    for kind, form in (
        ("p7", rf"(?P<prefix>{_TWO})(?P<letter>{_PRIVATE}){_SERIAL}"),
        ("p8", rf"(?P<prefix>[1-9?]{_D}{{2}})(?P<letter>{_set(PRIVATE + RENTAL)}){_SERIAL}"),
        ("cons", rf"(?P<prefix>0{_TWO})(?P<letter>{_ANY}){_SERIAL}"),
        ("mil", rf"(?P<prefix>{_TWO})(?P<letter>{_set(MILITARY)}){_SERIAL}"),
        ("comm", rf"{_REGION}(?P<prefix>{_TWO})(?P<letter>{_PUBLIC}){_SERIAL}"),
        ("old", rf"{_REGION}(?P<prefix>[1-9?]|{_TWO})(?P<letter>{_OLD}){_SERIAL}"),
        ("cons", rf"{_REGION}(?P<prefix>{_TWO})(?P<letter>{_OLD}){_SERIAL}"),
        ("dipl", rf"(?P<region>{'|'.join(WORDS)})(?P<prefix>{_D}{{3}})(?P<serial>{_D}{{3}})"),
        ("moto", rf"(?P<prefix>[1-9?])(?P<letter>[가-힣?])(?P<serial>{_D}(?!00){_D}{{4}})"),
        # Before 2026-03-20: region and district above, letter and number below.
        (
            "moto",
            rf"(?P<region>(?:{'|'.join(REGIONS)})[가-힣?]{{1,4}}?)(?P<letter>{_OLD}){_SERIAL}",
        ),
        ("temp", rf"(?P<letter>{TEMPORARY}){_SERIAL}"),
    )
)
"""The likelier first: it is what a text with several readings is taken for."""


def parse(text: str) -> tuple[Plate, ...]:
    """Every way to read `text` as a plate, the likelier first; empty when it is none."""
    normal = normalise(text)
    if len(normal) > LONGEST:
        return ()
    found: dict[str, Plate] = {}
    for kind, form in _FORMS:
        match = form.fullmatch(normal)
        if match is not None and kind not in found:
            found[kind] = Plate(normal, kind, **match.groupdict())
    if not found and is_foreign(normal):
        return (Plate(normal, "foreign"),)
    return tuple(found.values())


def plausible(text: str) -> bool:
    """Whether a Korean plate can say this; UNREADABLE stands for any character."""
    return any(plate.type != "foreign" for plate in parse(text))


def is_foreign(text: str) -> bool:
    """Whether it reads like another country's plate: Latin letters and digits, or other scripts.

    Digits alone are not: house and bus numbers are digits alone.
    """
    normal = normalise(text)
    if not 4 <= len(normal) <= LONGEST or any("가" <= one <= "힣" for one in normal):
        return False
    if _LATIN.fullmatch(normal):
        return any("A" <= one <= "Z" for one in normal) and any(one.isdigit() for one in normal)
    letters = [one for one in normal if one.isalpha()]
    known = all(one.isalnum() or one == UNREADABLE for one in normal)
    return bool(letters) and known and any(one.isdigit() for one in normal)


_BY_COLOUR: Final = {
    "white": ("p8", "p7", "mil", "moto", "temp", "old", "foreign"),
    "yellow": ("comm", "p7", "foreign"),
    "blue": ("p8", "p7"),
    "lightgreen": ("p8", "p7"),
    "green": ("old", "p7"),
    "navy": ("dipl",),
    "orange": ("cons",),
    "black": ("mil", "foreign"),
}
_TWO_LINES_ONLY: Final = frozenset({"old", "moto"})
_ONE_LINE_ONLY: Final = frozenset({"temp"})


def type_candidates(colour: str, aspect: float | None = None) -> tuple[str, ...]:
    """Types that a plate of this ground (of PLATE_COLOURS) and width over height may have.

    An unknown colour, as under infrared, leaves all.
    """
    every = tuple(dict.fromkeys(one for types in _BY_COLOUR.values() for one in types))
    types = _BY_COLOUR.get(colour, every)
    if aspect is None:
        return types
    wrong = _TWO_LINES_ONLY if aspect >= LONG_ASPECT else _ONE_LINE_ONLY
    return tuple(one for one in types if one not in wrong)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the grammar says of a read."""

    type: str
    """As the text is built and, where that leaves a choice, as its colour says; "none" when the
    text fits no format."""
    plausible: bool
    odd: str | None
    """Why it deserves doubt, in a word: format, colour; None when nothing does."""


def judge(text: str, colour: str = "unknown", aspect: float | None = None) -> Verdict:
    """Judge a text by its format, its ground and its shape."""
    readings = [plate.type for plate in parse(text)]
    if not readings:
        return Verdict("none", False, "format")
    if readings == ["foreign"]:
        return Verdict("foreign", False, None)
    allowed = type_candidates(colour, aspect)
    fitting = [kind for kind in readings if kind in allowed]
    return Verdict((fitting or readings)[0], True, None if fitting else "colour")
