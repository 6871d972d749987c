"""Plates of a text file as a watchlist, for recordings that are analysed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.plates.watchlist import Watchlist, Watchlists
from wire.names import is_name
from wire.plate_text import normalise
from wire.settings import SettingsError


def read_lists(paths: Iterable[Path]) -> Watchlists:
    """One list a file, called as the file is; a plate a line, empty lines and # left out.

    Raises SettingsError naming the file.
    """
    lists = Watchlists()
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"{path}: cannot be read as text ({error})") from error
        if not is_name(path.stem):
            raise SettingsError(f"{path}: a list's file must be called like [a-z0-9-]{{1,32}}.txt")
        plates = [normalise(line.partition("#")[0]) for line in lines]
        entries: dict[str, str | None] = dict.fromkeys(plate for plate in plates if plate)
        fresh = Watchlist(
            list_id=path.stem,
            owner="local",
            purpose="analysis of a recording",
            basis="",
            expires_at=datetime.max.replace(tzinfo=UTC),
            version=1,
            entries=entries,
        )
        lists = lists.with_list(path.stem, fresh)
    return lists
