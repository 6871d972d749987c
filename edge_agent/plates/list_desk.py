"""Where watchlists arrive on the pole: decrypted, applied, kept, and matched against."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog
from pydantic import ValidationError

from edge_agent.plates.list_vault import ListVault
from edge_agent.plates.types import PlateRead
from edge_agent.plates.watchlist import Watchlist, WatchlistError, Watchlists, apply
from edge_agent.scene import PlateHit
from edge_agent.uplink.commands import Answer, CommandFailedError, Handler
from wire.command import Command, WatchlistCommand
from wire.health import WatchlistHealth
from wire.plates import WatchlistDelta, WatchlistEntries
from wire.sealed import BootKey, SealError

log = structlog.get_logger()


class Record(Protocol):
    """Takes what is to stand in the audit: an action with a code and a detail."""

    def __call__(self, action: str, *, code: str | None = None, detail: str) -> None: ...


class ListDesk:
    """Thread-safe. A delta counts once it is on the disk; a match never waits for one."""

    def __init__(
        self,
        vault: ListVault,
        key: BootKey,
        device: str,
        now: Callable[[], datetime | None],
        record: Record,
    ) -> None:
        """`now` gives None while the box does not know the time."""
        self._vault = vault
        self._key = key
        self._device = device
        self._now = now
        self._record = record
        self._lock = threading.Lock()
        self._lists = Watchlists({one.list_id: one for one in vault.load()})
        self.refused = 0
        """Deltas refused since start."""

    def report_lost(self) -> None:
        """Tell the centre which stored lists could not be read; once, when reporting runs."""
        for list_id in self._vault.unreadable:
            detail = f"list {list_id} cannot be read any more"
            self._record("watchlist.ended", code="watchlist.lost", detail=detail)
        self._vault.unreadable.clear()

    def take(self, delta: WatchlistDelta) -> str:
        """Apply a delta whose command was verified; returns what became of its entries.

        Raises WatchlistError, counted and recorded, when it is not taken.
        """
        try:
            summary = self._take(delta)
        except WatchlistError as error:
            self.refused += 1
            log.warning("watchlist.refused", list_id=delta.list_id, code=error.code)
            self._record("watchlist.refused", code=error.code, detail=error.detail)
            raise
        detail = f"list {delta.list_id} of {delta.owner} at {delta.version}: {summary}"
        log.info("watchlist.applied", list_id=delta.list_id, version=delta.version)
        self._record("watchlist.applied", detail=detail)
        return summary

    def match(self, read: PlateRead) -> tuple[PlateHit, ...]:
        """Every list that the read is on."""
        return self._lists.match(read, self._now())

    def end_expired(self) -> None:
        """Delete lists whose time is over; to be called now and then."""
        now = self._now()
        if now is None:
            return
        with self._lock:
            ended = self._lists.expired(now)
            for list_id in ended:
                try:
                    self._vault.remove(list_id)
                except OSError as error:
                    log.error("watchlist.remove", list_id=list_id, error=error.strerror)
                    continue
                self._lists = self._lists.with_list(list_id, None)
                self._record(
                    "watchlist.ended", code="watchlist.expired", detail=f"list {list_id} ended"
                )

    def figures(self) -> tuple[WatchlistHealth, ...]:
        """Every list as health reports it."""
        return tuple(_figures(one) for one in self._lists.lists.values())

    def _take(self, delta: WatchlistDelta) -> str:
        entries = self._decrypt(delta)
        with self._lock:
            known = self._lists.lists.get(delta.list_id)
            applied = apply(known, delta, entries, self._device, self._now())
            fresh = self._lists.with_list(delta.list_id, applied.watchlist)
            try:
                if applied.watchlist is None:
                    self._vault.remove(delta.list_id)
                elif applied.change is None:
                    self._vault.save(applied.watchlist)
                else:
                    self._vault.extend(applied.watchlist, applied.change, delta.base_version)
            except OSError as error:
                raise WatchlistError("disk.full", f"list {delta.list_id}: {error.strerror}") from (
                    error
                )
            self._lists = fresh
            return applied.summary

    def _decrypt(self, delta: WatchlistDelta) -> WatchlistEntries:
        try:
            return WatchlistEntries.model_validate_json(self._key.open(delta.cipher))
        except SealError as error:
            raise WatchlistError(
                "watchlist.unreadable", f"list {delta.list_id}: {error}"
            ) from error
        except ValidationError as error:
            # Its text would show what was decrypted: only where it is wrong may be said.
            where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            raise WatchlistError(
                "watchlist.invalid", f"list {delta.list_id}: {where or 'its entries'} is not valid"
            ) from None


def watchlist_handler(desk: ListDesk) -> Handler:
    """What the command `watchlist.delta` does."""

    def handle(command: Command) -> Answer:
        if not isinstance(command.action, WatchlistCommand):
            raise CommandFailedError("command.invalid", "no watchlist")
        try:
            return Answer(message=desk.take(command.action.delta))
        except WatchlistError as error:
            raise CommandFailedError(error.code, error.detail) from error

    return handle


def _figures(one: Watchlist) -> WatchlistHealth:
    return WatchlistHealth(
        list_id=one.list_id,
        version=one.version,
        entries=len(one.entries),
        expires_at=one.expires_at,
    )
