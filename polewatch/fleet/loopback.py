"""The only addresses that a flood may be pointed at."""

from __future__ import annotations

import ipaddress
import resource

SPARE_FILES = 200
"""Descriptors for databases, logs, children and the agencies' connections."""


class LoopbackError(Exception):
    """What a simulation is not allowed, or not able, to do here; the message says what to do."""


def check_host(host: str) -> None:
    """Raises LoopbackError for every address but this machine's own."""
    if host == "localhost":
        return
    try:
        allowed = ipaddress.ip_address(host).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise LoopbackError(
            f"{host} is not on this machine; a simulated fleet is pointed at 127.0.0.1, ::1 or"
            " localhost only, for it would flood whatever answers"
        )


def want_files(connections: int) -> None:
    """Raise this process's bound on open files as far as needed; raises LoopbackError."""
    wanted = connections + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError) as error:
        raise LoopbackError(
            f"{connections} connections need {wanted} open files and {hard} are allowed;"
            f" run 'ulimit -n {wanted}' as root, or simulate fewer devices"
        ) from error
