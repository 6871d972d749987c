"""What an export's files are called, and the hash by which its statement is signed."""

from __future__ import annotations

import hashlib
import json

from wire.evidence import Statement

CLIP = "clip.mp4"
MANIFEST = "manifest.json"


def statement_sha256(statement: Statement) -> str:
    """The hash that the signatures cover: JSON with sorted keys and no spaces, in UTF-8."""
    plain = statement.model_dump(mode="json")
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
