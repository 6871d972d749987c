"""boards.yaml: the boards of the city, and what they say of incidents."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from collector.services.boards.multi import MultiError, parse
from wire.event import Severity
from wire.names import Name
from wire.settings import Settings, SettingsError, SettingsPath, load_settings

Charset = Literal["ascii", "ks", "unicode"]
Colors = Literal["mono", "classic", "rgb"]
PLACEHOLDERS = ("type", "severity", "place", "time", "event")
SECRET_BYTES = 8
"""RFC 3414 wants as many of a passphrase; a community is guessed as easily."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class BoardFont(Settings):
    """A font that the board holds; each letter has a cell of the same size."""

    number: int = Field(1, ge=1, le=255, description="As [foN] calls it.")
    height_px: int = Field(16, ge=5, le=255, description="Height of its cells.")
    width_px: int = Field(8, ge=3, le=255, description="Width of a Latin letter's cell.")
    wide_px: int | None = Field(
        None, ge=3, le=255, description="Of a Korean letter's; left out: two Latin ones."
    )
    spacing_px: int = Field(0, ge=0, le=32, description="Dark columns between two letters.")


class SnmpUser(Settings):
    """Who asks by SNMPv3: SHA and AES-128."""

    name: str = Field(min_length=1, max_length=32, description="As the board knows it.")
    auth_file: SettingsPath = Field(description="Mode 0600: its authentication passphrase.")
    privacy_file: SettingsPath = Field(description="Mode 0600: its privacy passphrase.")

    @field_validator("auth_file", "privacy_file")
    @classmethod
    def _usable(cls, file: Path) -> Path:
        read_phrase(file)
        return file


class SnmpAddress(Settings):
    """Where an NTCIP board answers."""

    host: str = Field(min_length=1, max_length=253, description="Its name or address.")
    port: int = Field(161, ge=1, le=65535, description="UDP.")
    community_file: SettingsPath | None = Field(
        None, description="SNMPv2c: file of mode 0600 with the community that may write."
    )
    user: SnmpUser | None = Field(None, description="SNMPv3, where the board has it.")
    slots: tuple[int, int] = Field(
        (1, 2), description="Numbers of two changeable messages that are ours alone."
    )
    timeout_s: float = Field(2.0, gt=0, le=30, description="How long it may take to answer.")
    retries: int = Field(2, ge=0, le=10, description="So often it is asked again.")

    @field_validator("community_file")
    @classmethod
    def _usable(cls, file: Path | None) -> Path | None:
        if file is not None:
            read_phrase(file)
        return file

    @model_validator(mode="after")
    def _one_secret_and_two_slots(self) -> SnmpAddress:
        if (self.community_file is None) == (self.user is None):
            raise ValueError("needs either community_file (SNMPv2c) or user (SNMPv3)")
        first, second = self.slots
        if first == second or not (1 <= first <= 65_535 and 1 <= second <= 65_535):
            raise ValueError("slots: two different numbers from 1 to 65535")
        return self


class Board(Settings):
    """One board; what is said of its fonts, colours and sizes decides what its preview shows."""

    id: Name = Field(description="Unique; what routes and addresses call it.")
    title: str = Field(min_length=1, max_length=120, description="As operators call it.")
    title_en: str | None = Field(None, max_length=120, description="The same in English.")
    driver: Literal["ntcip", "web"] = Field(description="NTCIP 1203 by SNMP, or a screen's page.")
    lat: float | None = Field(None, ge=-90, le=90, description="WGS84 latitude, degrees.")
    lon: float | None = Field(None, ge=-180, le=180, description="WGS84 longitude, degrees.")
    group: Name | None = Field(None, description="Boards that are told together.")
    snmp: SnmpAddress | None = Field(None, description="Of an NTCIP board.")
    width_px: int = Field(ge=16, le=2048, description="Columns of its lamps.")
    height_px: int = Field(ge=7, le=1024, description="Rows of its lamps.")
    fonts: tuple[BoardFont, ...] = Field((BoardFont(),), min_length=1, max_length=32)
    line_px: int = Field(0, ge=0, le=32, description="Dark rows between two lines.")
    colors: Colors = Field("mono", description="mono, classic (ten colours) or rgb.")
    color: str = Field("#ffb000", pattern=r"^#[0-9a-f]{6}$", description="Of letters without [cf].")
    charset: Charset = Field(
        "ascii", description="What its fonts hold: ascii, ks (KS X 1001) or unicode."
    )
    justify_line: int = Field(3, ge=2, le=5, description="Without [jl]: 2 left, 3 middle, 4 right.")
    justify_page: int = Field(3, ge=2, le=4, description="Without [jp]: 2 top, 3 middle, 4 bottom.")
    page_s: float = Field(3.0, gt=0, le=25.5, description="A page without [pt] stays so long.")
    max_pages: int = Field(6, ge=1, le=255, description="Pages of one message.")
    max_bytes: int = Field(1500, ge=10, le=65_535, description="Length of one message's MULTI.")
    approval: bool = Field(
        False, description="Whether a second person approves what somebody writes."
    )
    lease_minutes: int = Field(
        10,
        ge=1,
        le=1440,
        description="What stands for an incident is told for so long and renewed: "
        "without the centre the board ends it.",
    )
    every_s: float = Field(10.0, ge=0.2, le=600, description="How often it is read back.")

    @model_validator(mode="after")
    def _whole(self) -> Board:
        if (self.driver == "ntcip") != (self.snmp is not None):
            raise ValueError("driver ntcip needs snmp, and no other does")
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon belong together")
        numbers = [one.number for one in self.fonts]
        if len(set(numbers)) < len(numbers):
            raise ValueError("fonts: a number stands twice")
        return self

    def font(self, number: int | None) -> BoardFont | None:
        """The font of that number; None asks for the board's default, its first."""
        if number is None:
            return self.fonts[0]
        return next((one for one in self.fonts if one.number == number), None)


class Template(Settings):
    """What boards say of an incident; routes name the boards."""

    name: Name = Field(description="Unique; stands in the log of what was told.")
    types: tuple[str, ...] = Field((), description="Rule types; left out: any.")
    severities: tuple[Severity, ...] = Field((), description="minor, moderate, severe")
    text: str = Field(
        min_length=1,
        max_length=1000,
        description="MULTI, with {type}, {severity}, {place}, {time} and {event}.",
    )
    short: str | None = Field(
        None, max_length=1000, description="In its place on boards that it does not fit."
    )
    priority: int = Field(200, ge=1, le=255, description="The greater goes before the smaller.")
    minutes: int = Field(60, ge=1, le=1440, description="At the longest.")
    until: Literal["ended", "closed"] = Field(
        "ended", description="It goes when the incident has ended, or when a person closed it."
    )
    drills: bool = Field(False, description="Whether exercises are shown, too.")
    approval: bool = Field(False, description="Whether a person must approve it first.")

    @field_validator("text", "short")
    @classmethod
    def _known_placeholders(cls, text: str | None) -> str | None:
        for name in _PLACEHOLDER.findall(text or ""):
            if name not in PLACEHOLDERS:
                allowed = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
                raise ValueError(f"{{{name}}} is no placeholder (allowed: {allowed})")
        try:
            parse(text or "")
        except MultiError as error:
            raise ValueError(f"position {error.position + 1}: {error}") from None
        return text

    def fits(self, type_: str, severity: Severity) -> bool:
        """Whether it is for such an incident."""
        return type_ in (self.types or (type_,)) and severity in (self.severities or (severity,))


class Boards(Settings):
    """The whole file."""

    boards: tuple[Board, ...] = Field((), max_length=500, description="Every board.")
    templates: tuple[Template, ...] = Field((), max_length=100, description="Of incidents.")

    @model_validator(mode="after")
    def _once(self) -> Boards:
        for what, names in (
            ("board", [one.id for one in self.boards]),
            ("template", [one.name for one in self.templates]),
        ):
            doubles = sorted({name for name in names if names.count(name) > 1})
            if doubles:
                raise ValueError(f"{what} {doubles[0]} stands twice")
        groups = {one.group for one in self.boards}
        for one in self.boards:
            if one.id in groups:
                raise ValueError(f"{one.id} is the name of a board and of a group")
        return self

    def find(self, board_id: str) -> Board | None:
        return next((one for one in self.boards if one.id == board_id), None)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.boards)

    @property
    def names(self) -> frozenset[str]:
        """What routes may name: boards and groups."""
        groups = {one.group for one in self.boards if one.group is not None}
        return frozenset({one.id for one in self.boards} | groups)

    def named(self, *names: str) -> tuple[Board, ...]:
        """Boards of these names or groups, without doubles."""
        return tuple(one for one in self.boards if one.id in names or one.group in names)


def load_boards(path: Path, check: Callable[[Boards], None] = lambda _boards: None) -> Boards:
    """Read the file; raises SettingsError. `check` raises ValueError for what does not fit."""
    found = load_settings(path, Boards)
    try:
        check(found)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None
    return found


def read_phrase(file: Path) -> str:
    """A secret's text; raises ValueError naming the remedy."""
    try:
        if file.stat().st_mode & 0o077:
            raise ValueError(f"{file} may be read by others; run: chmod 600 {file}")
        phrase = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read ({error})") from None
    if len(phrase) < SECRET_BYTES:
        raise ValueError(f"{file} holds {len(phrase)} letters; at least {SECRET_BYTES} are needed")
    return phrase
