"""A simulated fleet is never pointed at anything but this machine."""

from __future__ import annotations

import pytest

from polewatch.fleet.client import Door
from polewatch.fleet.loopback import LoopbackError, want_files


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_is_allowed(host: str) -> None:
    assert Door(host, 8883).host == host


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "broker.example", "::", "", "127.1"])
def test_everything_else_is_refused(host: str) -> None:
    with pytest.raises(LoopbackError, match="not on this machine"):
        Door(host, 8883)


def test_more_connections_than_files_say_what_to_do() -> None:
    with pytest.raises(LoopbackError, match="ulimit -n"):
        want_files(100_000_000)
