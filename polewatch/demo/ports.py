"""TCP ports of the loopback for servers that are started a moment later."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"
RANGE = range(10_000, 32_768)
"""Below those from which the kernel serves outgoing connections (Linux: 32768 to 60999): such a one
may take a port between the choice and the server's start."""
TRIES = 200

_random = random.SystemRandom()
_given: set[int] = set()


def free_port(wished: int = 0) -> int:
    """`wished` when nothing listens there, else a free port that this process was not given yet.

    Raises OSError when there is none.
    """
    if wished and _is_free(wished):
        return wished
    for port in _random.sample(RANGE, TRIES):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free TCP port on {HOST}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
