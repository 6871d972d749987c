"""Brings each device the certificate that the register has for it, when it shows another one.

A board that a laptop or the desk enrolled shows a certificate of few days; the authority has made
its ordinary one. A renewed one comes the same way. The device says by its presence which one it
shows, so nothing is remembered here: what it shows and what the register has are compared.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from collector.commander import Commander, CommandError
from wire.clock import Clock
from wire.command import IdentityCertificate
from wire.health import DeviceState

AT_ONCE = 16
LOOK_EVERY_S = 2.0
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 3600.0

log = structlog.get_logger()


@dataclass
class _Device:
    shows: str
    online: bool
    tried: str = ""
    """The certificate that was sent last."""
    pause_s: float = FIRST_PAUSE_S
    due_s: float = 0.0


class CertificateDesk:
    """One thread. `of` gives hash and file of what the register has for a device, or None."""

    def __init__(
        self, commander: Commander, clock: Clock, of: Callable[[str], tuple[str, Path] | None]
    ) -> None:
        self._commander = commander
        self._clock = clock
        self._of = of
        self._lock = threading.Lock()
        self._devices: dict[str, _Device] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 20.0) -> None:
        self._stop.set()
        self._thread.join(timeout_s)

    def hear_state(self, device: str, state: DeviceState) -> None:
        """A device came or went; an older one does not say what it shows, and is let be."""
        with self._lock:
            known = self._devices.get(device)
            if state.certificate is None:
                self._devices.pop(device, None)
                return
            online = state.state == "online"
            if known is None:
                self._devices[device] = _Device(state.certificate, online)
                return
            if online and not known.online:
                # Who was away is not made to wait for the tries that it missed.
                known.tried = ""
            known.shows, known.online = state.certificate, online

    def _run(self) -> None:
        while not self._clock.wait(self._stop, LOOK_EVERY_S):
            try:
                asyncio.run(self.look())
            except Exception:
                # Certificates last for years; the collector must not end over one round.
                log.exception("certificates.failed")

    async def look(self) -> None:
        """Bring what is due, a few at a time."""
        due = self._due()
        await asyncio.gather(*(self._bring(name, file) for name, file in due[:AT_ONCE]))

    def _due(self) -> list[tuple[str, Path]]:
        now_s = self._clock.monotonic()
        with self._lock:
            known = list(self._devices.items())
        found = []
        for name, device in known:
            has = self._of(name)
            if not device.online or has is None or has[0] == device.shows:
                continue
            if device.tried != has[0]:
                device.tried, device.pause_s, device.due_s = has[0], FIRST_PAUSE_S, now_s
            if device.due_s <= now_s:
                found.append((name, has[1]))
        return found

    async def _bring(self, name: str, file: Path) -> None:
        with self._lock:
            device = self._devices.get(name)
            if device is None:
                return
            device.due_s = self._clock.monotonic() + device.pause_s
            device.pause_s = min(device.pause_s * 2, LONGEST_PAUSE_S)
        try:
            chain = await asyncio.to_thread(file.read_text)
            await self._commander.ask(name, IdentityCertificate(certificate=chain))
        except (CommandError, OSError) as error:
            log.warning("certificate.unsent", device=name, error=str(error))
            return
        log.info("certificate.sent", device=name)
