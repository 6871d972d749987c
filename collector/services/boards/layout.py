"""How a board shows a message: every letter's cell on its lamps, and what it cannot show."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from collector.services.boards.multi import HIGHEST, MultiError, Tag, Text, parse, to_wire
from collector.services.boards.registry import Board, BoardFont
from wire.names import WireModel

CLASSIC = (
    *("#000000", "#ff0000", "#ffff00", "#00ff00", "#00ffff", "#0000ff", "#ff00ff"),
    *("#ffffff", "#ff8000", "#ffb000"),
)
"""Of the scheme colorClassic, by number: black, red, yellow, green, cyan, blue, magenta, white,
orange, amber (NTCIP 1203 v03, 5.5.11)."""
DARK = "#000000"
_TENTHS = re.compile(r"(\d{0,3})(?:o(\d{0,3}))?")
_FLASH = re.compile(r"(?:t(\d{0,2}))?(?:o(\d{0,2}))?")
MOST_PROBLEMS = 20

Why = Literal[
    "syntax", "tag", "value", "letter", "font", "color", "wide", "high", "pages", "long", "empty"
]


class Problem(WireModel):
    """What a board cannot show; `what` is the part of the message, pages and lines count from 1."""

    why: Why
    what: str = ""
    page: int = 1
    line: int = 1


class Glyph(WireModel):
    """One letter in its cell, in lamps from the upper left."""

    x: int
    y: int
    w: int
    h: int
    text: str
    color: str
    flash: bool = False


class Page(WireModel):
    """What stands at one time, for `on_s` seconds, and dark for `off_s` after it."""

    on_s: float
    off_s: float
    ground: str
    glyphs: tuple[Glyph, ...]


class Layout(WireModel):
    """All pages, and why it should not be sent."""

    width: int
    height: int
    pages: tuple[Page, ...]
    problems: tuple[Problem, ...]


@dataclass
class _Line:
    """Letters with font and colour, by their place: left, middle, right."""

    glyphs: list[tuple[int, str, BoardFont, str, bool]] = field(default_factory=list)
    height: int = 0


@dataclass
class _State:
    """What tags have set so far; a new page keeps all of it (NTCIP 1203 v03, 6.4)."""

    board: Board
    font: BoardFont
    color: str
    ground: str = DARK
    flash: bool = False
    line: int = 3
    page: int = 3
    on_s: float = 3.0
    off_s: float = 0.0
    pages: list[Page] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=lambda: [_Line()])
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, why: Why, what: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            here = Problem(why=why, what=what[:40], page=len(self.pages) + 1, line=len(self.lines))
            if here not in self.problems:
                self.problems.append(here)


def lay_out(board: Board, multi: str) -> Layout:
    """The pages as `board` will show them, pure; what does not fit is among the problems."""
    state = _State(
        board,
        board.fonts[0],
        board.color,
        line=board.justify_line,
        page=board.justify_page,
        on_s=board.page_s,
    )
    try:
        parts = parse(multi)
    except MultiError as error:
        state.wrong("syntax", f"{error.position + 1}: {error}")
        return _whole(state)
    # Letters that no font numbers are told of below.
    with contextlib.suppress(MultiError):
        length = len(to_wire(multi))
        if length > board.max_bytes:
            state.wrong("long", f"{length} > {board.max_bytes}")
    for part in parts:
        if isinstance(part, Text):
            _letters(state, part.text)
        else:
            _obey(state, part)
    _end_page(state)
    if len(state.pages) > board.max_pages:
        state.wrong("pages", f"{len(state.pages)} > {board.max_pages}")
    if not any(page.glyphs for page in state.pages):
        state.wrong("empty", "")
    return _whole(state)


def is_wide(letter: str) -> bool:
    """Whether it takes a wide cell: Unicode's East Asian Width (UAX 11) W and F."""
    return unicodedata.east_asian_width(letter) in "WF"


def can_show(board: Board, letter: str) -> bool:
    """Whether a board's fonts hold a letter, as far as its file says."""
    if " " <= letter <= "~":
        return True
    if ord(letter) > HIGHEST or unicodedata.category(letter)[0] == "C" or board.charset == "ascii":
        return False
    if board.charset == "unicode":
        return True
    try:
        # Python writes syllables that KS X 1001 lacks as four pairs of bytes.
        return len(letter.encode("euc-kr")) == 2
    except UnicodeEncodeError:
        return False


def _whole(state: _State) -> Layout:
    return Layout(
        width=state.board.width_px,
        height=state.board.height_px,
        pages=tuple(state.pages),
        problems=tuple(state.problems),
    )


def _letters(state: _State, text: str) -> None:
    line = state.lines[-1]
    for letter in text:
        if not can_show(state.board, letter):
            state.wrong("letter", letter)
        line.glyphs.append((state.line, letter, state.font, state.color, state.flash))
        line.height = max(line.height, state.font.height_px)


def _obey(state: _State, tag: Tag) -> None:
    value = tag.value
    match tag.name:
        case "nl":
            state.lines[-1].height = state.lines[-1].height or state.font.height_px
            state.lines.append(_Line())
        case "np":
            _end_page(state)
        case "pt":
            _page_time(state, value)
        case "jl" if value in ("", "2", "3", "4", "5"):
            state.line = int(value or state.board.justify_line)
        case "jp" if value in ("", "2", "3", "4"):
            state.page = int(value or state.board.justify_page)
        case "fo":
            number = value.partition(",")[0]
            font = state.board.font(int(number) if number.isdecimal() else None)
            if font is None or not (number.isdecimal() or value == ""):
                state.wrong("font", f"[fo{value}]")
            else:
                state.font = font
        case "cf" | "cb" | "pb":
            _color(state, tag.name, value)
        case "fl" if _FLASH.fullmatch(value):
            state.flash = True
        case "/fl":
            state.flash = False
        case "sc" | "/sc":
            state.wrong("tag", f"[{tag.name}{value}]")
        case "jl" | "jp" | "fl":
            state.wrong("value", f"[{tag.name}{value}]")
        case _:
            state.wrong("tag", f"[{tag.name}{value}]")


def _page_time(state: _State, value: str) -> None:
    found = _TENTHS.fullmatch(value)
    if found is None or int(found[1] or 1) > 255 or int(found[2] or 0) > 255:
        state.wrong("value", f"[pt{value}]")
        return
    state.on_s = int(found[1]) / 10 if found[1] else state.board.page_s
    if found[2] is not None:
        state.off_s = int(found[2] or 0) / 10


def _color(state: _State, name: str, value: str) -> None:
    color = _meant(state.board, value)
    if color is None:
        state.wrong("color", f"[{name}{value}]")
    elif name == "cf":
        state.color = color if value else state.board.color
    else:
        state.ground = color if value else DARK


def _meant(board: Board, value: str) -> str | None:
    """The colour of a tag's value on this board; None when it has none such."""
    if value == "":
        return DARK
    numbers = value.split(",")
    if not all(one.isdecimal() and len(one) <= 3 for one in numbers):
        return None
    levels = [int(one) for one in numbers]
    if board.colors == "rgb" and len(levels) == 3 and max(levels) <= 255:
        return "#{:02x}{:02x}{:02x}".format(*levels)
    if board.colors != "mono" and len(levels) == 1 and levels[0] < len(CLASSIC):
        return CLASSIC[levels[0]]
    return None


def _end_page(state: _State) -> None:
    board, lines = state.board, state.lines
    if lines[-1].height == 0 and len(lines) > 1:
        lines[-1].height = state.font.height_px
    height = sum(one.height for one in lines) + board.line_px * (len(lines) - 1)
    if height > board.height_px:
        state.wrong("high", f"{height} > {board.height_px}")
    y = {2: 0, 3: max(0, (board.height_px - height) // 2), 4: max(0, board.height_px - height)}[
        state.page
    ]
    glyphs: list[Glyph] = []
    for number, line in enumerate(lines, 1):
        width = sum(_widths(line, place)[0] for place in (2, 3, 4, 5))
        if width > board.width_px and len(state.problems) < MOST_PROBLEMS:
            what = f"{''.join(one[1] for one in line.glyphs)[:24]} ({width} > {board.width_px})"
            here = Problem(why="wide", what=what, page=len(state.pages) + 1, line=number)
            state.problems.append(here)
        glyphs += _placed(board, line, y)
        y += line.height + board.line_px
    state.pages.append(
        Page(on_s=state.on_s, off_s=state.off_s, ground=state.ground, glyphs=tuple(glyphs))
    )
    state.lines = [_Line()]


def _widths(line: _Line, place: int) -> tuple[int, list[int]]:
    """Of the letters at one place of a line: all together, and each with the gap behind it."""
    steps = [
        (font.wide_px or 2 * font.width_px if is_wide(letter) else font.width_px) + font.spacing_px
        for at, letter, font, _color, _flash in line.glyphs
        if at == place
    ]
    last = next((one[2].spacing_px for one in reversed(line.glyphs) if one[0] == place), 0)
    return sum(steps) - last if steps else 0, steps


def _placed(board: Board, line: _Line, y: int) -> list[Glyph]:
    found = []
    for place in (2, 3, 4, 5):
        width, steps = _widths(line, place)
        x = {2: 0, 3: (board.width_px - width) // 2, 4: board.width_px - width, 5: 0}[place]
        here = [one for one in line.glyphs if one[0] == place]
        spread = (board.width_px - width) / (len(here) - 1) if place == 5 and len(here) > 1 else 0.0
        at = float(x)
        for (_place, letter, font, color, flash), step in zip(here, steps, strict=True):
            found.append(
                Glyph(
                    x=round(at),
                    y=y + line.height - font.height_px,
                    w=step - font.spacing_px,
                    h=font.height_px,
                    text=letter,
                    color=color,
                    flash=flash,
                )
            )
            at += step + max(0.0, spread)
    return found
