"""A viewer as a program: signs in, gets a grant, watches live by WHEP, says what came.

`python -m tests.support.whep_viewer --console URL …` with the password on standard input prints one
JSON line. It asks for ICE servers before it offers, as a client without trickling has to.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys

import httpx
from aiortc import RTCCertificate

from polewatch.viewer import Viewer, fingerprint_of
from wire.whep import IceServer

HEADERS = {"X-Polewatch": "1"}
_SERVER = re.compile(r'<([^>]+)>; rel="ice-server"(?:; username="([^"]+)"; credential="([^"]+)")?')


def servers_of(link: str) -> list[IceServer]:
    """The ICE servers of a Link header."""
    return [
        IceServer(urls=(url,), username=username or None, credential=credential or None)
        for url, username, credential in _SERVER.findall(link)
    ]


async def watch(given: argparse.Namespace, password: str) -> dict[str, object]:
    """What a viewer saw, and which way it came."""
    certificate = RTCCertificate.generateCertificate()
    path = f"/whep/{given.device}/{given.camera}"
    async with httpx.AsyncClient(base_url=given.console, timeout=30, headers=HEADERS) as client:
        signed = await client.post(
            "/api/sign-in", json={"name": given.person, "password": password}
        )
        signed.raise_for_status()
        wanted = {
            "device": given.device, "camera": given.camera, "rights": ["live"], "case": "TEST-1",
            "basis": "PIPA 18(2)3", "purpose": "test", "fingerprint": fingerprint_of(certificate),
        }  # fmt: skip
        granted = await client.post("/api/grants", json=wanted)
        granted.raise_for_status()
        bearer = {"Authorization": f"Bearer {granted.json()['grant']}"}
        before = await client.options(path, headers=bearer)
        servers = servers_of(before.headers.get("link", ""))
        if given.without == "turn":
            servers = [one for one in servers if one.username is None]

        async def exchange(offer: str) -> str:
            answer = await client.post(
                path, content=offer, headers={**bearer, "Content-Type": "application/sdp"}
            )
            answer.raise_for_status()
            return answer.text

        async with Viewer(certificate, servers, relay_only=given.relay_only) as viewer:
            report = await viewer.watch(exchange, given.seconds, frames=given.frames)
            route = viewer.route
    return {
        "frames": report.frames,
        "first_frame_ms": report.first_frame_ms,
        "seconds": report.seconds,
        "route": route,
        "servers": [url for one in servers for url in one.urls],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("console", "person", "device", "camera"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--relay-only", action="store_true")
    parser.add_argument("--without", choices=["turn"])
    given = parser.parse_args()
    print(json.dumps(asyncio.run(watch(given, sys.stdin.read().strip()))))


if __name__ == "__main__":
    main()
