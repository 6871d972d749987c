"""NTCIP 1203 v03 boards over SNMP.

A message is written into one of two slots, the one that does not stand, validated by the board,
and only then activated: whatever fails before leaves the board as it was. The board itself counts
its minutes and returns by itself to what stood before (dmsEndDurationMessage).
"""

from __future__ import annotations

import time
from datetime import timedelta

from collector.services.boards.drivers.base import BoardError, Shown, Why
from collector.services.boards.drivers.ntcip_objects import (
    ACTIVATE,
    ACTIVATE_ERROR,
    ACTIVATE_ERRORS,
    COLOR_SCHEME,
    CONTROL_MODE,
    DEFAULT_FONT,
    DEFAULT_LINE,
    DEFAULT_PAGE,
    END_DURATION,
    FAULTS,
    FOR_EVER,
    PANEL,
    SCHEDULER,
    SHORT_ERROR,
    SIGN_HEIGHT,
    SIGN_WIDTH,
    SOURCE_MODE,
    SYNTAX_ERROR,
    SYNTAX_ERRORS,
    SYNTAX_POSITION,
    TABLE_SOURCE,
    TIME_REMAINING,
    VALIDATE_ERROR,
    Memory,
    MessageId,
    Status,
    activation,
    beacon_of,
    crc_of,
    multi_of,
    owner_of,
    pixel_service_of,
    priority_of,
    status_of,
)
from collector.services.boards.drivers.snmp import Agent
from collector.services.boards.multi import MultiError, as_read, to_wire
from collector.services.boards.record import Standing
from collector.services.boards.registry import Board
from wire import faultpoint

MINUTE = timedelta(minutes=1)
OWNER = b"polewatch"
HIGHEST = 255
"""Activating with less would be refused by what we have put there ourselves."""
LOWEST = 1
"""What is put back locks nobody out."""
SYNTAX = 5
"""Of dmsValidateMessageError."""
VALIDATED_S = 5.0
"""A board takes so long at the most to look at a message."""
LOOK_S = 0.1
_CURRENT = (int(Memory.CURRENT), 1)
_REFUSALS: dict[str, Why] = {
    "priority": "priority", "syntaxMULTI": "syntax", "localMode": "local",
    "centralMode": "local", "centralOverrideMode": "local", "messageStatus": "memory",
    "messageMemoryType": "memory", "messageNumber": "memory", "messageCRC": "memory",
}  # fmt: skip


class NtcipDriver:
    """One board; construct it on any thread, use it on one."""

    grain = MINUTE

    def __init__(self, board: Board, snmp: Agent) -> None:
        assert board.snmp is not None, "the file's model says so"
        self._board = board
        self._slots = board.snmp.slots
        self._snmp = snmp

    def check(self) -> str | None:
        board = self._board
        schemes = {"mono": {1, 2}, "classic": {3}, "rgb": {4}}[board.colors]
        wanted = {
            "columns": (SIGN_WIDTH, {board.width_px}),
            "rows": (SIGN_HEIGHT, {board.height_px}),
            "default font": (DEFAULT_FONT, {board.fonts[0].number}),
            "line justification": (DEFAULT_LINE, {board.justify_line}),
            "page justification": (DEFAULT_PAGE, {board.justify_page}),
            "colour scheme": (COLOR_SCHEME, schemes),
        }
        wrong = []
        for what, (oid, ours) in wanted.items():
            found = self._there(oid)
            if found is not None and found not in ours:
                said = ", ".join(str(one) for one in sorted(ours))
                wrong.append(f"{what} {found} where boards.yaml says {said}")
        return "; ".join(wrong) or None

    def read(self) -> Shown:
        code, multi, minutes, mode, errors = self._snmp.get(
            TABLE_SOURCE, multi_of(*_CURRENT), TIME_REMAINING, SOURCE_MODE, SHORT_ERROR
        )
        if not (isinstance(code, bytes) and isinstance(multi, bytes) and isinstance(minutes, int)):
            raise BoardError("answer", "what stands is told in types that NTCIP 1203 does not have")
        source = self._source(code, mode)
        dark = source.memory == Memory.BLANK
        return Shown(
            multi="" if dark else as_read(multi.decode("ascii", "replace")),
            source=source.code.hex(),
            # What a schedule puts there its schedule takes away.
            left=None if minutes >= FOR_EVER or mode == SCHEDULER else MINUTE * minutes,
            faults=tuple(
                name
                for bit, name in FAULTS.items()
                if isinstance(errors, int) and errors >> bit & 1
            ),
        )

    def show(self, multi: str, priority: int, lasts: timedelta, before: Standing) -> None:
        began = time.monotonic()
        row = (int(Memory.CHANGEABLE), self._free_slot())
        self._write(row, multi, priority)
        faultpoint.reach("board.written")
        self._after(before)
        crc = self._snmp.get_int(crc_of(*row))
        minutes = (lasts - timedelta(seconds=time.monotonic() - began)) // MINUTE
        if minutes < 1:
            raise BoardError("answer", "less than a minute is left, and it counts in minutes")
        self._activate(MessageId(*row, crc), min(minutes, FOR_EVER - 1))
        faultpoint.reach("board.activated")

    def renew(self, multi: str, lasts: timedelta, before: Standing) -> None:  # noqa: ARG002  # of Driver
        minutes = lasts // MINUTE
        if minutes >= 1:
            self._after(before)
            self._snmp.set({TIME_REMAINING: min(minutes, FOR_EVER - 1)})

    def restore(self, before: Standing) -> None:
        what = self._still_there(before)
        if what is None:
            # Its row says something else by now: written anew, it is what it was.
            row = (int(Memory.CHANGEABLE), self._free_slot())
            self._write(row, before.multi, LOWEST)
            what = MessageId(*row, self._snmp.get_int(crc_of(*row)))
        self._activate(what, FOR_EVER)

    def close(self) -> None:
        self._snmp.close()

    def _there(self, oid: str) -> int | None:
        """None: boards of the standard's first version do not have it."""
        try:
            return self._snmp.get_int(oid)
        except BoardError as error:
            if error.why != "object":
                raise
            return None

    def _source(self, code: bytes, mode: object) -> MessageId:
        try:
            source = MessageId.of(code)
        except ValueError as error:
            raise BoardError("answer", f"dmsMsgTableSource: {error}") from None
        if mode == SCHEDULER:
            row = (int(Memory.SCHEDULE), 1)
            return MessageId(*row, self._snmp.get_int(crc_of(*row)))
        return source

    def _free_slot(self) -> int:
        """The slot that does not stand: what stands is never written over."""
        stands = MessageId.of(self._snmp.get_bytes(TABLE_SOURCE))
        first, second = self._slots
        return second if (stands.memory, stands.number) == (Memory.CHANGEABLE, first) else first

    def _write(self, row: tuple[int, int], multi: str, priority: int) -> None:
        try:
            text = to_wire(multi)
        except MultiError as error:
            raise BoardError("syntax", str(error)) from None
        self._snmp.set({status_of(*row): Status.MODIFY})
        found = self._snmp.get_int(status_of(*row))
        if found != Status.MODIFYING:
            raise BoardError("memory", f"message {row[1]} cannot be changed: its status is {found}")
        self._snmp.set({multi_of(*row): text})
        self._snmp.set({owner_of(*row): OWNER, priority_of(*row): priority})
        self._snmp.set({beacon_of(*row): 0, pixel_service_of(*row): 0})
        self._snmp.set({status_of(*row): Status.VALIDATE})
        until = time.monotonic() + VALIDATED_S
        while (found := self._snmp.get_int(status_of(*row))) == Status.VALIDATING:
            if time.monotonic() > until:
                raise BoardError("memory", f"it has not validated the text in {VALIDATED_S:g} s")
            time.sleep(LOOK_S)
        if found != Status.VALID:
            raise BoardError("syntax", self._syntax(self._snmp.get_int(VALIDATE_ERROR)))

    def _syntax(self, error: int) -> str:
        kind, position = self._snmp.get(SYNTAX_ERROR, SYNTAX_POSITION)
        if error != SYNTAX:
            return f"it finds the message invalid (dmsValidateMessageError {error})"
        name = SYNTAX_ERRORS.get(int(kind), str(kind))
        return f"it cannot show the text: {name} at byte {int(position)}"

    def _after(self, before: Standing) -> None:
        """What the board goes back to by itself, when its minutes are over."""
        what = self._still_there(before)
        self._snmp.set({END_DURATION: (what or MessageId(int(Memory.BLANK), 1, 0)).code})

    def _still_there(self, before: Standing) -> MessageId | None:
        """Where the board has what stood before; None: nowhere any more."""
        try:
            what = MessageId.of(bytes.fromhex(before.source))
        except ValueError:
            return None if before.multi else MessageId(int(Memory.BLANK), 1, 0)
        if what.memory in (Memory.BLANK, Memory.SCHEDULE):
            return what
        if (what.memory, what.number) in {(Memory.CHANGEABLE, one) for one in self._slots}:
            return None
        return what if self._snmp.get_int(crc_of(what.memory, what.number)) == what.crc else None

    def _activate(self, what: MessageId, minutes: int) -> None:
        try:
            self._snmp.set({ACTIVATE: activation(what, minutes, HIGHEST)})
        except BoardError as error:
            if error.why != "object":
                raise
            number, mode = self._snmp.get(ACTIVATE_ERROR, CONTROL_MODE)
            name = ACTIVATE_ERRORS.get(int(number), str(number))
            why = _REFUSALS.get(name, "answer")
            if why == "syntax":
                raise BoardError(why, self._syntax(SYNTAX)) from None
            panel = ", somebody has it at its panel" if mode == PANEL else ""
            raise BoardError(why, f"it does not activate the message: {name}{panel}") from None
