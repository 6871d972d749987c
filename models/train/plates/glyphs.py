"""The shapes of the characters: official drawings (Apache-2.0) and gothic fonts of Debian.

A shape is a mask, `(h, w)` uint8, cut tight around its ink. Hangul differs between the official
drawings and any font far more than digits do, so the drawings are the main source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

FONT_FOLDERS: Final = (Path("/usr/share/fonts/truetype"), Path("/usr/share/fonts/opentype"))
FONTS: Final = (
    "NanumGothicBold.ttf",
    "NanumGothicExtraBold.ttf",
    "NanumBarunGothicBold.ttf",
    "NanumBarunGothic.ttf",
    "NanumSquareB.ttf",
    "NanumSquareEB.ttf",
    "NanumSquareR.ttf",
    "NanumSquareRoundB.ttf",
    "NanumSquareRoundEB.ttf",
    "NanumSquareRoundR.ttf",
    "NanumGothicCodingBold.ttf",
    "UnDotumBold.ttf",
    "UnDotum.ttf",
    "UnDinaruBold.ttf",
    "UnDinaru.ttf",
    "UnGraphicBold.ttf",
    "dotum.ttf",
    "gulim.ttf",
    "hline.ttf",
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
)
_HEIGHT: Final = 88
"""Pixels of a stored shape: above what any plate is drawn with."""

_ROMAN: Final = {
    "seoul": "서울", "busan": "부산", "daegu": "대구", "incheon": "인천", "gwangju": "광주",
    "daejon": "대전", "daejeon": "대전", "ulsan": "울산", "gyeongi": "경기", "gangwon": "강원",
    "kangwan": "강원", "chungbuk": "충북", "chungnam": "충남", "cheonbuk": "전북",
    "jeonbuk": "전북", "jeonnam": "전남", "gyeongbuk": "경북", "kyeongbuk": "경북",
    "gyeongnam": "경남", "kyeongnam": "경남", "jeju": "제주",
}  # fmt: skip
_INITIALS: Final = {"": 11, "g": 0, "n": 2, "d": 3, "r": 5, "l": 5, "m": 6, "b": 7, "s": 9,
                    "j": 12, "h": 18}  # fmt: skip
_VOWELS: Final = {"a": 0, "eo": 4, "o": 8, "u": 13}


class GlyphError(Exception):
    """The drawings or fonts are missing; the message names the remedy."""


@dataclass(slots=True)
class Typeface:
    """The shapes of one source; what it lacks is taken from another."""

    digits: dict[str, Mask] = field(default_factory=dict)
    small: dict[str, Mask] = field(default_factory=dict)
    """Digits of the upper line, where they are drawn on their own."""
    letters: dict[str, Mask] = field(default_factory=dict)
    words: dict[str, Mask] = field(default_factory=dict)
    """Regions as they are laid out on this kind of plate."""


class Font(Protocol):
    """Knows the shape of every character."""

    def shape(self, character: str) -> Mask: ...


class FontFace:
    """Shapes rendered from a font when first asked for."""

    def __init__(self, path: Path) -> None:
        if not hasattr(cv2, "FontFace"):
            raise GlyphError(f"OpenCV {cv2.__version__} draws no Hangul: install OpenCV 5 or newer")
        self._font = cv2.FontFace(str(path))
        self._shapes: dict[str, Mask] = {}

    def shape(self, character: str) -> Mask:
        """The mask of one character."""
        found = self._shapes.get(character)
        if found is None:
            canvas = np.zeros((190, 190, 3), np.uint8)
            cv2.putText(canvas, character, (30, 130), (255, 255, 255), self._font, 96, 0)
            found = self._shapes[character] = _tight(canvas[..., 0].copy())
        return found


def fonts() -> list[FontFace]:
    """The gothic fonts of this machine. Raises GlyphError when there are none."""
    found = {file.name: file for folder in FONT_FOLDERS for file in folder.rglob("*.tt[fc]")}
    faces = [FontFace(found[name]) for name in FONTS if name in found]
    if not faces:
        raise GlyphError(
            "no Korean gothic font is installed; install them by: apt install "
            "fonts-nanum fonts-nanum-extra fonts-unfonts-core fonts-baekmuk fonts-noto-cjk"
        )
    return faces


def drawings(data: Path) -> dict[str, Typeface]:
    """The official drawings under `data/plates`. Raises GlyphError when they are not there."""
    found = {**_cvlab(data / "plates/glyphs_cvlab"), **_usman(data / "plates/glyphs_usmankhujaev")}
    bare = [name for name, face in found.items() if not face.letters]
    if not found or bare:
        raise GlyphError(f"{data / 'plates'}: no drawings of {bare or 'any plate'}; name the data")
    return found


def _cvlab(folder: Path) -> dict[str, Typeface]:
    """Sets P1-1 … P6, one a kind of plate; file names spell Hangul in pairs of letters."""
    if not folder.is_dir():
        raise GlyphError(f"{folder} is not here; name the data's folder by: --data FOLDER")
    code = json.loads((folder / "code_to_hangul.json").read_text(encoding="utf-8"))
    code.setdefault("CF", "기")
    faces = {}
    for name in ("P1-1", "P1-3", "P1-4", "P2", "P3", "P4", "P5", "P6"):
        face = faces[name] = Typeface()
        for file in sorted((folder / "korean_LP" / name).glob("number/*/*")):
            digits = face.small if file.stem.endswith("_1") else face.digits
            digits[file.stem[0]] = _stored(_read(file))
        for file in sorted((folder / "korean_LP" / name).glob("korean/*/*")):
            pairs = [file.stem[i : i + 2] for i in range(0, len(file.stem), 2)]
            word = "".join(code[pair] for pair in pairs)
            (face.letters if len(word) == 1 else face.words)[word] = _stored(_read(file))
    return faces


def _usman(folder: Path) -> dict[str, Typeface]:
    """Sets U2 … U6 of the legal annexes; file names spell Hangul in Roman letters."""
    kinds = {"U2": "335_155", "U3": "335_170", "U4": "520_110", "U5": "440_200", "U6": "440_220"}
    faces = {}
    for name, size in kinds.items():
        face = faces[name] = Typeface()
        for file in sorted(folder.glob(f"*{size}*/*.jpg")):
            shape = _read(file)
            shape[shape < 60] = 0
            if shape.max() < 100:
                continue
            _file_under(face, file.stem, _stored(shape), two_lines=name in ("U3", "U6"))
    return faces


def _file_under(face: Typeface, stem: str, shape: Mask, *, two_lines: bool) -> None:
    if len(stem) == 1 and stem.isdigit():
        (face.small if two_lines else face.digits)[stem] = shape
    elif stem.endswith("_big"):
        face.digits[stem[0]] = shape
    elif stem in _ROMAN:
        face.words[_ROMAN[stem]] = shape
    else:
        for vowel in sorted(_VOWELS, key=len, reverse=True):
            initial = stem.removesuffix(vowel)
            if initial != stem and initial in _INITIALS:
                code = 0xAC00 + 588 * _INITIALS[initial] + 28 * _VOWELS[vowel]
                face.letters[chr(code)] = shape
                return


def _read(file: Path) -> Mask:
    picture = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise GlyphError(f"{file}: not a readable picture")
    if picture.ndim == 3 and picture.shape[2] == 4:
        return np.asarray(picture[..., 3], np.uint8).copy()
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(255 - grey, np.uint8)


def _tight(mask: Mask) -> Mask:
    rows, columns = np.nonzero(mask > 40)
    if not rows.size:
        return mask[:1, :1]
    return mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _stored(mask: Mask) -> Mask:
    cut = _tight(mask)
    scale = _HEIGHT / cut.shape[0]
    size = (max(2, int(cut.shape[1] * scale)), _HEIGHT)
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
