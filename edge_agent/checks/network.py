"""The way to the centre: names, TLS, the rights on topics, receipts, the TURN server."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from datetime import timedelta
from urllib.parse import urlsplit

import aioice.stun
import aioice.turn
from pydantic import ValidationError

from edge_agent.checks.result import CheckResult, bad, good
from edge_agent.config import AgentSettings
from edge_agent.health import FIGURES_S, FILE_NAME
from edge_agent.uplink.connection import Connection, LinkError, Will
from wire.clock import Clock
from wire.health import Health
from wire.identity import Identity, IdentityError
from wire.topics import DeviceAddress
from wire.whep import IceServer

TURN_TIMEOUT_S = 5.0
STALE_REPORTS = 4
"""An agent whose newest report is older than so many intervals does not run."""
WAITING_S = 60.0
"""What waits longer than this in the outbox is waiting for receipts in vain."""


def check_names(settings: AgentSettings) -> CheckResult:
    """The broker's and the cameras' host names resolve."""
    cameras = [urlsplit(camera.url).hostname or "" for camera in settings.cameras]
    hosts = dict.fromkeys(one for one in (settings.broker.host, *cameras) if not _is_address(one))
    for host in hosts:
        try:
            socket.getaddrinfo(host, None)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no host name"
            return bad("dns", "dns.failed", f"{host}: {reason}")
    return good("dns", ", ".join(hosts) or "no names to resolve")


def check_broker(settings: AgentSettings, clock: Clock) -> CheckResult:
    """Mutual TLS up to the broker's yes to this device, with the reason of a failure."""
    try:
        connection = _connect(settings, clock)
        connection.open(f"{_address(settings).down}/receipt")
        connection.close(goodbye=True)
    except IdentityError as error:
        return bad("broker", "identity.invalid", str(error))
    except LinkError as error:
        if "no right" not in error.detail:  # which is what the next check is about
            return bad("broker", error.code, error.detail)
    return good("broker", f"{settings.broker.host}:{settings.broker.port} accepts this device")


def check_topics(settings: AgentSettings, clock: Clock) -> CheckResult:
    """The broker lets this device read each of its topics.

    That it may write shows only in receipts: a denied publish is confirmed like a good one.
    """
    try:
        address = _address(settings)
        for topic in (address.receipt(), address.gap(), address.command()):
            connection = _connect(settings, clock)
            try:
                connection.open(topic)
            except LinkError as error:
                if "no right" in error.detail:
                    return bad("topics", "topic.denied", topic)
                return bad("topics", error.code, error.detail)
            connection.close(goodbye=True)
    except IdentityError as error:
        return bad("topics", "identity.invalid", str(error))
    return good("topics", "receipt, gap and command may be read")


def check_receipts(settings: AgentSettings, clock: Clock) -> CheckResult:
    """The running agent's own messages come back receipted: out, committed, and back again."""
    path = settings.data / FILE_NAME
    try:
        health = Health.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return bad("receipts", "agent.stopped", f"{path}: no report of a running agent")
    age = clock.now() - health.at
    if age > timedelta(seconds=STALE_REPORTS * min(FIGURES_S, settings.health_interval_s) + 5):
        return bad("receipts", "agent.stopped", f"its newest report is {age.seconds} s old")
    outbox = health.outbox
    if outbox.depth and outbox.oldest_s > WAITING_S:
        waits = f"{outbox.depth} messages wait, the oldest for {outbox.oldest_s:.0f} s"
        return bad("receipts", "receipt.missing", waits)
    if not outbox.receipts:
        return bad("receipts", "receipt.missing", "none since the agent started")
    return good("receipts", f"{outbox.receipts} since the agent started, {outbox.depth} waiting")


def check_turn(server: IceServer, timeout_s: float = TURN_TIMEOUT_S) -> CheckResult:
    """The TURN server gives a relayed address to these credentials."""
    url = server.urls[0]
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    host, _, port = place.partition(":")
    transport = "tcp" if "transport=tcp" in query or scheme == "turns" else "udp"
    where = f"{host}:{port or 3478} ({transport})"
    if scheme not in ("turn", "turns") or not host or not (port or "1").isdigit():
        return bad("turn", "config.invalid", f"{url} is no turn: URL")
    try:
        relayed = asyncio.run(
            asyncio.wait_for(
                _allocate(server, (host, int(port or 3478)), transport, scheme == "turns"),
                timeout_s,
            )
        )
    except aioice.stun.TransactionFailed as error:
        return bad("turn", "turn.refused", f"{where}: {error}")
    except (TimeoutError, aioice.stun.TransactionError):
        return bad("turn", "turn.unreachable", f"{where}: no answer")
    except OSError as error:
        return bad("turn", "turn.unreachable", f"{where}: {error.strerror or error}")
    return good("turn", f"{where} relays at {relayed}")


async def _allocate(
    server: IceServer, address: tuple[str, int], transport: str, secure: bool
) -> str:
    made, _ = await aioice.turn.create_turn_endpoint(
        asyncio.DatagramProtocol,
        server_addr=address,
        username=server.username,
        password=server.credential,
        transport=transport,
        ssl=secure,
    )
    try:
        host, port = made.get_extra_info("sockname")
        return f"{host}:{port}"
    finally:
        made.close()


def _connect(settings: AgentSettings, clock: Clock) -> Connection:
    identity = Identity.load(settings.identity)
    # A client of its own beside the running agent, whose session it must not take over; its will
    # clears a topic that nobody reads.
    return Connection(
        settings.broker.host,
        settings.broker.port,
        f"{identity.name}-check",
        identity.tls_client(),
        Will(f"{_address(settings).up}/check", b""),
        clock,
    )


def _address(settings: AgentSettings) -> DeviceAddress:
    return DeviceAddress(settings.site, settings.shard, Identity.load(settings.identity).name)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return not host
    return True
