"""What an export's files are called, and the hash by which its statement is signed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wire.event import TimeQuality

CLIP = "clip.mp4"
MANIFEST = "manifest.json"


def statement_sha256(statement: Mapping[str, Any]) -> str:
    """The hash that the signatures cover: JSON with sorted keys and no spaces, in UTF-8.

    Of the statement as it stands in the file, whatever this version knows of its keys.
    """
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hex; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def worst_quality(qualities: Iterable[TimeQuality]) -> TimeQuality:
    """What can be said of all these times together."""
    return "unsynchronised" if "unsynchronised" in set(qualities) else "synchronised"
