"""MULTI, the markup of NTCIP 1203 v03 (clause 6): text with tags in brackets.

A bracket of the text itself is doubled. What a board's font numbers and ASCII does not is a tag of
its own on the wire, [hcXXXX].
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

TAGS = ("nl", "np", "pt", "jl", "jp", "fo", "cf", "cb", "pb", "fl", "/fl", "hc", "sc", "/sc")
"""Those that are understood here; graphics, fields and moving text are not."""
_NAME = re.compile(r"/?[a-z]+")
LONGEST_TAG = 32
HIGHEST = 0xFFFF
"""Fonts number their letters up to here."""


class MultiError(Exception):
    """Markup that cannot be read; `position` counts letters from 0."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Text:
    """Letters as they are shown."""

    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    """`name` in small letters; `value` is what follows it."""

    name: str
    value: str
    position: int


Part = Text | Tag


def parse(multi: str) -> tuple[Part, ...]:
    """Text and tags in order; [hc…] is text already. Raises MultiError."""
    parts: list[Part] = []
    letters: list[str] = []
    at = 0
    while at < len(multi):
        if multi[at : at + 2] in ("[[", "]]"):
            letters.append(multi[at])
            at += 2
        elif multi[at] == "]":
            raise MultiError(at, "a closing bracket without an opening one; double it to show it")
        elif multi[at] == "[":
            tag, at = _tag(multi, at)
            if tag.name == "hc":
                letters.append(_letter(tag))
                continue
            if letters:
                parts.append(Text("".join(letters)))
                letters = []
            parts.append(tag)
        else:
            letters.append(multi[at])
            at += 1
    if letters:
        parts.append(Text("".join(letters)))
    return tuple(parts)


def canonical(multi: str) -> str:
    """Equal for what is shown alike: letters as they are, tags in small ones. Raises MultiError."""
    return "".join(
        escape(one.text) if isinstance(one, Text) else f"[{one.name}{one.value.lower()}]"
        for one in parse(multi)
    )


def as_read(wire: str) -> str:
    """What a board said of itself; one that speaks no MULTI is taken by its letters."""
    try:
        return canonical(wire)
    except MultiError:
        return escape(wire)


def escape(text: str) -> str:
    """Text that stays text: brackets doubled."""
    return text.replace("[", "[[").replace("]", "]]")


def of_plain(text: str) -> str:
    """What somebody typed: a new line is [nl], an empty one a new page."""
    pages = re.split(r"\n[ \t]*\n+", text.replace("\r\n", "\n").strip("\n"))
    return "[np]".join(
        "[nl]".join(escape(line.strip()) for line in page.split("\n")) for page in pages
    )


def plain(multi: str) -> str:
    """What people read of it: lines and pages as lines, all other tags left out."""
    try:
        parts = parse(multi)
    except MultiError:
        return multi
    breaks = {"nl": "\n", "np": "\n\n"}
    return "".join(
        one.text if isinstance(one, Text) else breaks.get(one.name, "") for one in parts
    ).strip("\n")


def to_wire(multi: str) -> bytes:
    """ASCII, as it travels: other letters by their number. Raises MultiError above U+FFFF."""
    return "".join(
        _numbered(one.text) if isinstance(one, Text) else f"[{one.name}{one.value}]"
        for one in parse(multi)
    ).encode("ascii")


def harmless(text: str, longest: int = 60) -> str:
    """What comes from elsewhere, for a place in a message: one line, nothing that marks up."""
    kept = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return escape(" ".join(kept.split())[:longest])


def _numbered(text: str) -> str:
    found = []
    for letter in text:
        if ord(letter) > HIGHEST:
            raise MultiError(0, f"{letter!r} has no number that a board's font could have")
        found.append(escape(letter) if " " <= letter <= "~" else f"[hc{ord(letter):x}]")
    return "".join(found)


def _tag(multi: str, at: int) -> tuple[Tag, int]:
    end = multi.find("]", at)
    if end < 0:
        raise MultiError(at, "a tag that is not closed; double a bracket to show it")
    said = multi[at + 1 : end].strip().lower()
    if len(said) > LONGEST_TAG or not said.isascii():
        raise MultiError(at, f"{multi[at : at + 20]} is no tag; double a bracket to show it")
    name = next((one for one in TAGS if said.startswith(one)), None)
    if name is None:
        found = _NAME.match(said)
        name = found[0] if found else ""
    if not name or "[" in said:
        raise MultiError(at, f"{multi[at : end + 1][:20]} is no tag; double a bracket to show it")
    return Tag(name, said[len(name) :].strip(), at), end + 1


def _letter(tag: Tag) -> str:
    try:
        number = int(tag.value, 16)
    except ValueError:
        number = 0
    if not 0 < number <= HIGHEST or 0xD800 <= number <= 0xDFFF:
        raise MultiError(tag.position, f"[hc{tag.value}] names no letter")
    return chr(number)
