"""Who looks at a page: somebody who is signed in, or nobody, who is sent to the door and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse

from wire.grant import PersonToken

_CAMERA = "[a-z0-9-]{1,32}/[a-z0-9-]{1,32}"
_OWN_PATH = re.compile(
    r"/(?:assets(?:/(?:labels|[a-z2-9]{12}))?|"
    r"boards|cases|disasters|health|holds|lists|reads|tokens|vehicles"
    r"|incidents/[0-9a-f-]{36}(?:/file)?"
    rf"|(?:map|rules)(?:\?camera={_CAMERA})?|wall(?:\?cameras={_CAMERA}(?:,{_CAMERA}){{0,8}})?)?\Z"
)


class NobodyError(Exception):
    """A page was asked for by somebody who is not signed in."""


def signed_in(
    person_of: Callable[[Request], PersonToken | None],
) -> Callable[[Request], PersonToken]:
    """What a page depends on that is for people; raises NobodyError, which its route answers."""

    def somebody(request: Request) -> PersonToken:
        person = person_of(request)
        if person is None:
            raise NobodyError
        return person

    return somebody


def to_the_door(request: Request) -> RedirectResponse:
    """To sign in, and back to what was asked for."""
    wanted = own(_whole(request.url.path, request.url.query))
    return RedirectResponse(f"/sign-in?next={quote(wanted)}", 303)


def own(path: str) -> str:
    """`path` when it is a page of ours, else the page without its question, else the queue.

    No redirect leads elsewhere.
    """
    return next((one for one in (path, path.partition("?")[0]) if _OWN_PATH.match(one)), "/")


def back(request: Request) -> str:
    """The page that asked. The browser names it: what is selected changes its address."""
    asked = urlsplit(request.headers.get("referer", ""))
    if asked.path == "/sign-in":
        return f"/sign-in?next={own(parse_qs(asked.query).get('next', ['/'])[0])}"
    return own(_whole(asked.path, asked.query))


def _whole(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
