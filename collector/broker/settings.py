"""What every broker's configuration is made from, whichever broker it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wire.register import Register
from wire.topics import Rights, agency_rights, collector_rights, device_rights, words_rights

MAX_PACKET_BYTES = 1024 * 1024
"""A still is at most 60 KB and an answer to a search a few hundred; more is somebody's mistake."""

MAX_IN_FLIGHT = 1000
"""QoS 1 messages on the way to one subscriber, so that a collector can commit them in batches."""


def most_connections(register: Register) -> int:
    """What a flood of connections is held to: three for each principal, and some to spare."""
    return 3 * sum(1 for _ in principals(register)) + 100


NO_RIGHTS = Rights(publish=(), subscribe=())
SERVICES = {"collector": collector_rights(), "words": words_rights()}
"""By role; the others have no business at the broker."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where a broker listens, who it is and where it keeps what it was given."""

    identity: Path
    """Folder with the broker's own key.pem, cert.pem and ca.pem."""
    store: Path
    """Folder for sessions and messages; nothing else may stand in it."""
    host: str = "127.0.0.1"
    port: int = 8883


def principals(register: Register) -> Iterator[tuple[str, Rights]]:
    """Everybody who may connect, with the MQTT filters they may use; nobody who is revoked."""
    for device in register.devices:
        if not device.revoked:
            yield device.name, device_rights(register.address(device))
    for agency in register.agencies:
        if not agency.revoked:
            yield agency.name, agency_rights(agency.name)
    for service in register.services:
        if not service.revoked:
            rights = SERVICES.get(service.role, NO_RIGHTS)
            if rights != NO_RIGHTS:
                yield service.name, rights
