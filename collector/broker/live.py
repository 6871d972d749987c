"""Rights that change while mosquitto runs: orders to its dynamic-security plugin over MQTT.

Who is no longer enrolled is deleted, which cuts an open session off; its certificate stands in the
list of revocations by then, so it does not come back. Who was enrolled since gets its rights.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from collector.broker.mosquitto import brokers, client, role
from collector.broker.runner import BrokerError
from collector.broker.settings import BrokerSettings, principals
from wire.identity import Identity
from wire.register import Register
from wire.topics import Rights

ORDERS = "$CONTROL/dynamic-security/v1"
ANSWERS = "$CONTROL/dynamic-security/v1/response"
ANSWER_S = 15.0


@dataclass(frozen=True, slots=True)
class Changed:
    """Names that were given rights, and names that were cut off."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def bring_up_to_date(register: Register, settings: BrokerSettings) -> Changed:
    """Make the running broker's rights those of `register`; raises BrokerError."""
    wanted = dict(principals(register))
    with _Control(settings) as control:
        (listed,) = control.order({"command": "listClients", "count": -1, "offset": 0})
        held = set(listed["data"]["clients"]) - set(brokers(register))
        removed, added = sorted(held - wanted.keys()), sorted(wanted.keys() - held)
        orders = [
            *({"command": "deleteClient", "username": name} for name in removed),
            *({"command": "deleteRole", "rolename": name} for name in removed),
            *_granting(added, wanted),
        ]
        for answer in control.order(*orders) if orders else []:
            if "error" in answer:
                raise BrokerError(
                    f"mosquitto refused {answer['command']}: {answer['error']}; "
                    f"write its rights anew by 'polewatch broker config mosquitto' and restart it"
                )
    return Changed(tuple(added), tuple(removed))


def _granting(names: list[str], wanted: Mapping[str, Rights]) -> list[dict[str, Any]]:
    orders: list[dict[str, Any]] = []
    for name in names:
        orders.append({"command": "createRole", **role(name, wanted[name])})
        orders.append({"command": "createClient", **client(name)})
    return orders


class _Control:
    """One connection with the broker's own certificate."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._listening = threading.Event()
        self._answered = threading.Event()
        self._answers: list[dict[str, Any]] = []
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id="broker-rights",
            clean_session=True,
            reconnect_on_failure=False,
        )
        self._client.tls_set_context(Identity.load(settings.identity).tls_client())
        self._client.on_connect = lambda client, *_: client.subscribe(ANSWERS, qos=1)
        self._client.on_subscribe = lambda *_: self._listening.set()
        self._client.on_message = self._take

    def order(self, *orders: dict[str, Any]) -> list[dict[str, Any]]:
        """Send orders; the answers in the same order. Raises BrokerError without one."""
        self._answered.clear()
        self._client.publish(ORDERS, json.dumps({"commands": list(orders)}), qos=1)
        if not self._answered.wait(ANSWER_S):
            raise BrokerError(
                f"mosquitto at {self._where} did not answer within {ANSWER_S:.0f} s; is its "
                f"dynamic-security plugin loaded? 'polewatch broker config mosquitto' writes it"
            )
        return self._answers

    def __enter__(self) -> _Control:
        try:
            self._client.connect(self._settings.host, self._settings.port)
        except (OSError, ssl.SSLError) as error:
            raise BrokerError(f"no connection to mosquitto at {self._where}: {error}") from error
        self._client.loop_start()
        if not self._listening.wait(ANSWER_S):
            self._end()
            raise BrokerError(
                f"mosquitto at {self._where} does not let {self._settings.identity} give orders; "
                f"restart it with the rights of 'polewatch broker config mosquitto'"
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._answers = json.loads(message.payload)["responses"]
        self._answered.set()
