"""What stands before every request: bounded bodies, safe headers, no foreign page's requests."""

from __future__ import annotations

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

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = [*HEADERS.items()]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        claimed = headers.get(b"content-length", b"0")
        if not claimed.isdigit() or int(claimed) > MAX_BODY_BYTES:
            await _too_large()(scope, receive, send)
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise ProblemError("request.invalid", _TOO_LARGE, status=413)
            return message

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name.lower() for name, _ in message["headers"]}
                extra = [one for one in self._headers if one[0] not in held]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, bounded, dressed)


_TOO_LARGE = f"the body has more than {MAX_BODY_BYTES} bytes"


def _too_large() -> ASGIApp:
    return problem(ProblemError("request.invalid", _TOO_LARGE, status=413))


def same_origin(request: Request) -> None:
    """A dependency of every request that changes something on a cookie's word.

    Raises ProblemError unless the page that asks is our own: a foreign one can neither set the
    header nor hide its origin.
    """
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
