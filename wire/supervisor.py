"""Telling systemd that we are ready and alive (sd_notify); silent where nobody listens.

The protocol is a datagram to the socket that the environment names; sd_notify(3) describes it.
"""

from __future__ import annotations

import os
import socket

import structlog

log = structlog.get_logger()


class Supervisor:
    """One for a process; any thread may use it."""

    def __init__(self, address: str | None = None) -> None:
        """`address` overrides what NOTIFY_SOCKET says."""
        self._address = address or os.environ.get("NOTIFY_SOCKET")

    def ready(self) -> None:
        """All parts are started."""
        self._send("READY=1")

    def alive(self) -> None:
        """The parts still make progress; without this for WatchdogSec= we are started anew."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # A leading @ is an abstract socket.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(text.encode(), address)
        except OSError as error:
            log.warning("supervisor.deaf", error=str(error))
