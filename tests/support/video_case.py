"""Video under a case of the safety services, watched as an officer or a unit watches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from polewatch.viewer import ClipReport, Viewer

SECONDS = 30.0
PICTURES = 20

AskGrant = Callable[[dict[str, Any]], httpx.Response]
"""Who asks: an officer's client, or a unit's link."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen, and how long after the grant was asked for the first picture was there."""

    report: ClipReport
    first_s: float


async def watched(
    console: str,
    ask_grant: AskGrant,
    case: Mapping[str, Any],
    camera: Mapping[str, Any],
    seconds_back: float | None = None,
    pictures: int = PICTURES,
) -> Watched:
    """Live, or what was recorded since `seconds_back`, until so many pictures came; then ended.

    `case` and `camera` are as the services answer them. Raises AssertionError when refused.
    """
    began = time.monotonic()
    now = datetime.now(UTC)
    span = {}
    if seconds_back is not None:
        start = now - timedelta(seconds=seconds_back)
        span = {"start_at": start.isoformat(), "end_at": now.isoformat()}
    place = {"device": camera["device"], "camera": camera["camera"]}
    said = {name: case[name] for name in ("case", "basis", "purpose")}
    rights = ["recorded" if span else "live"]
    query = {"from": span["start_at"], "to": span["end_at"]} if span else {}
    async with Viewer() as viewer, httpx.AsyncClient(base_url=console, timeout=60) as door:
        wanted = {**place, **said, **span, "rights": rights, "fingerprint": viewer.fingerprint}
        granted = ask_grant(wanted)
        assert granted.status_code == 200, granted.text
        bearer = {"Authorization": f"Bearer {granted.json()['grant']}"}
        session = ""

        async def exchange(sdp: str) -> str:
            nonlocal session
            path = f"/whep/{place['device']}/{place['camera']}"
            headers = {**bearer, "Content-Type": "application/sdp"}
            opened = await door.post(path, params=query, content=sdp, headers=headers)
            assert opened.status_code == 201, opened.text
            session = opened.headers["location"]
            return opened.text

        before_s = time.monotonic() - began
        report = await viewer.watch(exchange, SECONDS, frames=pictures)
        ended = await door.delete(session, headers=bearer)
        # What was recorded may have come to its end by itself.
        over = bool(span) and ended.status_code == httpx.codes.NOT_FOUND
        assert ended.status_code == httpx.codes.OK or over, ended.text
    assert report.first_frame_ms is not None, "no picture came"
    return Watched(report, before_s + report.first_frame_ms / 1000)
