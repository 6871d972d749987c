"""Writing a rebuilt file's hash into the manifest."""

from __future__ import annotations

import hashlib

from models.registry import MANIFEST, Registry


def record_hash(name: str) -> str:
    """Put the present hash of the model `name` into the manifest, comments kept; returns it."""
    registry = Registry.default()
    entry = registry.entry(name)
    found = hashlib.sha256((registry.folder / entry.file).read_bytes()).hexdigest()
    text = MANIFEST.read_text()
    MANIFEST.write_text(text.replace(entry.sha256, found))
    return found
