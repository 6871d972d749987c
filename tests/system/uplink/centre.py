"""A collector reduced to its promise: verify, keep, receipt; and a pole's process to talk to."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from polewatch.bench.live import cpu_s
from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.wait import wait_until
from tests.support.zygote import Forked, zygote
from wire.clock import SystemClock
from wire.command import Command, NonceWindow, Reply
from wire.envelope import CloudEvent, body, cloud_event, sign, verify
from wire.health import DeviceState
from wire.identity import Identity
from wire.names import WireModel, new_id
from wire.receipt import GapRequest, Receipt, Received
from wire.register import Trust
from wire.topics import ALL_UP, DeviceAddress, parse_up, service_source

RECEIPT_EVERY_S = 0.05
PATIENCE_S = 60.0
UPLINK = ("psutil", "tests.support.findings", "tests.support.uplink")
"""What a pole's process imports."""
SOON = ("--silence-s", "3")
"""For a pole whose centre falls silent in the test: how soon it notices is no matter of it."""


class Centre:
    """Books of one device; receipts in batches, as the collector sends them."""

    def __init__(self, authority: Authority, broker: BrokerHandle, device: str) -> None:
        self._identity = Identity.load(authority.identity("collector"))
        self._trust = Trust(authority.register_file, now=SystemClock().now())
        address = self._trust.device_address(device)
        assert address is not None
        self.address: DeviceAddress = address
        self.device = device
        self.arrived: Counter[str] = Counter()
        """How often each event id of a finding came."""
        self.order: list[tuple[str, str]] = []
        """Kind and severity or hash, by arrival."""
        self.events: dict[str, CloudEvent] = {}
        self.tokens: dict[str, bytes] = {}
        self.stills: dict[str, bytes] = {}
        self.states: list[DeviceState] = []
        self.windows: list[NonceWindow] = []
        self.replies: list[Reply] = []
        self.health = 0
        self.receipting = True
        self._lock = threading.Lock()
        self._pending: dict[str, list[Received]] = {}
        self._pending_stills: list[str] = []
        self._stop = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="collector", clean_session=False
        )
        self._client.tls_set_context(self._identity.tls_client())
        self._client.reconnect_delay_set(1, 1)
        self._listening = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(ALL_UP, qos=1)
        self._client.on_subscribe = lambda *_: self._listening.set()
        self._client.on_disconnect = lambda *_: self._listening.clear()
        self._client.on_message = self._take
        self._client.connect_async(broker.host, broker.port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._receipt, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._client.disconnect()
        self._client.loop_stop()

    def wait_listening(self) -> None:
        """Until the broker has this subscription; it keeps it from then on."""
        assert self._listening.wait(PATIENCE_S), "the centre never subscribed"

    def all_events(self) -> list[CloudEvent]:
        """What came so far, each once; it may go on coming meanwhile."""
        with self._lock:
            return list(self.events.values())

    def of_kind(self, kind: str) -> list[CloudEvent]:
        return [event for event in self.all_events() if event.kind == kind]

    def findings(self) -> set[str]:
        return {event.id for event in self.of_kind("finding")}

    def send(self, kind: str, message: WireModel, token: bytes | None = None) -> bytes:
        """Publish a signed message to the device; `token` replaces what would be signed."""
        token = token or self.sign(kind, message)
        topic = getattr(self.address, kind)()
        self._client.publish(topic, token, qos=1)
        return token

    def sign(self, kind: str, message: WireModel) -> bytes:
        event = cloud_event(
            kind,
            message,
            id=new_id(),
            source=service_source(self.address.site, "collector"),
            time=SystemClock().now(),
        )
        return sign(event, self._identity.name, self._identity.key)

    def command(self, action: WireModel, nonce: int, **changed: Any) -> Command:
        """A command for the newest window, `changed` as a test wants it."""
        wait_until(lambda: self.windows, PATIENCE_S, "a nonce window")
        window = self.windows[-1]
        return Command.model_validate(
            {
                "command_id": new_id(),
                "device": self.device,
                "boot_id": window.boot_id,
                "window_id": window.window_id,
                "nonce": nonce,
                "expires_monotonic_s": window.monotonic_s + 300,
                "action": action.model_dump(),
                **changed,
            }
        )

    def gap(self, epoch: str, first: int, last: int) -> None:
        self.send(
            "gap",
            GapRequest.model_validate(
                {
                    "device": self.device,
                    "epoch": epoch,
                    "ranges": [{"first": first, "last": last}],
                }
            ),
        )

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        topic, payload = parse_up(message.topic), bytes(message.payload)
        if topic.address != self.address:
            return
        with self._lock:
            if topic.kind == "still":
                assert hashlib.sha256(payload).hexdigest() == topic.tail
                self.stills[topic.tail] = payload
                self._pending_stills.append(topic.tail)
                self.order.append(("still", topic.tail))
                return
            event = verify(payload, self._trust.device_key, source=self.address.source).event
            if topic.kind == "event":
                self._keep(event, payload)
            elif topic.kind == "state":
                self.states.append(body(event, DeviceState))
            elif topic.kind == "window":
                self.windows.append(body(event, NonceWindow))
            elif topic.kind == "reply":
                self.replies.append(body(event, Reply))
            elif topic.kind == "health":
                self.health += 1

    def _keep(self, event: CloudEvent, token: bytes) -> None:
        assert event.epoch is not None
        assert event.seq is not None
        assert self.tokens.setdefault(event.id, token) == token, "a redelivery that differs"
        self.arrived[event.id] += 1
        self.order.append((event.kind, str(event.data.get("severity", ""))))
        self.events[event.id] = event
        self._pending.setdefault(event.epoch, []).append(Received(seq=event.seq, id=event.id))

    def _receipt(self) -> None:
        while not self._stop.wait(RECEIPT_EVERY_S):
            if not self.receipting:
                continue
            with self._lock:
                pending, self._pending = self._pending, {}
                stills, self._pending_stills = self._pending_stills, []
                known = {epoch: self._contiguous(epoch) for epoch in pending}
            for epoch, received in pending.items():
                for at in range(0, len(received), 1000):
                    part = tuple(received[at : at + 1000])
                    self.send(
                        "receipt",
                        Receipt(
                            device=self.device,
                            epoch=epoch,
                            received=part,
                            contiguous=known[epoch],
                        ),
                    )
            if stills:
                epoch = next(iter(pending), None) or self._any_epoch()
                self.send(
                    "receipt",
                    Receipt(
                        device=self.device, epoch=epoch, stills=tuple(stills[:500]), contiguous=0
                    ),
                )
                with self._lock:
                    self._pending_stills += stills[500:]

    def _any_epoch(self) -> str:
        with self._lock:
            return next((e.epoch for e in self.events.values() if e.epoch), new_id())

    def _contiguous(self, epoch: str) -> int:
        numbers = {event.seq for event in self.events.values() if event.epoch == epoch}
        at = 0
        while at + 1 in numbers:
            at += 1
        return at


class PoleProcess:
    """`tests.system.uplink.pole` as a process of its own."""

    def __init__(
        self, authority: Authority, broker: BrokerHandle, folder: Path, *arguments: str
    ) -> None:
        self._arguments = [
            *("--authority", str(authority.register_file.parent)),
            *("--folder", str(folder)),
            *("--host", broker.host),
            *("--port", str(broker.port)),
            *arguments,
        ]
        self.put: list[str] = []
        self.last: dict[str, Any] = {}
        self._process: Forked | None = None
        self._reader: threading.Thread | None = None
        self._log = folder / "pole.log"
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, *more: str, fault_point: str | None = None) -> PoleProcess:
        with self._log.open("ab") as output:
            self._process = zygote(*UPLINK).fork(
                "tests.system.uplink.pole",
                [*self._arguments, *more],
                stdout=subprocess.PIPE,
                stderr=output.fileno(),
                environment={"POLEWATCH_FAULT_POINT": fault_point} if fault_point else None,
            )
        self.last = {}
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return self

    def kill(self) -> None:
        """As a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        assert self._end(signal.SIGTERM) == 0, self._log.read_text()

    def wait_killed(self, timeout_s: float) -> None:
        """Wait until the process has ended at its fault point."""
        assert self._process is not None
        assert self._process.wait(timeout_s) == -signal.SIGKILL, self._log.read_text()
        self._end(None)

    def log(self) -> str:
        return self._log.read_text()

    def cpu_s(self) -> float:
        """CPU seconds since its start."""
        assert self._process is not None
        return cpu_s(self._process.pid)

    def depth(self) -> int | None:
        """Events and stills that wait, as last told; None before it told."""
        figures = self.last.get("figures")
        return None if figures is None else figures["depth"] + figures["stills"]

    def _end(self, number: signal.Signals | None) -> int:
        assert self._process is not None
        assert self._reader is not None
        if number is not None and self._process.poll() is None:
            self._process.send_signal(number)
        process, self._process = self._process, None
        try:
            code = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        # Not before its last words are heard.
        self._reader.join(PATIENCE_S)
        assert not self._reader.is_alive()
        return code

    def close(self) -> None:
        """End it whatever state it is in."""
        if self._process is not None:
            self._end(signal.SIGKILL)

    def _read(self, process: Forked) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "put" in said:
                self.put.append(said["put"])
            else:
                self.last = said
