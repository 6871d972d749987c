"""One board with its worker on a store of its own; its sign answers in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from collector.changes import Changes
from collector.services.boards.drivers.base import BoardError
from collector.services.boards.drivers.ntcip import NtcipDriver
from collector.services.boards.drivers.snmp import Value
from collector.services.boards.record import BoardMessage, BoardState, LogEntry
from collector.services.boards.registry import Board
from collector.services.boards.worker import BoardWorker
from collector.store import boards
from tests.support.board_sign import RefusedError, Sign, SilentError
from tests.support.new_store import new_store
from wire.clock import SimulatedClock
from wire.names import new_id

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


def a_board(folder: Path, **changed: Any) -> Board:
    """An NTCIP board of 96 by 32 lamps that has Korean letters."""
    secret = folder / "community"
    secret.write_text("city-boards")
    secret.chmod(0o600)
    usual = {
        "id": "gate", "title": "정문", "driver": "ntcip", "width_px": 96, "height_px": 32,
        "charset": "ks", "snmp": {"host": "192.0.2.1", "community_file": str(secret)},
    }  # fmt: skip
    return Board.model_validate({**usual, **changed})


def a_message(multi: str, now: datetime = NOON, **changed: Any) -> BoardMessage:
    """One that counts for half an hour from now."""
    usual: dict[str, Any] = {
        "message_id": new_id(), "boards": ("gate",), "multi": multi, "priority": 100,
        "from_at": now, "until_at": now + timedelta(minutes=30), "state": "approved",
        "made_by": "kim", "made_at": now,
    }  # fmt: skip
    return BoardMessage.model_validate({**usual, **changed})


class DirectAgent:
    """SNMP without a network in between."""

    def __init__(self, sign: Sign) -> None:
        self._sign = sign

    def get(self, *oids: str) -> tuple[Value, ...]:
        try:
            return tuple(self._sign.get(oid) for oid in oids)
        except KeyError as error:
            raise BoardError("object", f"it has no object {error}") from None
        except SilentError:
            raise BoardError("silent", "nothing came") from None

    def get_int(self, oid: str) -> int:
        return int(self.get(oid)[0])

    def get_bytes(self, oid: str) -> bytes:
        (found,) = self.get(oid)
        assert isinstance(found, bytes)
        return found

    def set(self, values: Mapping[str, Value]) -> None:
        try:
            for oid, value in values.items():
                self._sign.set(oid, value)
        except (RefusedError, KeyError):
            raise BoardError("object", "it refuses it") from None
        except SilentError:
            raise BoardError("silent", "nothing came") from None

    def close(self) -> None:
        """Nothing is open."""


class BoardBench:
    """`look` is one round."""

    def __init__(self, folder: Path, **changed: Any) -> None:
        self.clock = SimulatedClock(NOON)
        self.sign = Sign(now=self.clock.monotonic)
        self.board = a_board(folder, **changed)
        self.database = new_store(folder / "data")
        self.begin()

    def begin(self) -> None:
        """As after a restart."""
        self.worker = BoardWorker(
            self.board,
            NtcipDriver(self.board, DirectAgent(self.sign)),
            self.database,
            Changes(),
            self.clock,
            SEOUL,
        )

    def say(self, multi: str, **changed: Any) -> BoardMessage:
        one = a_message(multi, self.clock.now(), **changed)
        with self.database.transaction() as run:
            boards.add(run, one)
        return one

    def end(self, one: BoardMessage) -> None:
        with self.database.transaction() as run:
            boards.save(run, one.model_copy(update={"state": "ended"}))

    def look(self, after_s: float = 0.0) -> BoardState:
        """Let so much time pass, then look once; what is known then."""
        self.clock.advance(after_s)
        self.worker.round()
        with self.database.reading() as run:
            return boards.state(run, self.board.id)

    def log(self) -> list[LogEntry]:
        """The oldest first."""
        with self.database.reading() as run:
            return list(reversed(boards.entries(run, self.board.id, 100)))

    def told(self) -> list[str]:
        return [one.what for one in self.log()]

    def close(self) -> None:
        self.worker.close()
        self.database.close()
