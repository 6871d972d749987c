"""Scripts, styles and words, held in memory under an address that changes with their content."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from xstatic.pkg import leaflet

from collector.console.words import WORDS

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LEAFLET = ("leaflet.css", "leaflet.js")
"""BSD-2-Clause, from its wheel."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file and what it is."""

    content: bytes
    media_type: str


class Assets:
    """`static/`, Leaflet and the words, read once. Nothing else can be asked for."""

    def __init__(self) -> None:
        self._files: dict[str, Asset] = {}
        folder = Path(__file__).parent / "static"
        for path in sorted(folder.rglob("*")):
            if path.suffix in _TYPES:
                name = path.relative_to(folder).as_posix()
                self._files[name] = Asset(path.read_bytes(), _TYPES[path.suffix])
        for name in _LEAFLET:
            path = Path(leaflet.BASE_DIR) / name
            self._files[f"leaflet/{name}"] = Asset(path.read_bytes(), _TYPES[path.suffix])
        for language, words in WORDS.items():
            text = json.dumps(words, ensure_ascii=False, sort_keys=True)
            self._files[f"words/{language}.json"] = Asset(text.encode(), "application/json")
        digest = hashlib.sha256()
        for name, one in self._files.items():
            digest.update(name.encode() + b"\0" + one.content)
        self.version = digest.hexdigest()[:16]

    def get(self, name: str) -> Asset | None:
        return self._files.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def url(self, name: str) -> str:
        """Where a page finds the file; raises KeyError for one that does not exist."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"


@functools.cache
def shipped() -> Assets:
    """Those of this program, read at the first call."""
    return Assets()
