"""Ports are free, nobody's outgoing connection takes them, and none is given twice."""

from __future__ import annotations

import socket

from polewatch.demo.ports import HOST, free_port


def test_no_port_is_given_twice_and_none_lies_among_those_of_outgoing_connections() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert max(ports) < 32_768


def test_a_wish_is_granted_only_while_nobody_listens_there() -> None:
    wished = free_port()
    assert free_port(wished) == wished
    with socket.create_server((HOST, wished)):
        assert free_port(wished) != wished
