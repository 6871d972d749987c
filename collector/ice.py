"""ICE servers for one session: coturn's time-limited credentials, as a WHEP Link header too."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from collector.config import IceSettings
from wire.whep import IceServer

LIFETIME = timedelta(minutes=10)


def ice_servers(settings: IceSettings, who: str, now: datetime) -> tuple[IceServer, ...]:
    """At most one STUN and one TURN server, for aiortc takes no more.

    The credential is coturn's `use-auth-secret`: HMAC-SHA1 over "expiry:who".
    """
    found = []
    if settings.stun is not None:
        found.append(IceServer(urls=(settings.stun,)))
    if settings.turn is not None and settings.turn_secret_file is not None:
        secret = settings.turn_secret_file.read_bytes().strip()
        username = f"{int((now + LIFETIME).timestamp())}:{who}"
        digest = hmac.digest(secret, username.encode(), hashlib.sha1)
        credential = base64.b64encode(digest).decode()
        found.append(IceServer(urls=(settings.turn,), username=username, credential=credential))
    return tuple(found)


def link_header(servers: tuple[IceServer, ...]) -> str | None:
    """RFC 9725 (WHIP) section 4.6, which WHEP takes over; None without servers."""
    parts = []
    for server in servers:
        extra = ""
        if server.username is not None and server.credential is not None:
            extra = (
                f'; username="{server.username}"; credential="{server.credential}"'
                f'; credential-type="password"'
            )
        parts += [f'<{url}>; rel="ice-server"{extra}' for url in server.urls]
    return ", ".join(parts) or None
