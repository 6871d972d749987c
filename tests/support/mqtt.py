"""An MQTT client for tests, with waits that end."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.wait import wait_until
from wire.identity import Identity

PATIENCE_S = 30.0
"""For what takes milliseconds, on a machine where ten others want the same core."""


class Listening(Protocol):
    """A broker, as far as a client must know it."""

    host: str
    port: int


class RefusedError(Exception):
    """The broker did not let this client in."""


class MqttPeer:
    """One client with one certificate; `received` lists (topic, payload) in order of arrival.

    `arrived` holds the wall time of each, in seconds.
    """

    def __init__(
        self,
        broker: Listening,
        identity: Path | None = None,
        *,
        client_id: str | None = None,
        tls: ssl.SSLContext | None = None,
        clean: bool = True,
        plain: bool = False,
    ) -> None:
        """`identity` is a folder of key, certificate and CA; `tls` overrides what comes from it.

        `plain` speaks MQTT without TLS.
        """
        if tls is None:
            assert identity is not None
            tls = Identity.load(identity).tls_client()
        self.received: list[tuple[str, bytes]] = []
        self.arrived: list[float] = []
        self.granted: list[ReasonCode] = []
        self._broker = broker
        self._connected = threading.Event()
        self._refused: str | None = None
        self._subscribed = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or (identity.name if identity else "stranger"),
            clean_session=clean,
            reconnect_on_failure=False,
        )
        if not plain:
            self._client.tls_set_context(tls)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def connect(self) -> Self:
        """Connect; raises RefusedError with the reason."""
        try:
            self._client.connect(self._broker.host, self._broker.port, keepalive=30)
        except (OSError, ssl.SSLError) as error:
            raise RefusedError(str(error)) from error
        self._client.loop_start()
        answered = "CONNACK or a refusal"
        wait_until(lambda: self.connected or self._refused is not None, PATIENCE_S, answered)
        if not self.connected:
            self._client.loop_stop()
            raise RefusedError(self._refused)
        return self

    def will(self, topic: str, payload: bytes) -> None:
        """What the broker publishes, retained, when this client vanishes; before `connect`."""
        self._client.will_set(topic, payload, qos=1, retain=True)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait for the PUBACK."""
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        assert info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS, info.rc
        info.wait_for_publish(PATIENCE_S)
        assert info.is_published()

    def publish_later(self, topic: str, payload: bytes) -> None:
        """Hand over without waiting for the PUBACK."""
        info = self._client.publish(topic, payload, qos=1)
        assert info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS, info.rc

    def publish_all(self, topic: str, payloads: Iterable[bytes]) -> None:
        """Publish many without waiting between them, then wait for every PUBACK."""
        infos = [self._client.publish(topic, payload, qos=1) for payload in payloads]
        for info in infos:
            info.wait_for_publish(60)
        assert all(info.is_published() for info in infos)

    def try_publish(self, topic: str, payload: bytes) -> None:
        """Publish what the broker may answer by silence or by cutting the connection."""
        info = self._client.publish(topic, payload, qos=1)
        if info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN:
            # Cut while it was still writing.
            wait_until(lambda: not self.connected, PATIENCE_S, "the cut to be noticed")
            return
        answered = "an answer to a publish"
        wait_until(lambda: info.is_published() or not self.connected, PATIENCE_S, answered)

    def send_raw(self, packet: bytes) -> None:
        """A packet that no honest client would send."""
        socket = self._client.socket()
        assert socket is not None
        socket.send(packet)

    def subscribe(self, *filters: str, qos: int = 1) -> list[ReasonCode]:
        """Subscribe and wait for the SUBACK; the codes it granted."""
        self._subscribed.clear()
        self._client.subscribe([(item, qos) for item in filters])
        wait_until(lambda: self._subscribed.is_set() or not self.connected, PATIENCE_S, "a SUBACK")
        return self.granted

    def wait_for(self, topic: str, payload: bytes, timeout_s: float = PATIENCE_S) -> None:
        """Wait until exactly this message has arrived."""
        wait_until(lambda: (topic, payload) in self.received, timeout_s, f"a message on {topic}")

    def wait_cut(self, timeout_s: float) -> None:
        """Wait until the broker has ended this connection."""
        wait_until(lambda: not self.connected, timeout_s, "the connection to be cut")

    def drop(self) -> None:
        """Vanish without a DISCONNECT, as a power cut does."""
        socket = self._client.socket()
        if socket is not None:
            socket.close()
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _on_connect(
        self, client: paho.Client, data: object, flags: object, code: ReasonCode, props: object
    ) -> None:
        if code.is_failure:
            self._refused = str(code)
        else:
            self._connected.set()

    def _on_disconnect(
        self, client: paho.Client, data: object, flags: object, code: ReasonCode, props: object
    ) -> None:
        self._connected.clear()
        self._refused = self._refused or f"disconnected: {code}"

    def _on_subscribe(
        self, client: paho.Client, data: object, mid: int, codes: list[ReasonCode], props: object
    ) -> None:
        self.granted = codes
        self._subscribed.set()

    def _on_message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        self.arrived.append(time.time())
        self.received.append((message.topic, bytes(message.payload)))
