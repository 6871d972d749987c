"""What every answer of the console says to the browser: only what is ours may run or load."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from collector.console.door import NobodyError, to_the_door
from collector.problems import ProblemError, problem

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ConsoleRoute(APIRoute):
    """Sets the headers on every answer, refusals included; nothing is cached unless it says so.

    Who must be signed in for a page and is not goes to the door.
    """

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                response = await handle(request)
            except NobodyError:
                response = to_the_door(request)
            except ProblemError as error:
                response = problem(error)
            except RequestValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"][1:])
                response = problem(ProblemError("request.invalid", f"{where}: {first['msg']}"))
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded


def policy_for_maps(tiles: str | None, *, fetched: bool = False) -> str:
    """Of pages with a map: pictures also from the tiles' origin, and one policy for Leaflet.

    Leaflet writes one constant as markup while it loads; the page's policy lets that pass alone.
    A tile that is wanted no more it makes an empty picture, whose address is its content, as is
    that of pictures which the page has `fetched` with a token.
    """
    pictures = ["img-src 'self'"]
    if fetched or tiles is not None:
        pictures.append("data:")
    if tiles is not None:
        pictures.append(tiles)
    return CONTENT_SECURITY_POLICY.replace("img-src 'self'", " ".join(pictures)).replace(
        "trusted-types 'none'", "trusted-types default"
    )
