"""An NTCIP 1203 sign without its lamps: what its memory holds, what stands, and how it may fail."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from collector.services.boards.drivers import ntcip_objects as objects
from collector.services.boards.drivers.ntcip_objects import Memory, MessageId, Status, crc16

BLANK = MessageId(int(Memory.BLANK), 1, 0)
CENTRAL, LOCAL = 4, 2
_ROW = re.compile(re.escape(f"{objects.DMS}.5.8.1.") + r"(\d)\.(\d+)\.(\d+)")
_TAGS = re.compile(rb"\[\[|\]\]|\[(/?[a-z]{2})[^\]]*\]")
KNOWN = {b"nl", b"np", b"pt", b"jl", b"jp", b"fo", b"cf", b"hc", b"fl", b"/fl"}


class RefusedError(Exception):
    """A genErr."""


class SilentError(Exception):
    """No answer at all."""


@dataclass(slots=True)
class Row:
    """One of dmsMessageTable."""

    multi: bytes = b""
    owner: bytes = b""
    beacon: int = 0
    pixel_service: int = 0
    priority: int = 1
    status: int = int(Status.NOT_USED)

    @property
    def crc(self) -> int:
        return crc16(self.multi, self.beacon, self.pixel_service)


@dataclass
class Sign:
    """`get` and `set` by OID; `minute_s` is how long its minutes last."""

    width: int = 96
    height: int = 32
    minute_s: float = 60.0
    now: Callable[[], float] = time.monotonic
    silent: bool = False
    lie: str | None = None
    """What it says that it shows, whatever it does."""
    mode: int = CENTRAL
    invalid: bool = False
    """It finds every text wrong."""
    errors: int = 0
    rows: dict[tuple[int, int], Row] = field(default_factory=dict)
    standing: Row = field(default_factory=Row)
    source: MessageId = BLANK
    end_duration: MessageId = BLANK
    ends_at: float | None = None
    validate_error: int = 2
    activate_error: int = 2
    syntax_error: int = 2
    position: int = 0
    activations: int = 0

    def permanent(self, number: int, text: str) -> None:
        """A message that it was built with, standing without an end."""
        row = Row(multi=text.encode(), status=int(Status.VALID))
        self.rows[int(Memory.PERMANENT), number] = row
        self.stand(MessageId(int(Memory.PERMANENT), number, row.crc), None)

    def panel(self, text: str) -> None:
        """Somebody at its panel puts something else there."""
        self.permanent(9, text)

    def hurry(self, minute_s: float) -> None:
        """Its minutes last no longer than this, that which runs too."""
        if self.ends_at is not None:
            left = (self.ends_at - self.now()) / self.minute_s
            self.ends_at = self.now() + left * minute_s
        self.minute_s = minute_s

    def stand(self, what: MessageId, minutes: int | None) -> None:
        row = self.rows.get((what.memory, what.number))
        self.standing = Row() if what.memory == Memory.BLANK or row is None else replace(row)
        self.source = what
        self.ends_at = None if minutes is None else self.now() + minutes * self.minute_s
        self.activations += 1

    @property
    def shows(self) -> str:
        """What an eye would read there."""
        self._run_out()
        return self.standing.multi.decode()

    def get(self, oid: str) -> Any:
        """Its value; raises KeyError for an object that it does not have, SilentError."""
        if self.silent:
            raise SilentError
        self._run_out()
        found = _ROW.fullmatch(oid)
        if found is not None:
            return self._cell(int(found[1]), (int(found[2]), int(found[3])))
        left = self.ends_at and max(0.0, self.ends_at - self.now()) / self.minute_s
        return {
            objects.SIGN_WIDTH: self.width,
            objects.SIGN_HEIGHT: self.height,
            objects.DEFAULT_FONT: 1,
            objects.DEFAULT_LINE: 3,
            objects.DEFAULT_PAGE: 3,
            objects.COLOR_SCHEME: 1,
            objects.VALIDATE_ERROR: self.validate_error,
            objects.CONTROL_MODE: self.mode,
            objects.TIME_REMAINING: objects.FOR_EVER if left is None else int(left),
            objects.TABLE_SOURCE: self.source.code,
            objects.SOURCE_MODE: 8,
            objects.END_DURATION: self.end_duration.code,
            objects.ACTIVATE_ERROR: self.activate_error,
            objects.SYNTAX_ERROR: self.syntax_error,
            objects.SYNTAX_POSITION: self.position,
            objects.SHORT_ERROR: self.errors,
        }[oid]

    def set(self, oid: str, value: Any) -> None:
        """Raises RefusedError, KeyError, SilentError."""
        if self.silent:
            raise SilentError
        self._run_out()
        found = _ROW.fullmatch(oid)
        if found is not None:
            self._write(int(found[1]), (int(found[2]), int(found[3])), value)
        elif oid == objects.ACTIVATE:
            self._activate(bytes(value))
        elif oid == objects.TIME_REMAINING:
            self.ends_at = self.now() + int(value) * self.minute_s
        elif oid == objects.END_DURATION:
            self.end_duration = MessageId.of(bytes(value))
        else:
            raise KeyError(oid)

    def _cell(self, column: int, row: tuple[int, int]) -> Any:
        current = row == (int(Memory.CURRENT), 1)
        found = self.standing if current else self.rows.setdefault(row, Row())
        if current and column == 3 and self.lie is not None:
            return self.lie.encode()
        return {
            3: found.multi, 4: found.owner, 5: found.crc, 6: found.beacon,
            7: found.pixel_service, 8: found.priority, 9: found.status,
        }[column]  # fmt: skip

    def _write(self, column: int, where: tuple[int, int], value: Any) -> None:
        if where[0] != Memory.CHANGEABLE:
            raise RefusedError
        row = self.rows.setdefault(where, Row())
        if column == 9:
            self._status(row, int(value))
            return
        if row.status != Status.MODIFYING:
            raise RefusedError
        name = {3: "multi", 4: "owner", 6: "beacon", 7: "pixel_service", 8: "priority"}[column]
        setattr(row, name, bytes(value) if column in (3, 4) else int(value))

    def _status(self, row: Row, asked: int) -> None:
        if asked == Status.MODIFY:
            row.status = int(Status.MODIFYING)
        elif asked == Status.VALIDATE:
            wrong = next(
                (one for one in _TAGS.finditer(row.multi) if one[1] and one[1] not in KNOWN), None
            )
            if self.invalid or wrong is not None:
                self.validate_error, self.syntax_error = 5, 3
                self.position = wrong.start() if wrong else 0
                row.status = int(Status.ERROR)
            else:
                self.validate_error, self.syntax_error = 2, 2
                row.status = int(Status.VALID)
        else:
            raise RefusedError

    def _activate(self, code: bytes) -> None:
        minutes, memory = int.from_bytes(code[:2]), code[3]
        what = MessageId(memory, int.from_bytes(code[4:6]), int.from_bytes(code[6:8]))
        row = self.rows.get((what.memory, what.number))
        self.activate_error = 2
        if self.mode == LOCAL:
            self.activate_error = 9
        elif memory != Memory.BLANK and (row is None or row.status != Status.VALID):
            self.activate_error = 4
        elif memory != Memory.BLANK and row is not None and row.crc != what.crc:
            self.activate_error = 7
        elif code[2] < self.standing.priority:
            self.activate_error = 3
        if self.activate_error != 2:
            raise RefusedError
        self.stand(what, None if minutes == objects.FOR_EVER else minutes)

    def _run_out(self) -> None:
        if self.ends_at is not None and self.now() >= self.ends_at:
            self.stand(self.end_duration, None)
