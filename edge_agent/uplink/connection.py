"""One MQTT 3.1.1 connection from CONNECT to its end, on the caller's own thread.

paho's network loop, reconnecting and queueing are not used: what is published here is on the
socket's way or refused, and when the connection ends everything about it is over.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from wire.clock import Clock
from wire.codes import explain

CONNECT_TIMEOUT_S = 10.0
KEEPALIVE_S = 30
MAX_UNCONFIRMED = 4096
INBOX = 1024
"""Messages that may wait between two looks; what is more is dropped and counted."""


Value = TypeVar("Value")


class LinkError(Exception):
    """The broker cannot be used now; `code` is one of wire.codes."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail}: {explain(code)}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the connection ends without a goodbye."""

    topic: str
    payload: bytes


class Connection:
    """Not thread-safe, except `wake`."""

    def __init__(
        self, host: str, port: int, client_id: str, tls: ssl.SSLContext, will: Will, clock: Clock
    ) -> None:
        self._where = f"{host}:{port}"
        self._host, self._port = host, port
        self._clock = clock
        self._connack: ReasonCode | None = None
        self._subscribed: dict[int, list[ReasonCode]] = {}
        self._closed: str | None = None
        self._complaint = ""
        self._unconfirmed: dict[int, int] = {}
        self.unconfirmed_bytes = 0
        """Bytes handed over that the broker has not confirmed."""
        self.confirmed: deque[int] = deque()
        """Message ids that the broker confirmed since the last look."""
        self.inbox: deque[tuple[str, bytes]] = deque()
        self.overflowed = 0
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        # A clean session: commands of the time away would be stale, receipts are sent again for
        # what is sent again, and 600 sleeping poles cost the broker nothing.
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.tls_set_context(tls)
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.connect_timeout = CONNECT_TIMEOUT_S
        # paho would queue silently beyond this; the link's own bounds lie far below.
        client.max_inflight_messages = MAX_UNCONFIRMED
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_log = self._on_log
        self._client = client

    # --- life ---------------------------------------------------------------------------------

    def open(self, subscription: str) -> None:
        """Connect and subscribe; raises LinkError."""
        try:
            self._client.connect(self._host, self._port, KEEPALIVE_S)
        except ssl.SSLCertVerificationError as error:
            raise LinkError(
                "broker.untrusted", f"{self._where} ({error.verify_message})"
            ) from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            # Cut in the middle of the handshake: that says nothing of certificates.
            raise LinkError("broker.unreachable", f"{self._where} (cut off)") from error
        except ssl.SSLError as error:
            code = "broker.refused" if "ALERT" in str(error) else "broker.untrusted"
            raise LinkError(code, f"{self._where} ({error.reason or error})") from error
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise LinkError("broker.unreachable", f"{self._where} ({reason})") from error
        self._await(lambda: self._connack, "no CONNACK")
        # Whatever comes is asked for, or said, again; and on nats-server a subscription with QoS 1
        # is two durable consumers: a city's poles could not all come back at once.
        status, mid = self._client.subscribe(subscription, qos=0)
        if status != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise LinkError("broker.unreachable", f"{self._where} ({mqtt.error_string(status)})")
        granted = self._await(lambda: self._subscribed.get(mid), "no SUBACK")
        if any(code.is_failure for code in granted):
            raise LinkError("broker.refused", f"{self._where} (no right to read {subscription})")

    def step(self, timeout_s: float) -> None:
        """Read, write and keep alive; returns early when something happened or `wake` was called.

        Raises LinkError when the connection is over.
        """
        sock = self._client.socket()
        if sock is None or self._closed is not None:
            raise self._over()
        buffered = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        # poll, not select: an agent with many viewers has more than 1,024 descriptors.
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        wanted = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        poll.register(sock, wanted)
        ready = dict(poll.poll(0 if buffered else max(0.0, timeout_s) * 1000))
        if ready.pop(self._wake_read.fileno(), 0):
            self._swallow_wakes()
        state = ready.get(sock.fileno(), 0)
        status = MQTTErrorCode.MQTT_ERR_SUCCESS
        if buffered or state & ~select.POLLOUT:
            status = self._client.loop_read()
        if status == MQTTErrorCode.MQTT_ERR_SUCCESS and state & select.POLLOUT:
            status = self._client.loop_write()
        if status == MQTTErrorCode.MQTT_ERR_SUCCESS:
            status = self._client.loop_misc()
        if status != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._closed = mqtt.error_string(status)
            raise self._over()

    def wake(self) -> None:
        """Make a `step` on another thread return."""
        try:
            self._wake_write.send(b"\0")
        except OSError:
            # Full: a wake is on its way already. Closed: nobody is left to wake.
            return

    def close(self, *, goodbye: bool) -> None:
        """Let go of the sockets. Without `goodbye` the broker publishes the will."""
        if goodbye:
            self._client.disconnect()
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        self._wake_read.close()
        self._wake_write.close()

    def socket(self) -> socket.socket | None:
        """The TLS socket while the connection lasts."""
        found = self._client.socket()
        return found if isinstance(found, socket.socket) else None

    # --- messages -----------------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int:
        """Put one message on its way and return its id; raises LinkError when it cannot go."""
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._closed = mqtt.error_string(info.rc)
            raise self._over()
        if qos > 0:
            self._unconfirmed[info.mid] = len(topic) + len(payload)
            self.unconfirmed_bytes += len(topic) + len(payload)
        return info.mid

    # --- within -------------------------------------------------------------------------------

    def _await(self, found: Callable[[], Value | None], what: str) -> Value:
        deadline = self._clock.monotonic() + CONNECT_TIMEOUT_S
        while (value := found()) is None:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise LinkError("broker.unreachable", f"{self._where} ({what} in time)")
            self.step(min(left, 0.5))
        return value

    def _over(self) -> LinkError:
        # With TLS 1.3 a client's certificate is refused after the handshake: the alert arrives
        # where CONNACK is awaited, and paho tells of it only in its log.
        if "ALERT" in self._complaint.upper():
            return LinkError("broker.refused", f"{self._where} ({self._complaint})")
        if self._connack is not None and self._connack.is_failure:
            code = "unreachable" if "unavailable" in str(self._connack) else "refused"
            return LinkError(f"broker.{code}", f"{self._where} (CONNACK: {self._connack})")
        if self._connack is None:
            why = self._complaint or "it closed the connection before CONNACK"
            return LinkError("broker.refused", f"{self._where} ({why})")
        return LinkError("broker.unreachable", f"{self._where} ({self._closed or 'closed'})")

    def _swallow_wakes(self) -> None:
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            return

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connack = reason

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._subscribed[mid] = reasons

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        mid: int,
        _reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        size = self._unconfirmed.pop(mid, None)
        if size is not None:
            self.unconfirmed_bytes -= size
            self.confirmed.append(mid)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if len(self.inbox) >= INBOX:
            self.overflowed += 1
            return
        self.inbox.append((message.topic, bytes(message.payload)))

    def _on_log(self, _client: mqtt.Client, _data: object, level: int, text: str) -> None:
        if level == mqtt.MQTT_LOG_ERR:
            self._complaint = text
