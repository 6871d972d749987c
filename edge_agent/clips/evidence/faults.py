"""What can be wrong with an export."""

from __future__ import annotations

from datetime import datetime


class EvidenceError(Exception):
    """What does not hold: `code` is a stable word, the text names the place and what it means."""

    def __init__(self, code: str, detail: str, at: datetime | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.at = at
