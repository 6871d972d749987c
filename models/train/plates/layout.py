"""Where the characters of each kind of plate stand, in millimetres of the plate.

Measured on the official drawings (520 x 110, 335 x 155, 335 x 170) and, for what those leave open
(diplomatic, construction, temporary, motorcycle), on published photographs: see the model card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["digit", "small", "letter", "row", "stack", "spaced"]
"""small: a digit of the upper line; row, stack, spaced: a word side by side, one above the other,
or with a gap between its syllables."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One place: the box of its ink."""

    place: str
    kind: Kind
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of plate."""

    name: str
    type: str
    width: float
    height: float
    spots: tuple[Spot, ...]
    drawings: tuple[str, ...]
    """The sets of official drawings that fit; empty: fonts only."""
    colours: tuple[tuple[str, float], ...]
    """Grounds and how often each is drawn."""
    weight: float
    """How often it is drawn, relative to the others."""
    lines: int = 1
    bolts: Literal["sides", "top"] = "sides"


def _digits(
    names: tuple[str, ...],
    xs: tuple[float, ...],
    y: float,
    w: float,
    h: float,
    kind: Kind = "digit",
) -> tuple[Spot, ...]:
    return tuple(Spot(name, kind, x, y, w, h) for name, x in zip(names, xs, strict=True))


_TWO: Final = ("prefix2", "prefix3")
_THREE: Final = ("prefix1", "prefix2", "prefix3")
_FOUR: Final = ("serial1", "serial2", "serial3", "serial4")

_P7: Final = (
    *_digits(_TWO, (51, 107), 17.5, 41, 75),
    Spot("letter", "letter", 160.5, 24, 47, 65),
    *_digits(_FOUR, (259, 315, 371, 427), 17.5, 41, 75),
)
_P8_FILM: Final = (
    *_digits(_THREE, (69, 119, 169), 17.5, 41, 75),
    Spot("letter", "letter", 227, 23.5, 48, 65),
    *_digits(_FOUR, (304, 354, 404, 454), 17.5, 41, 75),
)
_P8: Final = (
    *_digits(_THREE, (38, 93, 148), 17.5, 41, 75),
    Spot("letter", "letter", 202, 25.5, 47, 64),
    *_digits(_FOUR, (277, 332, 387, 442), 17.5, 41, 75),
)
_P7_SHORT: Final = (
    *_digits(_TWO, (13.5, 58.5), 48, 34, 74),
    Spot("letter", "letter", 102, 63, 35.5, 59),
    *_digits(_FOUR, (152, 197, 242, 287), 48, 34, 74),
)
_P8_SHORT: Final = (
    *_digits(_THREE, (13, 53, 93), 48, 31, 74),
    Spot("letter", "letter", 133, 63, 33, 58),
    *_digits(_FOUR, (175, 214, 253, 292), 48, 31, 74),
)
_COMMERCIAL: Final = (
    Spot("region", "stack", 37, 17, 45, 75),
    *_digits(_TWO, (94, 149), 17.5, 41, 75),
    Spot("letter", "letter", 202, 22.5, 44, 64),
    *_digits(_FOUR, (275, 330, 385, 440), 17.5, 41, 75),
)
_COMMERCIAL_TWO: Final = (
    Spot("region", "row", 90, 14, 77, 39),
    *_digits(_TWO, (182, 218), 14, 30, 39, "small"),
    Spot("letter", "letter", 22, 60, 52, 63),
    *_digits(_FOUR, (105, 163, 221, 279), 60, 46, 82),
)
_OLD_REGION: Final = (
    Spot("region", "row", 90, 14, 77, 37),
    *_digits(_TWO, (180, 216), 14, 30, 37, "small"),
    Spot("letter", "letter", 20, 64, 60, 62),
    *_digits(_FOUR, (100, 158, 216, 274), 58, 44, 88),
)
_OLD_GREEN: Final = (
    *_digits(_TWO, (89, 134), 14, 38, 34, "small"),
    Spot("letter", "letter", 184, 11, 54, 40),
    *_digits(_FOUR, (14, 94, 174, 254), 62, 64, 88),
)
_CONSTRUCTION_TWO: Final = (
    Spot("region", "spaced", 86, 16, 176, 46),
    *_digits(_TWO, (20, 65), 74, 35, 74),
    Spot("letter", "letter", 110, 86, 37, 58),
    *_digits(_FOUR, (154, 198, 242, 286), 74, 35, 74),
)
_DIPLOMATIC: Final = (
    Spot("region", "stack", 44, 17, 38, 76),
    *_digits(_THREE, (112, 162, 212), 17.5, 39, 75),
    *_digits(_FOUR[1:], (300, 350, 400), 17.5, 39, 75),
)
_DIPLOMATIC_SHORT: Final = (
    Spot("region", "spaced", 82, 16, 170, 40),
    *_digits(_THREE, (28, 74, 120), 76, 36, 72),
    *_digits(_FOUR[1:], (192, 238, 284), 76, 36, 72),
)
_TEMPORARY: Final = (
    Spot("letter", "letter", 62, 16, 40, 44),
    *_digits(_FOUR, (240, 300, 360, 420), 17.5, 41, 75),
)
_MOTO_OLD: Final = (
    Spot("region", "row", 18, 10, 76, 38),
    Spot("district", "row", 110, 10, 82, 38),
    Spot("letter", "letter", 16, 58, 34, 44),
    *_digits(_FOUR, (62, 97, 132, 167), 54, 29, 52),
)
_MOTO_NEW: Final = (
    Spot("prefix3", "digit", 48, 14, 30, 54),
    Spot("letter", "letter", 88, 18, 36, 46),
    Spot("middle", "digit", 134, 14, 30, 54),
    *_digits(_FOUR, (22, 64, 106, 148), 78, 36, 62),
)

_WHITE: Final = (("white", 1.0),)
_NEW: Final = (("white", 0.72), ("blue", 0.16), ("lightgreen", 0.12))
_LONG7: Final = ("P1-1",)
_LONG8: Final = ("P1-3", "P1-4")
_SHORT: Final = ("P2", "U2", "U5")

LAYOUTS: Final = (
    Layout("p7", "p7", 520, 110, _P7, _LONG7, (("white", 0.9), ("blue", 0.1)), 0.15),
    Layout("p8-film", "p8", 520, 110, _P8_FILM, ("P1-4",), (("white", 0.9), ("blue", 0.1)), 0.09),
    Layout("p8", "p8", 520, 110, _P8, _LONG8, _NEW, 0.08),
    Layout("p7-short", "p7", 335, 155, _P7_SHORT, _SHORT, _WHITE, 0.07, bolts="top"),
    Layout("p8-short", "p8", 335, 155, _P8_SHORT, _SHORT, _NEW, 0.04, bolts="top"),
    Layout("comm", "comm", 520, 110, _COMMERCIAL, ("P4", "U4"), (("yellow", 1.0),), 0.1),
    Layout(
        "comm-two",
        "comm",
        335,
        170,
        _COMMERCIAL_TWO,
        ("P3", "U3", "U6"),
        (("yellow", 1.0),),
        0.1,
        2,
        "top",
    ),
    Layout(
        "old",
        "old",
        335,
        170,
        _OLD_REGION,
        ("P5",),
        (("green", 0.9), ("white", 0.1)),
        0.085,
        2,
        "top",
    ),
    Layout("green", "p7", 335, 170, _OLD_GREEN, ("P6", "P5"), (("green", 1.0),), 0.09, 2, "top"),
    Layout("dipl", "dipl", 520, 110, _DIPLOMATIC, ("P1-4", "P1-1"), (("navy", 1.0),), 0.025),
    Layout(
        "dipl-two",
        "dipl",
        335,
        170,
        _DIPLOMATIC_SHORT,
        ("P2", "P1-4"),
        (("navy", 1.0),),
        0.025,
        2,
        "top",
    ),
    Layout("mil", "mil", 520, 110, _P7, _LONG7, (("white", 0.8), ("black", 0.2)), 0.02),
    Layout(
        "mil-short",
        "mil",
        335,
        155,
        _P7_SHORT,
        _SHORT,
        (("white", 0.8), ("black", 0.2)),
        0.02,
        bolts="top",
    ),
    Layout("cons", "cons", 520, 110, _P8, _LONG8, (("orange", 1.0),), 0.015),
    Layout("cons-short", "cons", 335, 155, _P8_SHORT, _SHORT, (("orange", 1.0),), 0.012, 1, "top"),
    Layout("cons-old", "cons", 520, 110, _COMMERCIAL, ("P4", "U4"), (("orange", 1.0),), 0.025),
    Layout(
        "cons-two",
        "cons",
        335,
        170,
        _CONSTRUCTION_TWO,
        ("P2", "U2"),
        (("orange", 1.0),),
        0.04,
        2,
        "top",
    ),
    Layout("temp", "temp", 520, 110, _TEMPORARY, _LONG7, _WHITE, 0.015),
    Layout("moto-old", "moto", 210, 115, _MOTO_OLD, (), _WHITE, 0.06, 2, "top"),
    Layout("moto", "moto", 210, 150, _MOTO_NEW, ("P2", "P1-1"), _WHITE, 0.02, 2, "top"),
)
"""Every kind that is drawn. Large plates (440 x 200, 440 x 220) have the proportions of the short
and the two-line ones; their drawings (U5, U6) are among those of these layouts."""
