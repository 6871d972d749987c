"""What stands before every request: bounded bodies, safe headers, no foreign page's requests."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.problems import ProblemError, problem

MAX_BODY_BYTES = 128 * 1024
CSRF_HEADER = "X-Polewatch"

# Scripts and pictures come from ourselves only; maps are drawn from what the console ships.
HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        b"object-src 'none'; base-uri 'none'; "
        b"frame-ancestors 'none'; form-action 'self'"
    ),
}


class Guard:
    """ASGI middleware: refuses bodies that are too large, adds the headers above."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        secure: bool,
        longer: Mapping[str, int] | None = None,
    ) -> None:
        """`longer`: bytes of a body, for paths that begin so."""
        self._app = app
        self._longer = longer or {}
        self._headers = [*HEADERS.items()]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        claimed = headers.get(b"content-length", b"0")
        longest = self._longest_of(scope["path"])
        if not claimed.isdigit() or int(claimed) > longest:
            await problem(_too_large(longest))(scope, receive, send)
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > longest:
                raise _too_large(longest)
            return message

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name.lower() for name, _ in message["headers"]}
                extra = [one for one in self._headers if one[0] not in held]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, bounded, dressed)

    def _longest_of(self, path: str) -> int:
        fitting = [size for begin, size in self._longer.items() if path.startswith(begin)]
        return max(fitting, default=MAX_BODY_BYTES)


def _too_large(longest: int) -> ProblemError:
    return ProblemError("request.invalid", f"the body has more than {longest} bytes", status=413)


def same_origin(request: Request) -> None:
    """A dependency of every request that changes something on a cookie's word.

    Raises ProblemError unless the page that asks is our own: a foreign one can neither set the
    header nor hide its origin. An API token is nothing that a browser sends by itself.
    """
    if getattr(request.state, "program", None) is not None:
        return
    if request.headers.get(CSRF_HEADER) != "1":
        raise ProblemError(
            "auth.forbidden", f"the request lacks the header {CSRF_HEADER}: 1", status=403
        )
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise ProblemError("auth.forbidden", "the request comes from another site", status=403)
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ProblemError("auth.forbidden", "the request comes from another origin", status=403)
