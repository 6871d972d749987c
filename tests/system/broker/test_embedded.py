"""The embedded nats-server as a process: its start, its failures, its other port."""

from __future__ import annotations

import re
import socket
import ssl
from pathlib import Path

import pytest

from collector.broker.runner import BrokerError, EmbeddedBroker
from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from tests.support.broker import HOST, BrokerHandle, answers, make_broker
from tests.support.mqtt import MqttPeer
from tests.support.wait import wait_until


def test_it_starts_again_on_the_same_port_and_leaves_no_process_behind(
    city: Authority, tmp_path: Path
) -> None:
    broker = make_broker("nats", city, tmp_path / "broker")
    for _ in range(2):
        broker.start()
        with MqttPeer(broker, city.identity("pole-001-1")):
            pass
        broker.stop()
        assert not answers(broker.host, broker.port)


def test_a_port_in_use_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        broker = EmbeddedBroker(
            tmp_path / "any.conf", host=HOST, port=port, log_file=tmp_path / "log"
        )
        with pytest.raises(BrokerError, match=f"port {port} .* in use .*another port"):
            broker.start()


def test_a_broken_configuration_fails_at_once_with_the_servers_own_words(tmp_path: Path) -> None:
    config = tmp_path / "broken.conf"
    config.write_text("mqtt { port: none")
    broker = EmbeddedBroker(config, host=HOST, port=free_port(), log_file=tmp_path / "log")
    with pytest.raises(BrokerError, match=r"broken\.conf"):
        broker.start()
    assert not broker.running


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_the_servers_own_protocol_lets_no_enrolled_principal_in(
    broker: BrokerHandle, city: Authority
) -> None:
    said = re.compile(r"client connections on 127\.0\.0\.1:(\d+)")
    found = wait_until(lambda: said.search(broker.log_file.read_text()), 30, "its own port")
    assert found is not None
    tls = ssl.create_default_context(cafile=str(city.ca_file))
    own = city.identity("collector")
    tls.load_cert_chain(own / "cert.pem", own / "key.pem")
    with socket.create_connection((HOST, int(found[1])), timeout=30) as plain:
        assert plain.recv(4096).startswith(b"INFO ")
        with tls.wrap_socket(plain, server_hostname=HOST) as secured:
            secured.sendall(b'CONNECT {"verbose":true,"user":"collector","pass":""}\r\n')
            assert b"Authorization Violation" in secured.recv(4096)
