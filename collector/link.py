"""One MQTT connection of the collector: mutual TLS, QoS 1, a session that the broker keeps.

A message is acknowledged to the broker only after its transaction is committed.
"""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from collector.config import BrokerSettings
from wire.identity import Identity

log = structlog.get_logger()

KEEPALIVE_S = 30
RECONNECT_FIRST_S = 1
RECONNECT_LONGEST_S = 30
CONNECTIONS: Iterator[int] = itertools.count(1)
"""No two connections of the process have the same number, whichever session they are of."""
MAX_WAITING_OUT = 5000
"""Messages that may wait in memory for the socket; receipts and deliveries are repeated anyway."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message; `mid` and `connection` are for its acknowledgement."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    connection: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What a session reads."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()
    """Of earlier days: the broker keeps a session's subscriptions until they are taken back."""


class Link:
    """One paho client with its own network thread."""

    def __init__(
        self,
        session: str,
        identity: Identity,
        broker: BrokerSettings,
        filters: Filters,
        on_message: Callable[[Incoming], None],
        on_up: Callable[[], None],
    ) -> None:
        """`session` is its name in logs and figures. `on_message` and `on_up` are called on the
        network thread and must not wait."""
        self.session = session
        self._broker = broker
        self._filters = filters
        self._on_message_out = on_message
        self._on_up = on_up
        self._connection = 0
        self._connected_now = False
        self._up = threading.Event()
        self.refused: str | None = None
        """Why the broker or we broke the last attempt off; None while connected."""
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=identity.client_id,
            clean_session=False,
            manual_ack=True,
        )
        self._tls = identity.tls_client()
        self._client.tls_set_context(self._tls)
        self._client.reconnect_delay_set(RECONNECT_FIRST_S, RECONNECT_LONGEST_S)
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(MAX_WAITING_OUT)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._message

    @property
    def up(self) -> bool:
        """Whether messages flow: connected, and subscribed to everything."""
        return self._up.is_set()

    def wait_up(self, timeout_s: float) -> bool:
        return self._up.wait(timeout_s)

    def start(self) -> None:
        """Connect, and keep connecting; returns at once."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
        self._client.on_connect_fail = self._failed
        self._client.loop_start()

    def stop(self) -> None:
        """Say goodbye and end the network thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand a message to the socket with QoS 1; false when there is no connection."""
        # What the broker kept for us comes before it confirms our subscriptions, and is answered.
        if not self._connected_now:
            return False
        return self._client.publish(topic, payload, qos=1).rc == mqtt.MQTT_ERR_SUCCESS

    def done(self, message: Incoming) -> None:
        """The message is committed: the broker may forget it."""
        # Packet ids mean nothing beyond the connection that they came on.
        if message.qos > 0 and message.connection == self._connection:
            self._client.ack(message.mid, message.qos)

    def _connected(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._tell("broker.refused", str(reason))
            return
        self._connection = next(CONNECTIONS)
        self._connected_now = True
        if self._filters.unwanted:
            client.unsubscribe(list(self._filters.unwanted))
        client.subscribe([(one, 1) for one in self._filters.wanted])

    def _subscribed(
        self,
        client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        if any(one.is_failure for one in reasons):
            self._tell("broker.refused", "the broker refuses our subscriptions; check its rights")
            # A cluster without a leader says so too: rather begin anew than be connected and deaf.
            sock = client.socket()
            if isinstance(sock, socket.socket):
                sock.shutdown(socket.SHUT_RDWR)
            return
        self.refused = None
        self._up.set()
        log.info("broker.connected", session=self.session, **self._address())
        self._on_up()

    def _disconnected(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._connected_now = False
        self._up.clear()
        if reason.is_failure:
            self._tell("broker.unreachable", str(reason))

    def _failed(self, _client: mqtt.Client, _userdata: object) -> None:
        # paho keeps the exception to itself; a second, short attempt tells what it was.
        self._tell(*diagnose(self._broker, self._tls))

    def _tell(self, code: str, why: str) -> None:
        self._up.clear()
        if self.refused != f"{code}: {why}":
            self.refused = f"{code}: {why}"
            log.warning("broker.down", session=self.session, code=code, why=why, **self._address())

    def _address(self) -> dict[str, object]:
        return {"host": self._broker.host, "port": self._broker.port}

    def _message(self, _client: mqtt.Client, _userdata: object, got: mqtt.MQTTMessage) -> None:
        try:
            topic = got.topic
        except UnicodeDecodeError:
            topic = "(not UTF-8)"
        self._on_message_out(
            Incoming(topic, bytes(got.payload), got.mid, got.qos, self._connection)
        )


def diagnose(broker: BrokerSettings, tls: ssl.SSLContext) -> tuple[str, str]:
    """(code of wire.codes, text): why a TLS connection to the broker cannot be made."""
    try:
        with (
            socket.create_connection((broker.host, broker.port), timeout=5) as plain,
            tls.wrap_socket(plain, server_hostname=broker.host),
        ):
            pass
    except ssl.SSLCertVerificationError as error:
        return "broker.untrusted", error.verify_message
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return "broker.unreachable", "cut off in the handshake"
    except ssl.SSLError as error:
        return "broker.refused", str(error.reason or error)
    except OSError as error:
        return "broker.unreachable", str(error)
    return "broker.unreachable", "the connection broke off"
