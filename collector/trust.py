"""Whom the collector believes: the register's certificates, read anew when the file changes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from joserfc.jwk import OKPKey

from wire.clock import Clock
from wire.identity import IdentityError
from wire.register import RegisterError, Trust
from wire.topics import DeviceAddress

log = structlog.get_logger()
_READ_ANEW = timedelta(hours=1)
"""Certificates run out while the file stays the same."""


class TrustKeeper:
    """`Trust` that follows its file; while the file cannot be used, the last good one counts."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises RegisterError or IdentityError when the register cannot be used now."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp = self._file_stamp()
        self._read_at = clock.now()
        self._trust = Trust(path, now=self._read_at)
        self._tell()

    def refresh(self) -> None:
        """Read the register again when it changed or an hour went by; cheap otherwise."""
        with self._lock:
            found, now = self._file_stamp(), self._clock.now()
            if found == self._stamp and abs(now - self._read_at) < _READ_ANEW:
                return
            self._stamp, self._read_at = found, now
            try:
                self._trust = Trust(self._path, now=now)
            except (RegisterError, IdentityError, OSError) as error:
                log.error("register.unusable", error=str(error), remedy="the last good one counts")
                return
            self._tell()

    def device_key(self, name: str) -> OKPKey | None:
        return self._trust.device_key(name)

    def collector_key(self, name: str) -> OKPKey | None:
        return self._trust.collector_key(name)

    def device_address(self, name: str) -> DeviceAddress | None:
        return self._trust.device_address(name)

    def device_certificate(self, name: str) -> tuple[str, Path] | None:
        """SHA-256 of a device's certificate as the register has it, and the file of its chain."""
        return self._trust.device_certificate(name)

    def certificate_ends(self) -> Mapping[str, datetime]:
        """Until when each believed certificate counts: of devices and of the centre's services."""
        return self._trust.ends

    def devices(self) -> tuple[str, ...]:
        return self._trust.devices()

    def agencies(self) -> frozenset[str]:
        """Agencies that may receive."""
        return frozenset(e.name for e in self._trust.register.agencies if not e.revoked)

    def refused(self, name: str) -> str | None:
        """Why an enrolled principal is not believed; None when it is, or is unknown."""
        return self._trust.refused.get(name)

    def revoked(self) -> frozenset[str]:
        """Devices that were enrolled and have no rights any more."""
        return frozenset(one.name for one in self._trust.register.devices if one.revoked)

    def _tell(self) -> None:
        log.info("register.read", devices=len(self._trust.devices()), agencies=len(self.agencies()))
        for name, why in self._trust.refused.items():
            log.warning("register.refused", name=name, why=why)

    def _file_stamp(self) -> tuple[int, int, int] | None:
        """Two registers of one tick of the file system's clock differ by their inode."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
