"""The operator's console: what the centre says of itself to whoever sits in front of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.wait import wait_until
from tests.system.day.books import ACKNOWLEDGED

LONG_S = 120.0
"""For what takes a second on a quiet machine."""


class Console:
    """Over an operator's signed-in client."""

    def __init__(self, operator: httpx.Client) -> None:
        self._operator = operator

    def incidents(self) -> list[dict[str, Any]]:
        """All of the day."""
        found: list[dict[str, Any]] = self._get("/api/incidents", limit="500")["incidents"]
        return found

    def detail(self, incident_id: str) -> dict[str, Any]:
        """One with its steps and escalations."""
        return self._get(f"/api/incidents/{incident_id}")

    def acknowledged(self, incident_id: str) -> dict[str, Any]:
        """Wait until every delivery of an incident is acknowledged; the incident."""

        def done() -> dict[str, Any] | None:
            one: dict[str, Any] = self.detail(incident_id)["incident"]
            told = [delivery["state"] for delivery in one["deliveries"]]
            return one if told and set(told) <= set(ACKNOWLEDGED) else None

        found = wait_until(done, LONG_S, f"every acknowledgement of {incident_id}")
        assert found is not None
        return found

    def recorded(self, device: str, camera: str, seconds: float) -> None:
        """Wait until a pole says that most of the last `seconds` of a camera is recorded."""

        def there() -> bool:
            now = datetime.now(UTC)
            span = {"from": (now - timedelta(seconds=seconds)).isoformat(), "to": now.isoformat()}
            said = self._get(f"/api/recordings/{device}/{camera}", **span)["recording"]
            lengths = [_length_s(one) for one in said["spans"]] if said else []
            return sum(lengths) > seconds / 2

        wait_until(there, LONG_S, f"{seconds:g} s of {camera}")

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        answer = self._operator.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def _length_s(span: dict[str, str]) -> float:
    began, ended = (datetime.fromisoformat(span[name]) for name in ("start_at", "end_at"))
    return (ended - began).total_seconds()
