"""Objects of NTCIP 1203 v03 that are used here, and the codes that travel in them.

Numbers are those of the standard's MIB (section 5; 1.3.6.1.4.1.1206.4.2.3 is the node `dms`).
Scalars end in .0; rows of dmsMessageTable in memory type and message number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

DMS = "1.3.6.1.4.1.1206.4.2.3"

SIGN_HEIGHT = f"{DMS}.2.3.0"
"""vmsSignHeightPixels."""
SIGN_WIDTH = f"{DMS}.2.4.0"
"""vmsSignWidthPixels."""
DEFAULT_FONT = f"{DMS}.4.5.0"
DEFAULT_LINE = f"{DMS}.4.6.0"
"""defaultJustificationLine: 2 left, 3 centre, 4 right, 5 full."""
DEFAULT_PAGE = f"{DMS}.4.7.0"
"""defaultJustificationPage: 2 top, 3 middle, 4 bottom."""
COLOR_SCHEME = f"{DMS}.4.11.0"
"""dmsColorScheme: 1 monochrome1bit, 2 monochrome8bit, 3 colorClassic, 4 color24bit."""
VALIDATE_ERROR = f"{DMS}.5.9.0"
"""dmsValidateMessageError: 1 other, 2 none, 3 beacons, 4 pixelService, 5 syntaxMULTI."""
CONTROL_MODE = f"{DMS}.6.1.0"
ACTIVATE = f"{DMS}.6.3.0"
"""dmsActivateMessage, a MessageActivationCode."""
TIME_REMAINING = f"{DMS}.6.4.0"
"""dmsMessageTimeRemaining, minutes; 65535: without end."""
TABLE_SOURCE = f"{DMS}.6.5.0"
"""dmsMsgTableSource, a MessageIDCode: where what stands was taken from."""
SOURCE_MODE = f"{DMS}.6.7.0"
END_DURATION = f"{DMS}.6.15.0"
"""dmsEndDurationMessage, a MessageIDCode: what stands when a message's time is over."""
ACTIVATE_ERROR = f"{DMS}.6.17.0"
SYNTAX_ERROR = f"{DMS}.6.18.0"
SYNTAX_POSITION = f"{DMS}.6.19.0"
SHORT_ERROR = f"{DMS}.9.7.1.0"
"""shortErrorStatus, a bit for each kind of fault."""

FOR_EVER = 65_535
SCHEDULER = 9
"""Of dmsMsgSourceMode: timebasedScheduler."""
PANEL = 2
"""Of dmsControlMode: local."""


class Memory(IntEnum):
    """dmsMessageMemoryType."""

    PERMANENT = 2
    CHANGEABLE = 3
    VOLATILE = 4
    CURRENT = 5
    SCHEDULE = 6
    BLANK = 7


class Status(IntEnum):
    """dmsMessageStatus, and what is asked for by writing it."""

    NOT_USED = 1
    MODIFYING = 2
    VALIDATING = 3
    VALID = 4
    ERROR = 5
    MODIFY = 6
    VALIDATE = 7


SYNTAX_ERRORS = {
    1: "other", 2: "none", 3: "unsupportedTag", 4: "unsupportedTagValue", 5: "textTooBig",
    6: "fontNotDefined", 7: "characterNotDefined", 8: "fieldDeviceNotExist",
    9: "fieldDeviceError", 10: "flashRegionError", 11: "tagConflict", 12: "tooManyPages",
}  # fmt: skip
"""dmsMultiSyntaxError."""
ACTIVATE_ERRORS = {
    1: "other", 2: "none", 3: "priority", 4: "messageStatus", 5: "messageMemoryType",
    6: "messageNumber", 7: "messageCRC", 8: "syntaxMULTI", 9: "localMode", 10: "centralMode",
    11: "centralOverrideMode",
}  # fmt: skip
"""dmsActivateMsgError."""
FAULTS = {
    1: "communications", 2: "power", 3: "attached device", 4: "lamp", 5: "pixel", 6: "photocell",
    7: "message", 8: "controller", 9: "temperature", 10: "climate control",
    11: "critical temperature", 12: "drum", 13: "door open", 14: "humidity",
}  # fmt: skip
"""Bits of shortErrorStatus."""


def multi_of(memory: int, number: int) -> str:
    """dmsMessageMultiString of a row."""
    return f"{DMS}.5.8.1.3.{memory}.{number}"


def owner_of(memory: int, number: int) -> str:
    """dmsMessageOwner of a row."""
    return f"{DMS}.5.8.1.4.{memory}.{number}"


def crc_of(memory: int, number: int) -> str:
    """dmsMessageCRC of a row."""
    return f"{DMS}.5.8.1.5.{memory}.{number}"


def beacon_of(memory: int, number: int) -> str:
    """dmsMessageBeacon of a row: 0 off."""
    return f"{DMS}.5.8.1.6.{memory}.{number}"


def pixel_service_of(memory: int, number: int) -> str:
    """dmsMessagePixelService of a row: 0 off."""
    return f"{DMS}.5.8.1.7.{memory}.{number}"


def priority_of(memory: int, number: int) -> str:
    """dmsMessageRunTimePriority of a row, 1 to 255."""
    return f"{DMS}.5.8.1.8.{memory}.{number}"


def status_of(memory: int, number: int) -> str:
    """dmsMessageStatus of a row."""
    return f"{DMS}.5.8.1.9.{memory}.{number}"


@dataclass(frozen=True, slots=True)
class MessageId:
    """MessageIDCode: a row and the CRC that it must have, 5 bytes."""

    memory: int
    number: int
    crc: int

    @classmethod
    def of(cls, code: bytes) -> MessageId:
        """Raises ValueError for anything else."""
        if len(code) != 5:
            raise ValueError(f"a MessageIDCode has 5 bytes, not {len(code)}")
        return cls(code[0], int.from_bytes(code[1:3]), int.from_bytes(code[3:5]))

    @property
    def code(self) -> bytes:
        return bytes([self.memory]) + self.number.to_bytes(2) + self.crc.to_bytes(2)


def activation(what: MessageId, minutes: int, priority: int) -> bytes:
    """MessageActivationCode: for so many minutes, over what has a lower priority; 12 bytes."""
    return (
        minutes.to_bytes(2)
        + bytes([priority, what.memory])
        + what.number.to_bytes(2)
        + what.crc.to_bytes(2)
        # Whose wish it is: an IPv4 address, which says nothing behind a network's door.
        + bytes(4)
    )


def crc16(multi: bytes, beacon: int = 0, pixel_service: int = 0) -> int:
    """dmsMessageCRC: the frame check of ISO/IEC 3309 over text, beacon and pixel service."""
    found = 0xFFFF
    for byte in (*multi, beacon, pixel_service):
        found ^= byte
        for _ in range(8):
            found = (found >> 1) ^ (0x8408 if found & 1 else 0)
    return found ^ 0xFFFF
