"""Findings as a pole reports them, without a camera."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from wire.event import Event, Severity, StillPart, Times
from wire.names import new_id

AT = datetime(2026, 3, 1, tzinfo=UTC)


def event(severity: Severity = "moderate", still: bytes | None = None) -> Event:
    """An intrusion's opening that names `still`."""
    part = None
    if still is not None:
        part = StillPart(
            sha256=hashlib.sha256(still).hexdigest(), bytes=len(still), width=640, height=360
        )
    return Event(
        finding_id=new_id(),
        phase="open",
        type="intrusion",
        rule="yard",
        camera="cam-1",
        severity=severity,
        confidence=0.9,
        times=Times(
            started_at=AT,
            alarm_at=AT,
            observed_at=AT,
            quality="synchronised",
            boot_id=new_id(),
            monotonic_s=1.0,
            media_start_s=0.0,
            media_alarm_s=0.5,
        ),
        still=part,
    )
