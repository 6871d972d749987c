"""The centre's ledger of a running demo, read beside it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from collector.config import CollectorSettings
from polewatch.demo.run import Demo
from wire.settings import load_settings


def entries(demo: Demo, kind: str) -> list[dict[str, Any]]:
    """What was entered of that kind, oldest first."""
    settings = load_settings(demo.site.collector_config, CollectorSettings)
    path = settings.data / "collector.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as run:
        rows = run.execute(
            "SELECT fields FROM ledger JOIN ledger_fields USING (number)"
            " WHERE kind = ? ORDER BY number",
            (kind,),
        )
        return [json.loads(row[0]) for row in rows]
