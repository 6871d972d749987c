"""What the broker refuses, out of its own log into the security log.

Who holds no valid certificate, or reaches beyond its rights, is turned away before the collector
could see anything of it; the broker's log is the only witness. Lines of nats-server and mosquitto.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

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
    r"^\[(?P<pid>\d+)\] (?P<minute>\S+ \d\d:\d\d)\S* \[(?P<level>DBG|WRN|ERR)\] "
    r"(?:\S+ - (?P<connection>\w+:\d+) - )?"
    r'(?:"(?P<client>(?:[^"\\]|\\.)*)" - )?(?P<text>.*)'
)
_NATS_NAME = re.compile(
    r'^Using SAN found in cert for auth \["(?P<name>[^"]*)"\]'
    r'|^User in cert \["CN=(?P<unknown>[^",]*)[^"]*"\], not found'
)
_NATS_REPLACED = re.compile(r'^Replacing old client "\S+ - (?P<old>\w+:\d+) - ')
_MOSQUITTO = re.compile(r"^(?P<at>\d+): (?P<text>.*)", re.S)
_MOSQUITTO_AGAIN = re.compile(
    r"^Client (?P<name>\S+) already connected(?: (?P<more>\d+) more times|, closing old)"
)
_MOSQUITTO_CLIENT = re.compile(
    r"^(?:Client (?P<gone>\S+) disconnected due to |Denied \w+ from (?P<denied>\S+) "
    r"|Dropped too large PUBLISH from (?P<dropped>\S+) )"
)
_KINDS = (
    ("broker.rights", re.compile(r"^(Publish|Subscription) Violation|^Denied \w+ from ")),
    ("broker.oversized", re.compile(r"^maximum payload exceeded|^Dropped too large PUBLISH ")),
    ("broker.oversized", re.compile(r"^packet too large|due to oversize packet")),
    ("broker.certificate", re.compile(r"^TLS handshake error: (?!EOF|read |write )")),
    ("broker.certificate", re.compile(r"^OpenSSL Error|failed: error:(?!.*unexpected eof)")),
    ("broker.stranger", re.compile(r"^authentication error|[ ,]not authorised")),
    ("broker.topic", re.compile(r"wildcards not allowed|null character|due to malformed packet")),
    ("broker.topic", re.compile(r"^invalid utf8 for topic")),
    ("broker.protocol", re.compile(r"due to protocol error|^invalid character in client ID")),
    ("broker.flood", re.compile(r"maximum connections exceeded|max_connections|Error on accept")),
    ("broker.log", re.compile(r"^Polewatch: ")),
)
MOST_CONNECTIONS = 20_000
"""Of which the certificate's name is remembered."""

AGAIN_AND_AGAIN = 30
"""Connections of one certificate within a minute, each ending the one before: no broken line."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One refusal; `name` is the certificate's, where the broker tells it."""

    what: str
    name: str | None
    detail: str


class LogReader:
    """Reads lines in their order. Single-threaded.

    nats-server calls a connection by the client's name, which is the client's own choice; whose
    certificate it showed stands in an earlier line. mosquitto's clients are called by certificate.
    """

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()
        self._minute = ""
        self._again: dict[str, int] = {}

    def read(self, line: str) -> Notice | None:
        """The refusal that a line tells of, if it does."""
        found = _NATS.match(line)
        if found is not None:
            return self._nats(found)
        found = _MOSQUITTO.match(line)
        if found is None:
            return None
        text = found["text"]
        if again := _MOSQUITTO_AGAIN.match(text):
            minute = str(int(found["at"]) // 60)
            return self._connected_again(again["name"], minute, int(again["more"] or 1))
        client = _MOSQUITTO_CLIENT.match(text)
        name = next((one for one in client.groups() if one), None) if client else None
        return _notice(text, name)

    def _nats(self, found: re.Match[str]) -> Notice | None:
        key, text = f"{found['pid']} {found['connection']}", found["text"]
        if found["level"] == "DBG":
            if shown := _NATS_NAME.match(text):
                self._names[key] = shown["name"] or shown["unknown"]
                if len(self._names) > MOST_CONNECTIONS:
                    self._names.popitem(last=False)
            elif text.startswith("Client connection closed"):
                self._names.pop(key, None)
            return None
        name = self._names.get(key)
        if replaced := _NATS_REPLACED.match(text):
            before = self._names.get(f"{found['pid']} {replaced['old']}")
            if name is None or before is None:
                return None
            if before == name:
                return self._connected_again(name, found["minute"], 1)
            return Notice("broker.taken-over", name, f"took the client name of {before}: {text}")
        if name is None and found["client"]:
            text = f"{text} (calls itself {found['client']})"
        return _notice(text, name)

    def _connected_again(self, name: str, minute: str, times: int) -> Notice | None:
        if minute != self._minute:
            self._minute = minute
            self._again.clear()
        before = self._again.get(name, 0)
        self._again[name] = before + times
        if before < AGAIN_AND_AGAIN <= before + times:
            detail = f"{AGAIN_AND_AGAIN} connections within a minute, each ending the one before"
            return Notice("broker.flood", name, detail)
        return None


def _notice(text: str, name: str | None) -> Notice | None:
    for what, pattern in _KINDS:
        if pattern.search(text):
            return Notice(what, name if name and is_name(name) else None, text)
    return None


class BrokerLog:
    """Follows one file, over its rotation too; `start` once, `stop` once."""

    def __init__(self, file: Path, database: Database, clock: Clock) -> None:
        self._file, self._database, self._clock = file, database, clock
        self._reader = LogReader()
        self._open: BinaryIO | None = None
        self._rest = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-log", daemon=True)

    def start(self) -> None:
        """Follow from the present end: what was refused before is not told again."""
        try:
            for line in self._lines(from_the_beginning=True):
                self._reader.read(line)
        except OSError as error:
            log.warning("broker_log.unreadable", file=str(self._file), error=str(error))
        if self._open is None:
            log.warning("broker_log.missing", file=str(self._file))
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._clock.wait(self._stop, LOOK_EVERY_S):
            try:
                notices = [notice for line in self._lines() if (notice := self._reader.read(line))]
                if notices:
                    self._note(notices)
            except (OSError, sqlite3.Error) as error:
                log.error("broker_log", file=str(self._file), error=str(error))
        if self._open is not None:
            self._open.close()

    def _lines(self, *, from_the_beginning: bool = False) -> list[str]:
        """What was added: to the file that is open, and when that was moved away to its heir."""
        if self._open is None:
            try:
                self._open = self._file.open("rb")
            except FileNotFoundError:
                return []
        text = self._open.read() if from_the_beginning else self._open.read(AT_ONCE)
        if not text:
            self._follow()
        *lines, self._rest = (self._rest + text).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    def _follow(self) -> None:
        assert self._open is not None
        mine, named = os.fstat(self._open.fileno()), self._file.stat()
        if mine.st_ino != named.st_ino:
            self._open.close()
            self._open = self._file.open("rb")
        elif named.st_size < self._open.tell():
            self._open.seek(0)

    def _note(self, notices: list[Notice]) -> None:
        now = self._clock.now()
        with self._database.transaction() as run:
            for one in notices:
                refusals.note(run, one.what, one.name, one.detail, now)
