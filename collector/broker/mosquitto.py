"""mosquitto's configuration: mutual TLS, an access list by certificate name, bounded queues.

A client is known by the common name of its certificate. Revoked ones are refused by the list of
revocations, but a session that is already open ends only when the broker is restarted.
"""

from __future__ import annotations

from pathlib import Path

from collector.broker.settings import (
    MAX_IN_FLIGHT,
    MAX_PACKET_BYTES,
    BrokerSettings,
    principals,
)
from wire.register import Register

MAX_QUEUED = 1_000_000
"""Messages kept for an absent subscriber. Not 0 (unlimited): 2.0.11 then drops a client whose
publish was denied."""

AUTOSAVE_S = 60


def mosquitto_config(
    register: Register,
    settings: BrokerSettings,
    *,
    access_list: Path,
    revocations: Path | None = None,
    user: str | None = None,
) -> str:
    """The configuration file of a mosquitto 2 for the site of `register`.

    `access_list` is where the text of `mosquitto_access` stands, `revocations` a PEM list, `user`
    the account to drop to when started as root (mosquitto's default: `mosquitto`).
    """
    lines = [
        f"# Site {register.site}. Written by 'polewatch broker config mosquitto'; "
        "edit the register instead.",
        "per_listener_settings false",
        "allow_anonymous false",
        f"acl_file {_path(access_list)}",
        *([f"user {user}"] if user else []),
        "",
        "persistence true",
        f"persistence_location {_path(settings.store)}/",
        "# Seconds between saves of the whole store: what a killed broker forgets is sent again,",
        "# because only the collector's receipt empties an outbox. Saving at every change would",
        "# cost nineteen twentieths of the throughput and still lose the newest message.",
        f"autosave_interval {AUTOSAVE_S}",
        f"max_queued_messages {MAX_QUEUED}",
        f"max_inflight_messages {MAX_IN_FLIGHT}",
        f"message_size_limit {MAX_PACKET_BYTES}",
        "log_dest stderr",
        "",
        f"listener {settings.port} {settings.host}",
        f"cafile {_path(settings.identity / 'ca.pem')}",
        f"certfile {_path(settings.identity / 'cert.pem')}",
        f"keyfile {_path(settings.identity / 'key.pem')}",
        *([f"crlfile {_path(revocations)}"] if revocations else []),
        "tls_version tlsv1.2",
        "require_certificate true",
        "use_identity_as_username true",
    ]
    return "\n".join(lines) + "\n"


def mosquitto_access(register: Register) -> str:
    """The access list: what each principal may write and read, and nothing for anybody else."""
    lines = ["# Written by 'polewatch broker config mosquitto'; edit the register instead."]
    for name, rights in principals(register):
        lines.append(f"user {name}")
        lines += [f"topic write {item}" for item in rights.publish]
        lines += [f"topic read {item}" for item in rights.subscribe]
    return "\n".join(lines) + "\n"


def _path(path: Path) -> str:
    text = str(path)
    if "\n" in text:
        raise ValueError(f"a path with a line break cannot stand in the configuration: {text!r}")
    return text
