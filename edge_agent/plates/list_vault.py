"""Watchlists at rest: one file a list, AES-256-GCM under a key drawn from the device's own.

No plain text of a list is ever written, and a data folder alone tells nothing. Who holds the
running pole, or its identity folder with it, can read the lists: that risk remains.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

from edge_agent.plates.watchlist import Watchlist
from wire import faultpoint

_INFO: Final = b"polewatch watchlists at rest 1"
_NONCE_BYTES: Final = 12
_SUFFIX: Final = ".list"

log = structlog.get_logger()


class ListVault:
    """A folder of encrypted lists. Not thread-safe: one desk owns it."""

    def __init__(self, folder: Path, device_key: OKPKey) -> None:
        """`device_key` is the identity's private key; raises OSError when `folder` cannot be."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        private = str(device_key.as_dict(private=True)["d"])
        derived = HKDF(SHA256(), 32, salt=None, info=_INFO).derive(
            urlsafe_b64decode(private.encode())
        )
        self._cipher = AESGCM(derived)
        self.unreadable: list[str] = []
        """Lists that were here and cannot be decrypted: damaged, or of an earlier identity."""

    def load(self) -> Iterator[Watchlist]:
        """Every list that can be read; others are named in `unreadable`.

        One whose cipher does not open is deleted: no key will ever open it.
        """
        for file in sorted(self._folder.glob(f"*{_SUFFIX}")):
            list_id = file.name.removesuffix(_SUFFIX)
            try:
                yield _unpack(list_id, self._open(list_id, file.read_bytes()))
            except (InvalidTag, OSError, ValueError, KeyError, TypeError) as error:
                self.unreadable.append(list_id)
                log.error("watchlist.unreadable", list_id=list_id, code="watchlist.lost")
                if not isinstance(error, OSError):
                    file.unlink(missing_ok=True)
        for left in self._folder.glob("*.new"):
            left.unlink(missing_ok=True)

    def save(self, watchlist: Watchlist) -> None:
        """Keep a list, whole or not at all, over a power cut. Raises OSError."""
        file = self._file(watchlist.list_id)
        fresh = file.with_suffix(".new")
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, _pack(watchlist), watchlist.list_id.encode())
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(sealed)
            out.flush()
            os.fsync(out.fileno())
        faultpoint.reach("watchlist.written")
        fresh.replace(file)
        self._sync_folder()
        faultpoint.reach("watchlist.kept")

    def remove(self, list_id: str) -> None:
        """Forget a list. Raises OSError."""
        self._file(list_id).unlink(missing_ok=True)
        self._sync_folder()

    def _file(self, list_id: str) -> Path:
        return self._folder / f"{list_id}{_SUFFIX}"

    def _open(self, list_id: str, sealed: bytes) -> bytes:
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return self._cipher.decrypt(nonce, rest, list_id.encode())

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _pack(watchlist: Watchlist) -> bytes:
    document = {
        "owner": watchlist.owner,
        "purpose": watchlist.purpose,
        "basis": watchlist.basis,
        "expires_at": watchlist.expires_at.isoformat(),
        "version": watchlist.version,
        "entries": dict(watchlist.entries),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _unpack(list_id: str, plain: bytes) -> Watchlist:
    document: dict[str, Any] = json.loads(plain)
    return Watchlist(
        list_id=list_id,
        owner=document["owner"],
        purpose=document["purpose"],
        basis=document["basis"],
        expires_at=datetime.fromisoformat(document["expires_at"]),
        version=document["version"],
        entries=document["entries"],
    )
