"""Times as the database holds them: UTC text of one length, which sorts as it reads."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """`2026-03-01T21:30:15.250000Z`; naive times are refused by raising ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone cannot be stored")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def moment(text: str) -> datetime:
    """The time of such a text, in UTC."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
