"""As much SOAP 1.2 as ONVIF needs, towards devices that nobody vouches for.

Sources: SOAP 1.2; ONVIF Core Specification 5.9 (authentication); OASIS WS-Security
UsernameToken Profile 1.0 (password digest).
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from provisioning.problems import ProvisionError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 1_000_000
TIMEOUT_S = 5.0
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
)


@dataclass(frozen=True, slots=True)
class Login:
    """A user and password, as asked for once."""

    user: str
    password: str


def envelope(body: str, header: str = "") -> bytes:
    """A SOAP message."""
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
    return text.encode()


def security(login: Login, created: datetime, nonce: bytes | None = None) -> str:
    """The UsernameToken header; `created` by the camera's own clock, or it refuses it as old."""
    nonce = nonce or os.urandom(16)
    moment = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    secret = hashlib.sha1(nonce + moment.encode() + login.password.encode()).digest()
    return (
        f'<w:Security xmlns:w="{_WSSE}" xmlns:u="{_WSU}"><w:UsernameToken>'
        f"<w:Username>{escape(login.user)}</w:Username>"
        f'<w:Password Type="{_DIGEST}">{base64.b64encode(secret).decode()}</w:Password>'
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>"
        f"<u:Created>{moment}</u:Created></w:UsernameToken></w:Security>"
    )


def parse(data: bytes, where: str) -> Element:
    """A message's root; raises ProvisionError for what is none, or holds entities."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(data) > MAX_BYTES:
        raise ProvisionError("camera.onvif", f"{where}: more than {MAX_BYTES:,} bytes")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise ProvisionError("camera.onvif", f"{where}: no XML ({type(error).__name__})") from error
    return root


def call(url: str, body: str, login: Login | None, created: datetime) -> Element:
    """Ask and give the answer's body element; raises ProvisionError.

    The password goes as a digest in the message, and once more as HTTP digest where the camera
    wants that.
    """
    import httpx

    header = "" if login is None else security(login, created)
    digest = None if login is None else httpx.DigestAuth(login.user, login.password)
    kind = {"Content-Type": "application/soap+xml; charset=utf-8"}
    try:
        # No proxies and no redirects: a camera has no business sending us elsewhere. Cameras have
        # no certificate that could be verified; the password only ever leaves as a digest.
        with (
            httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=False, auth=digest) as client,
            client.stream("POST", url, content=envelope(body, header), headers=kind) as answer,
        ):
            data = _limited(answer.iter_bytes(), url)
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProvisionError("camera.unreachable", f"{url} ({type(error).__name__})") from error
    if status == 401:
        raise ProvisionError("camera.unauthorized", url)
    root = parse(data, url)
    fault = next(elements(root, "Fault"), None)
    if fault is not None:
        said = " ".join(" ".join(fault.itertext()).split())[:200]
        refused = "NotAuthorized" in said or "not authorized" in said.lower()
        raise ProvisionError("camera.unauthorized" if refused else "camera.onvif", f"{url}: {said}")
    if status >= 400:
        raise ProvisionError("camera.onvif", f"{url}: HTTP {status}")
    return root


def elements(root: Element, name: str) -> Iterator[Element]:
    """All elements of that local name; makers disagree about prefixes and versions."""
    return (one for one in root.iter() if local(one) == name)


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text(root: Element, *path: str) -> str:
    """The text at the first element of each name within the last; empty when there is none."""
    found: Element | None = root
    for name in path:
        found = None if found is None else next(elements(found, name), None)
    return "" if found is None else (found.text or "").strip()


def _limited(parts: Iterator[bytes], url: str) -> bytes:
    data = b""
    for part in parts:
        data += part
        if len(data) > MAX_BYTES:
            raise ProvisionError("camera.onvif", f"{url}: more than {MAX_BYTES:,} bytes")
    return data
