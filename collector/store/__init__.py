"""The collector's database: one writer, many readers."""

from __future__ import annotations

from collector.store.database import Database, StoreError
from collector.store.reader import Reader

__all__ = ["Database", "Reader", "StoreError"]
