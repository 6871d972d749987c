"""nats-server's configuration: MQTT gateway over JetStream, mutual TLS, rights of each principal.

A client is known by the first DNS name of its certificate (`verify_and_map`). Who does not stand in
the list of users is refused, and a reload (SIGHUP) cuts off those who left it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.broker.settings import (
    MAX_IN_FLIGHT,
    MAX_PACKET_BYTES,
    BrokerSettings,
    most_connections,
    principals,
)
from wire.register import Register
from wire.topics import Rights

DELIVERY = "$MQTT.sub.>"
"""Where the gateway itself delivers QoS 1 messages to a session; MQTT clients cannot ask for it."""

MAX_CONSUMERS = 100_000
"""A subscription is one or two JetStream consumers; the default of 1,000 ends at 500 poles."""

AGAIN_S = 10
"""An unacknowledged message is sent again then. MAX_IN_FLIGHT bounds each subscription and also the
sum over a session's: of a collector with a single session what is over it is sent only then, and
nats-server's own 30 s are half of what an agency has. A message waits a second or two for its
transaction."""

MAX_STORE_BYTES = 8 * 1024**3

LOG_BYTES = 16 * 1024 * 1024
LOGS_KEPT = 3

REPLICAS = 3
"""Copies of every message and session in a cluster."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes of a cluster, by name, with the address that each listens at for the others."""

    node: str
    """Which of them this configuration is for."""
    nodes: Mapping[str, str]

    def __post_init__(self) -> None:
        if len(self.nodes) < REPLICAS or self.node not in self.nodes:
            raise ValueError(
                f"a cluster has {REPLICAS} nodes or more, and {self.node} must be one of them"
            )


def nats_config(
    register: Register,
    settings: BrokerSettings,
    *,
    sync_always: bool = False,
    pid_file: Path | None = None,
    cluster: Cluster | None = None,
    log_file: Path | None = None,
) -> str:
    """The configuration file of a nats-server for everybody in `register`.

    `log_file` is for the collector to follow. Its debug lines, seven for a connection and none for
    a message, say whose certificate a connection showed.

    With `cluster` it is one node of three or more, and what is acknowledged stands on most of them.

    `sync_always` writes every message through to the disk before it is acknowledged: about a
    seventh of the throughput, for a broker whose machine may lose power.
    """
    tls = [
        f"cert_file: {_text(settings.identity / 'cert.pem')}",
        f"key_file: {_text(settings.identity / 'key.pem')}",
        f"ca_file: {_text(settings.identity / 'ca.pem')}",
        "verify_and_map: true",
        'min_version: "1.2"',
        "timeout: 10",
    ]
    lines = [
        "# Written by 'polewatch broker config nats'; edit the register instead.",
        f"server_name: {_text(cluster.node if cluster else f'polewatch-{register.site}')}",
        "# The server's own protocol is not used: its port cannot be closed, so it stays on",
        "# loopback at a free port and asks for the same certificates.",
        "listen: 127.0.0.1:-1",
        *_block("tls", tls),
        f"max_payload: {MAX_PACKET_BYTES}",
        f"max_connections: {most_connections(register)}",
        *([f"pid_file: {_text(pid_file)}"] if pid_file else []),
        *(_logged(log_file) if log_file else []),
        *_block(
            "jetstream",
            [
                f"store_dir: {_text(settings.store)}",
                f"max_file_store: {MAX_STORE_BYTES}",
                *(["sync_interval: always"] if sync_always else []),
                f"limits {{ default_max_consumers: {MAX_CONSUMERS} }}",
            ],
        ),
        *_block(
            "mqtt",
            [
                f"host: {_text(settings.host)}",
                f"port: {settings.port}",
                f"max_ack_pending: {MAX_IN_FLIGHT}",
                f'ack_wait: "{AGAIN_S}s"',
                *([f"stream_replicas: {REPLICAS}"] if cluster else []),
                *_block("tls", tls),
            ],
        ),
        *(_cluster(register, settings, cluster) if cluster else []),
        *_block(
            "authorization",
            ["users: [", *(f"  {_user(n, rights)}" for n, rights in principals(register)), "]"],
        ),
    ]
    return "\n".join(lines) + "\n"


def _logged(log_file: Path) -> list[str]:
    return [
        f"log_file: {_text(log_file)}",
        f"log_size_limit: {LOG_BYTES}",
        f"log_max_num: {LOGS_KEPT}",
        "debug: true",
    ]


def _cluster(register: Register, settings: BrokerSettings, cluster: Cluster) -> list[str]:
    own = cluster.nodes[cluster.node]
    others = [address for name, address in sorted(cluster.nodes.items()) if name != cluster.node]
    return _block(
        "cluster",
        [
            f"name: {_text(f'polewatch-{register.site}')}",
            f"listen: {_text(own)}",
            "# Only who holds a certificate of the city's brokers is let in as a node.",
            *_block(
                "tls",
                [
                    f"cert_file: {_text(settings.identity / 'cert.pem')}",
                    f"key_file: {_text(settings.identity / 'key.pem')}",
                    f"ca_file: {_text(settings.identity / 'ca.pem')}",
                    "verify: true",
                    "timeout: 10",
                ],
            ),
            f"routes: [{', '.join(_text(f'nats-route://{one}') for one in others)}]",
        ],
    )


def subjects(topic_filter: str) -> tuple[str, ...]:
    """The NATS subjects of an MQTT filter; `x/#` also matches `x`, hence two of them."""
    subject = topic_filter.replace("/", ".").replace("+", "*")
    if subject.endswith(".#"):
        parent = subject.removesuffix(".#")
        return (parent, f"{parent}.>")
    return (subject,)


def _user(name: str, rights: Rights) -> str:
    publish = [subject for item in rights.publish for subject in subjects(item)]
    subscribe = [subject for item in rights.subscribe for subject in subjects(item)]
    permissions = {
        "publish": {"allow": publish} if publish else {"deny": [">"]},
        "subscribe": {"allow": [*subscribe, DELIVERY]} if subscribe else {"deny": [">"]},
    }
    user = {"user": name, "permissions": permissions, "allowed_connection_types": ["MQTT"]}
    return json.dumps(user)


def _block(name: str, lines: list[str]) -> list[str]:
    return [f"{name} {{", *(f"  {line}" for line in lines), "}"]


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
