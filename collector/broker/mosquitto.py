"""mosquitto's configuration: mutual TLS, rights by certificate name, bounded queues.

A client is known by the common name of its certificate; what it may do stands in the file of the
dynamic-security plugin, which also changes it and cuts sessions off while the broker runs (`live`).
Access lists alone would leave a revoked client's open session as it is (mosquitto 2.0.11).
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from collector.broker.runner import BrokerError
from collector.broker.settings import (
    MAX_IN_FLIGHT,
    MAX_PACKET_BYTES,
    BrokerSettings,
    most_connections,
    principals,
)
from wire.register import Register
from wire.topics import Rights

MAX_QUEUED = 1_000_000
"""Messages kept for an absent subscriber. Not 0 (unlimited): 2.0.11 then drops a client whose
publish was denied."""

AUTOSAVE_S = 60

CONTROL = "$CONTROL/dynamic-security/#"
PLUGIN = "mosquitto_dynamic_security.so"
PLUGIN_FOLDERS = (Path("/usr/lib"), Path("/usr/local/lib"), Path("/usr/lib64"))


def mosquitto_config(
    register: Register,
    settings: BrokerSettings,
    *,
    rights: Path,
    revocations: Path | None = None,
    user: str | None = None,
    pid_file: Path | None = None,
) -> str:
    """The configuration file of a mosquitto 2 for the site of `register`.

    `rights` is where the text of `mosquitto_rights` stands: the broker must be able to write to
    it. `revocations` is a PEM list, `user` the account to drop to when started as root (mosquitto's
    default: `mosquitto`).
    """
    lines = [
        f"# Site {register.site}. Written by 'polewatch broker config mosquitto'; "
        "edit the register instead.",
        "per_listener_settings false",
        "allow_anonymous false",
        f"plugin {_path(plugin_file())}",
        f"plugin_opt_config_file {_path(rights)}",
        *([f"user {user}"] if user else []),
        *([f"pid_file {_path(pid_file)}"] if pid_file else []),
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
        "# A client's name is its own choice: let it take nobody else's place and session, and let",
        "# the log call it by its certificate.",
        "use_username_as_clientid true",
        f"max_connections {most_connections(register)}",
        f"cafile {_path(settings.identity / 'ca.pem')}",
        f"certfile {_path(settings.identity / 'cert.pem')}",
        f"keyfile {_path(settings.identity / 'key.pem')}",
        *([f"crlfile {_path(revocations)}"] if revocations else []),
        "tls_version tlsv1.2",
        "require_certificate true",
        "use_identity_as_username true",
    ]
    return "\n".join(lines) + "\n"


def mosquitto_rights(register: Register) -> str:
    """The plugin's file: what each principal may write and read, and nothing for anybody else.

    The broker's own certificate may give the plugin orders, as `live` does.
    """
    orders = Rights((CONTROL,), (CONTROL,))
    granted = [*principals(register), *((name, orders) for name in brokers(register))]
    return json.dumps(
        {
            "defaultACLAccess": {
                "publishClientSend": False,
                "publishClientReceive": False,
                "subscribe": False,
                "unsubscribe": True,
            },
            "clients": [client(name) for name, _ in granted],
            "groups": [],
            "roles": [role(name, rights) for name, rights in granted],
        },
        indent=1,
    )


def brokers(register: Register) -> tuple[str, ...]:
    """Names of the certificates that are brokers' own."""
    return tuple(one.name for one in register.services if one.role == "broker")


def client(name: str) -> dict[str, Any]:
    """A principal as the plugin knows it: no password, for its certificate is checked instead."""
    return {"username": name, "roles": [{"rolename": name, "priority": 0}]}


def role(name: str, rights: Rights) -> dict[str, Any]:
    """What one principal may do, as a role of its own name."""
    wanted = [("publishClientSend", item) for item in rights.publish]
    wanted += [
        (kind, item)
        for item in rights.subscribe
        for kind in ("subscribePattern", "publishClientReceive")
    ]
    return {
        "rolename": name,
        "acls": [
            {"acltype": kind, "topic": item, "priority": 0, "allow": True} for kind, item in wanted
        ],
    }


def mosquitto_program() -> Path:
    """The mosquitto of this machine; raises BrokerError without one."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise BrokerError("mosquitto is not installed; run: apt install mosquitto")
    return Path(found)


def plugin_file() -> Path:
    """The dynamic-security plugin of this machine, where Debian and others put it."""
    found = [folder / PLUGIN for folder in PLUGIN_FOLDERS if (folder / PLUGIN).exists()]
    found += sorted(Path("/usr/lib").glob(f"*-linux-gnu*/{PLUGIN}"))
    return found[0] if found else PLUGIN_FOLDERS[0] / PLUGIN


def _path(path: Path) -> str:
    text = str(path)
    if "\n" in text:
        raise ValueError(f"a path with a line break cannot stand in the configuration: {text!r}")
    return text
