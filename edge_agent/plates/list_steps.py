"""A watchlist and one step of it as JSON, before they are sealed. Pure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from edge_agent.plates.watchlist import Change, Watchlist


def pack(watchlist: Watchlist) -> bytes:
    """The whole list."""
    document = {**_head(watchlist), "owner": watchlist.owner, "entries": dict(watchlist.entries)}
    return json.dumps(document, ensure_ascii=False).encode()


def unpack(list_id: str, plain: bytes) -> Watchlist:
    """The list of such a document. Raises ValueError, KeyError or TypeError when it is none."""
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


def pack_step(watchlist: Watchlist, change: Change) -> bytes:
    """What leads to `watchlist`."""
    document = {**_head(watchlist), "removed": change.removed, "added": dict(change.added)}
    return json.dumps(document, ensure_ascii=False).encode()


def taken(watchlist: Watchlist, entries: dict[str, str | None], plain: bytes) -> Watchlist:
    """The list after a step; `entries`, its own, are changed, for there may be thousands of steps.

    Raises ValueError, KeyError or TypeError when it is none.
    """
    document: dict[str, Any] = json.loads(plain)
    for plate in document["removed"]:
        entries.pop(plate, None)
    entries.update(document["added"])
    return replace(
        watchlist,
        purpose=document["purpose"],
        basis=document["basis"],
        expires_at=datetime.fromisoformat(document["expires_at"]),
        version=document["version"],
        entries=entries,
    )


def _head(watchlist: Watchlist) -> dict[str, Any]:
    return {
        "purpose": watchlist.purpose,
        "basis": watchlist.basis,
        "expires_at": watchlist.expires_at.isoformat(),
        "version": watchlist.version,
    }
