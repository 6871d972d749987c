"""The headless viewer's clip: signs in, gets a grant, pulls by WHEP, compares with the ring."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from edge_agent.clips.reading import units_of
from edge_agent.clips.segment import describe
from polewatch.demo.books import ClipSummary
from polewatch.viewer import ClipReport, Viewer

HTTP_TIMEOUT_S = 15.0
HEADERS = {"X-Polewatch": "1"}


class ClipError(Exception):
    """The clip could not be pulled; the text says what was answered."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is to be watched: one incident's camera and time."""

    device: str
    camera: str
    opened_at: datetime
    incident_id: str


async def pull(
    console: str, person: str, password: str, sighting: Sighting, ring: Path, seconds: float
) -> ClipSummary:
    """As `view`, and compare what came with the camera's ring."""
    report = await view(console, person, password, sighting, seconds)
    recorded = await asyncio.to_thread(recorded_hashes, ring)
    return ClipSummary(
        frames=report.frames,
        first_frame_ms=round(report.first_frame_ms or 0.0, 1),
        codec=report.codec.lower(),
        transcoded=report.transcoded_share(recorded) > 0,
    )


async def view(
    console: str, person: str, password: str, sighting: Sighting, seconds: float
) -> ClipReport:
    """Watch `seconds` from shortly before the incident; ClipError when no picture comes."""
    start = sighting.opened_at - timedelta(seconds=5)
    end = start + timedelta(seconds=seconds)
    async with (
        httpx.AsyncClient(base_url=console, timeout=HTTP_TIMEOUT_S, headers=HEADERS) as client,
        Viewer() as viewer,
    ):
        answer = await client.post("/api/sign-in", json={"name": person, "password": password})
        _check("sign-in", answer)
        request = {
            "device": sighting.device,
            "camera": sighting.camera,
            "rights": ["recorded"],
            "start_at": start.isoformat(),
            "end_at": end.isoformat(),
            "case": sighting.incident_id,
            "basis": "PIPA 18(2)3",
            "purpose": "demonstration",
            "fingerprint": viewer.fingerprint,
        }
        answer = await client.post("/api/grants", json=request)
        _check("grant", answer)
        grant = answer.json()["grant"]

        async def exchange(offer: str) -> str:
            reply = await client.post(
                f"/whep/{sighting.device}/{sighting.camera}",
                params={"from": start.isoformat(), "to": end.isoformat()},
                content=offer,
                headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {grant}"},
            )
            _check("WHEP offer", reply)
            return reply.text

        report = await viewer.watch(exchange, seconds + 5)
    if report.first_frame_ms is None:
        raise ClipError("the session was answered but no picture arrived within its time")
    return report


def recorded_hashes(ring: Path) -> set[str]:
    """The identity of every access unit in a camera's ring, read from the files themselves."""
    segments = [describe(ring, path) for path in sorted(ring.glob("*/*.ts"))]
    return {unit.identity for unit in units_of(ring, (one for one in segments if one))}


def _check(what: str, answer: httpx.Response) -> None:
    if answer.is_error:
        raise ClipError(f"{what}: {answer.status_code} {answer.text[:300]}")
