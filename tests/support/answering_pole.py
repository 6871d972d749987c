"""A pole that answers commands as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from joserfc.jwk import OKPKey

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.device import SimDevice, Wired
from wire.command import Command, Reply
from wire.envelope import body, verify
from wire.identity import Identity
from wire.recording import RecordedSpan, Recording
from wire.whep import WhepAnswer, WhepStatus

END_OF_GRANT = datetime(2026, 3, 1, tzinfo=UTC)


class AnsweringPole:
    """Answers commands as `reply` says, on a thread of its own."""

    def __init__(self, device: SimDevice, broker: BrokerHandle, city: Authority) -> None:
        self.wired = Wired(device, broker).connect()
        self.device = device
        self.seen: list[Command] = []
        self.reply: Callable[[Command], dict[str, Any] | None] = self.accept
        self._collector = Identity.load(city.identity("collector"))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def come(self) -> None:
        """Say that it is online, with a fresh window of nonces."""
        device, peer = self.device, self.wired.peer
        peer.publish(device.address.state(), device.online(), retain=True)
        self.window = device.window(monotonic_s=5000.0)
        token = device.sign(device.wrap(self.window, "window"))
        peer.publish(device.address.window(), token, retain=True)

    def go(self) -> None:
        """Say that it is offline, and take the window back."""
        device, peer = self.device, self.wired.peer
        peer.publish(device.address.state(), device.offline(), retain=True)
        peer.publish(device.address.window(), b"", retain=True)

    def accept(self, command: Command) -> dict[str, Any] | None:
        if command.action.name == "whep.control" and command.action.control.action != "close":
            session_id = command.action.control.session_id
            status = WhepStatus(session_id=session_id, mode="recorded", expires_at=END_OF_GRANT)
            return {"ok": True, "session": status}
        if command.action.name == "recording.show":
            asked = command.action.question
            span = RecordedSpan(start_at=asked.start_at, end_at=asked.end_at)
            return {"ok": True, "recording": Recording(camera=asked.camera, spans=(span,))}
        if command.action.name != "whep.offer":
            return {"ok": True}
        answer = WhepAnswer(
            session_id=command.action.offer.session_id,
            sdp="v=0\r\nanswer\r\n",
            start_at=command.action.offer.start_at,
        )
        return {"ok": True, "whep": answer}

    def _key_of(self, name: str) -> OKPKey | None:
        return self._collector.key if name == "collector" else None

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self.wired.close()

    def _run(self) -> None:
        done = 0
        while not self._stop.wait(0.005):
            self.wired.hear()
            for token in self.device.commands[done:]:
                done += 1
                command = body(verify(token, self._key_of).event, Command)
                self.seen.append(command)
                said = self.reply(command)
                if said is None:
                    continue
                reply = Reply(command_id=command.command_id, monotonic_s=5001.0, **said)
                signed = self.device.sign(self.device.wrap(reply, "reply"))
                self.wired.peer.publish(self.device.address.reply(command.command_id), signed)
