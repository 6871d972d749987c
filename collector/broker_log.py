"""What the broker refuses, out of its own log into the security log.

Who holds no valid certificate, or reaches beyond its rights, is turned away before the collector
could see anything of it; the broker's log is the only witness. Lines of nats-server and mosquitto.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog

from collector.store import refusals
from collector.store.database import Database
from wire.clock import Clock
from wire.names import is_name

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
AT_ONCE = 256 * 1024
"""Bytes read in one look; more waits for the next one."""

_NATS = re.compile(
    r'^\[\d+\] \S+ \S+ \[ERR\] (?:\S+ - \w+:\d+ - )?(?:"(?P<name>[^"]*)" - )?(?P<text>.*)'
)
_MOSQUITTO = re.compile(r"^\d+: (?P<text>.*)")
_MOSQUITTO_CLIENT = re.compile(r"^Client (?P<name>\S+) disconnected (?P<text>due to .*)")
_KINDS = (
    ("broker.certificate", re.compile(r"TLS handshake error: (?!EOF|read |write )")),
    ("broker.certificate", re.compile(r"OpenSSL Error|failed: error:(?!.*unexpected eof)")),
    ("broker.stranger", re.compile(r"authentication error|due to not authorised")),
    ("broker.rights", re.compile(r"(Publish|Subscription) Violation")),
    ("broker.oversized", re.compile(r"maximum payload exceeded|packet too large|oversize")),
    ("broker.topic", re.compile(r"wildcards not allowed|null character|due to malformed packet")),
    ("broker.protocol", re.compile(r"due to protocol error")),
    ("broker.flood", re.compile(r"maximum connections exceeded|max_connections|Error on accept")),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One refusal; `name` is the certificate's, where the broker knew it."""

    what: str
    name: str | None
    detail: str


def read(line: str) -> Notice | None:
    """The refusal that a line of a broker's log tells of, if it does."""
    found = _NATS.match(line) or _MOSQUITTO.match(line)
    if found is None:
        return None
    name, text = found.groupdict().get("name"), found["text"]
    client = _MOSQUITTO_CLIENT.match(text)
    if client is not None:
        name, text = client["name"], client["text"]
    for what, pattern in _KINDS:
        if pattern.search(text):
            return Notice(what, name if name and is_name(name) else None, text)
    return None


class BrokerLog:
    """Follows one file, over its rotation too; `start` once, `stop` once."""

    def __init__(self, file: Path, database: Database, clock: Clock) -> None:
        self._file, self._database, self._clock = file, database, clock
        self._inode, self._at = 0, 0
        self._rest = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-log", daemon=True)

    def start(self) -> None:
        """Follow from the present end: what was refused before is not told again."""
        try:
            status = self._file.stat()
            self._inode, self._at = status.st_ino, status.st_size
        except OSError as error:
            log.warning("broker_log.missing", file=str(self._file), error=str(error))
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._clock.wait(self._stop, LOOK_EVERY_S):
            try:
                notices = [one for line in self._lines() if (one := read(line)) is not None]
                if notices:
                    self._note(notices)
            except (OSError, sqlite3.Error) as error:
                log.error("broker_log", file=str(self._file), error=str(error))

    def _lines(self) -> list[str]:
        try:
            with self._file.open("rb") as file:
                status = self._file.stat()
                if status.st_ino != self._inode or status.st_size < self._at:
                    self._inode, self._at, self._rest = status.st_ino, 0, b""
                file.seek(self._at)
                text = self._rest + file.read(AT_ONCE)
                self._at = file.tell()
        except FileNotFoundError:
            return []
        *lines, self._rest = text.split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    def _note(self, notices: list[Notice]) -> None:
        now = self._clock.now()
        with self._database.transaction() as run:
            for one in notices:
                refusals.note(run, one.what, one.name, one.detail, now)
