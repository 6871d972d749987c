"""WS-Discovery: who answers a probe for video transmitters in this network.

Source: OASIS WS-Discovery (April 2005), as ONVIF Core Specification 7.3 uses it.
"""

from __future__ import annotations

import select
import socket
import struct
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from provisioning.discover import soap
from provisioning.problems import ProvisionError
from wire.clock import Clock

GROUP, PORT = "239.255.255.250", 3702
MAX_FOUND = 1_000
REPEAT_S = 1.0
"""Multicast is lost like any datagram, so the probe is sent again."""
_TYPES = "dn:NetworkVideoTransmitter"


@dataclass(frozen=True, slots=True)
class Found:
    """One device that answered."""

    host: str
    """Whence the answer came: what it says of itself may be another network's address."""
    service: str
    """URL of its device service."""
    name: str = ""
    hardware: str = ""


def find(seconds: float, clock: Clock, interfaces: Iterable[str]) -> tuple[Found, ...]:
    """Probe from each of our own IPv4 addresses and gather answers, by host."""
    sockets = [made for address in interfaces if (made := _socket(address))]
    found: dict[str, Found] = {}
    message, sent = probe(), -REPEAT_S
    began = clock.monotonic()
    try:
        while (spent := clock.monotonic() - began) < seconds and len(found) < MAX_FOUND:
            if spent - sent >= REPEAT_S:
                sent = spent
                for one in sockets:
                    _send(one, message)
            ready, _, _ = select.select(sockets, [], [], min(0.2, seconds - spent))
            for one in ready:
                data, (host, _) = one.recvfrom(65_536)
                for match in matches(data, host):
                    found.setdefault(match.host, match)
    finally:
        for one in sockets:
            one.close()
    return tuple(found[host] for host in sorted(found, key=socket.inet_aton))


def probe() -> bytes:
    """The question, with an id of its own."""
    addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
    discovery = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
    header = (
        f'<a:MessageID xmlns:a="{addressing}">urn:uuid:{uuid.uuid4()}</a:MessageID>'
        f'<a:To xmlns:a="{addressing}">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>'
        f'<a:Action xmlns:a="{addressing}">{discovery}/Probe</a:Action>'
    )
    body = (
        f'<d:Probe xmlns:d="{discovery}"><d:Types '
        f'xmlns:dn="http://www.onvif.org/ver10/network/wsdl">{_TYPES}</d:Types></d:Probe>'
    )
    return soap.envelope(body, header)


def matches(data: bytes, host: str) -> tuple[Found, ...]:
    """What one datagram tells; nothing when it is no answer to a probe."""
    try:
        root = soap.parse(data, host)
    except ProvisionError:
        return ()
    answers = []
    for match in soap.elements(root, "ProbeMatch"):
        services = [url for url in soap.text(match, "XAddrs").split() if _is_http(url)]
        if not services:
            continue
        own = [url for url in services if urlsplit(url).hostname == host]
        scopes = soap.text(match, "Scopes").split()
        url = own[0] if own else on_host(services[0], host)
        answers.append(Found(host, url, _scope(scopes, "name"), _scope(scopes, "hardware")))
    return tuple(answers[:1])


def on_host(url: str, host: str) -> str:
    """The URL at another address: cameras behind a recorder tell addresses of their own wire."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"{host}{port}").geturl()


def own_addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses, loopback left out."""
    import psutil

    found = []
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family == socket.AF_INET and not one.address.startswith("127."):
                found.append(one.address)
    return tuple(found)


def _socket(address: str) -> socket.socket | None:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, struct.pack("b", 1))
        made.bind((address, 0))
    except OSError:
        made.close()
        return None
    return made


def _send(one: socket.socket, message: bytes) -> None:
    try:
        one.sendto(message, (GROUP, PORT))
    except OSError:
        # An interface without a route for multicast; the others go on.
        return


def _is_http(url: str) -> bool:
    try:
        parts: Any = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _scope(scopes: list[str], kind: str) -> str:
    start = f"onvif://www.onvif.org/{kind}/"
    return next((unquote(one[len(start) :])[:80] for one in scopes if one.startswith(start)), "")
