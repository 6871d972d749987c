"""Watchlists at rest: AES-256-GCM under a key drawn from the device's own.

A list is one file, and beside it the steps that were taken since it was written: a delta of one
plate writes a few hundred bytes, whatever the list's length. No plain text of a list is ever
written, and a data folder alone tells nothing. Who holds the running pole, or its identity folder
with it, can read the lists: that risk remains.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag
from joserfc.jwk import OKPKey

from edge_agent.plates.at_rest import NONCE_BYTES, AtRest
from edge_agent.plates.list_steps import pack, pack_step, taken, unpack
from edge_agent.plates.watchlist import Change, Watchlist
from wire import faultpoint

_INFO: Final = b"polewatch watchlists at rest 1"
_LENGTH_BYTES: Final = 4
_LIST: Final = ".list"
_STEPS: Final = ".steps"

SPARE: Final = 64 * 1024
"""Bytes by which the steps may outgrow their list before it is written anew."""

log = structlog.get_logger()


class ListVault:
    """A folder of encrypted lists. Not thread-safe: one desk owns it."""

    def __init__(self, folder: Path, device_key: OKPKey) -> None:
        """`device_key` is the identity's private key; raises OSError when `folder` cannot be."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._at_rest = AtRest(device_key, _INFO)
        self._torn: set[str] = set()
        """Lists whose steps end in what a full disk left of one: to be written anew."""
        self.unreadable: list[str] = []
        """Lists that were here and cannot be decrypted: damaged, or of an earlier identity."""

    def load(self) -> Iterator[Watchlist]:
        """Every list that can be read; others are named in `unreadable`.

        One whose cipher does not open is deleted: no key will ever open it.
        """
        for file in sorted(self._folder.glob(f"*{_LIST}")):
            list_id = file.name.removesuffix(_LIST)
            try:
                yield self._read(list_id)
            except (InvalidTag, OSError, ValueError, KeyError, TypeError) as error:
                self.unreadable.append(list_id)
                log.error("watchlist.unreadable", list_id=list_id, code="watchlist.lost")
                if not isinstance(error, OSError):
                    file.unlink(missing_ok=True)
                    self._file(list_id, _STEPS).unlink(missing_ok=True)
        for left in self._folder.glob("*.new"):
            left.unlink(missing_ok=True)

    def save(self, watchlist: Watchlist) -> None:
        """Keep a list, whole or not at all, over a power cut. Raises OSError."""
        file = self._file(watchlist.list_id)
        fresh = file.with_suffix(".new")
        sealed = self._at_rest.seal(pack(watchlist), watchlist.list_id)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(sealed)
            out.flush()
            os.fsync(out.fileno())
        faultpoint.reach("watchlist.written")
        fresh.replace(file)
        self._sync_folder()
        faultpoint.reach("watchlist.kept")
        # Steps of the list that was replaced name its nonce: left behind, they count for nothing.
        with contextlib.suppress(OSError):
            self._file(watchlist.list_id, _STEPS).unlink(missing_ok=True)
        self._torn.discard(watchlist.list_id)

    def extend(self, watchlist: Watchlist, change: Change, base_version: int) -> None:
        """Keep what `change` made of the list at `base_version`. Raises OSError."""
        list_id = watchlist.list_id
        file, steps = self._file(list_id), self._file(list_id, _STEPS)
        begun = steps.stat().st_size if steps.exists() else 0
        whole = file.stat().st_size if file.exists() else -SPARE
        if list_id in self._torn or begun >= whole + SPARE:
            self.save(watchlist)
            return
        with file.open("rb") as known:
            of_list = known.read(NONCE_BYTES)
        sealed = self._at_rest.seal(pack_step(watchlist, change), _bound(list_id, base_version))
        step = len(sealed).to_bytes(_LENGTH_BYTES) + sealed
        if begun < NONCE_BYTES or not self._goes_with(steps, of_list):
            begun, step = 0, of_list + step
        handle = os.open(steps, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b") as out:
            try:
                out.truncate(begun)
                out.seek(begun)
                out.write(step)
                out.flush()
                os.fsync(out.fileno())
            except OSError:
                self._torn.add(list_id)
                raise
        if not begun:
            self._sync_folder()
        faultpoint.reach("watchlist.kept")

    def remove(self, list_id: str) -> None:
        """Forget a list. Raises OSError."""
        self._file(list_id).unlink(missing_ok=True)
        self._file(list_id, _STEPS).unlink(missing_ok=True)
        self._sync_folder()

    def _read(self, list_id: str) -> Watchlist:
        sealed = self._file(list_id).read_bytes()
        watchlist = unpack(list_id, self._at_rest.open(sealed, list_id))
        steps = self._file(list_id, _STEPS)
        if not steps.exists():
            return watchlist
        content = steps.read_bytes()
        entries = dict(watchlist.entries)
        at = NONCE_BYTES
        if content[:at] != sealed[:at]:
            return watchlist
        while at < len(content):
            begin = at + _LENGTH_BYTES
            end = begin + int.from_bytes(content[at:begin])
            try:
                step = self._at_rest.open(content[begin:end], _bound(list_id, watchlist.version))
            except (InvalidTag, ValueError):
                if end < len(content):
                    raise
                # A power cut: never answered for, and the next step is written over it.
                log.warning("watchlist.torn", list_id=list_id, version=watchlist.version)
                self._torn.add(list_id)
                break
            watchlist = taken(watchlist, entries, step)
            at = end
        return watchlist

    def _goes_with(self, steps: Path, of_list: bytes) -> bool:
        with steps.open("rb") as known:
            return known.read(NONCE_BYTES) == of_list

    def _file(self, list_id: str, suffix: str = _LIST) -> Path:
        return self._folder / f"{list_id}{suffix}"

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _bound(list_id: str, base_version: int) -> str:
    """What a step is sealed with: it opens on this list at this version only."""
    return f"{list_id} {base_version}"
