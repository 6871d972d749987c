"""The routing table in force: read anew when its file changes, the last good one otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from collector.routing import Routing, load_routing
from wire.settings import SettingsError

log = structlog.get_logger()


class RoutingFile:
    """Safe from any thread."""

    def __init__(
        self,
        path: Path,
        agencies: Callable[[], Collection[str]],
        groups: Collection[str] | None = None,
        boards: Collection[str] | None = None,
    ) -> None:
        """Raises SettingsError when the table cannot be used now."""
        self._path = path
        self._agencies = agencies
        self._groups = groups
        self._boards = boards
        self._lock = threading.Lock()
        self._stamp = self._file_stamp()
        self._routing = self._load()

    def current(self) -> Routing:
        """The table; a changed file that has mistakes is reported once and left aside."""
        with self._lock:
            found = self._file_stamp()
            if found != self._stamp:
                self._stamp = found
                try:
                    self._routing = self._load()
                    log.info("routing.read", routes=len(self._routing.routes))
                except SettingsError as error:
                    log.error("routing.unusable", error=str(error), remedy="the old table counts")
            return self._routing

    def _load(self) -> Routing:
        return load_routing(self._path, self._agencies(), self._groups, self._boards)

    def _file_stamp(self) -> tuple[int, int, int] | None:
        """Two tables written within one tick of the file system's clock differ by their inode."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
