"""Signed commands to devices, and their replies.

A command names the device's newest nonce window and expires on the device's own monotonic clock,
which is estimated from what the device last said of it.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from collector.voice import Voice
from wire.clock import Clock
from wire.codes import explain
from wire.command import Action, Command, NonceWindow, Reply
from wire.health import DeviceState
from wire.names import new_id
from wire.topics import DeviceAddress

log = structlog.get_logger()

LIFETIME_S = 15.0
"""A command that arrives later than this is refused by the device."""
MAX_PENDING = 1000
MAX_ATTEMPTS = 3
_AGAIN = frozenset({"command.replayed", "command.expired", "command.stale"})
"""Refusals that a fresh command cures: our nonces or our estimate of the clock were old."""


class CommandError(Exception):
    """No good answer; `code` is one of wire.codes, or what the device said."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(f"{code}: {detail or explain(code)}")
        self.code = code
        self.detail = detail


@dataclass
class _Device:
    """What is known of one device's window and clock."""

    window: NonceWindow | None = None
    used: set[int] = field(default_factory=set)
    boot_id: str | None = None
    ahead_s: float | None = None
    """Its monotonic clock minus ours. A message is never early, so the largest is the best."""
    online: bool | None = None

    def hear_clock(self, boot_id: str, theirs: float, ours: float) -> None:
        if boot_id != self.boot_id:
            self.boot_id, self.ahead_s = boot_id, None
        ahead = theirs - ours
        self.ahead_s = ahead if self.ahead_s is None else max(self.ahead_s, ahead)


class Commander:
    """Sends commands; safe from any thread and any event loop."""

    def __init__(
        self,
        voice: Voice,
        clock: Clock,
        *,
        publish: Callable[[str, bytes], bool],
        address_of: Callable[[str], DeviceAddress | None],
        timeout_s: float,
    ) -> None:
        self._voice = voice
        self._clock = clock
        self._publish = publish
        self._address_of = address_of
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._devices: dict[str, _Device] = {}
        self._pending: dict[str, tuple[str, Future[Reply]]] = {}

    async def ask(self, device: str, action: Action, timeout_s: float | None = None) -> Reply:
        """Send and await the reply; raises CommandError for every other outcome."""
        deadline = self._clock.monotonic() + (timeout_s or self._timeout_s)
        attempt = 1
        while True:
            reply = await self._once(device, action, deadline - self._clock.monotonic())
            if reply.ok:
                return reply
            code = reply.code or "internal"
            # An expired reply has just told us the device's clock.
            if code not in _AGAIN or attempt >= MAX_ATTEMPTS:
                raise CommandError(code, reply.message)
            attempt += 1
            log.info("command.again", device=device, code=code, attempt=attempt)

    def tell(self, device: str, action: Action) -> bool:
        """Send without awaiting a reply; false when it cannot be sent now."""
        try:
            address, command = self._prepare(device, action)
        except CommandError as error:
            log.warning("command.unsent", device=device, code=error.code)
            return False
        return self._publish(address.command(), self._voice.sign("command", command))

    def encryption_key(self, device: str) -> str | None:
        """What the device offers in its newest window, to seal what only it may read."""
        with self._lock:
            known = self._devices.get(device)
            return None if known is None or known.window is None else known.window.encryption_key

    def hear_window(self, device: str, window: NonceWindow) -> None:
        """A device offers nonces."""
        with self._lock:
            known = self._devices.setdefault(device, _Device())
            if known.window is None or known.window.window_id != window.window_id:
                known.window, known.used = window, set()
            known.hear_clock(window.boot_id, window.monotonic_s, self._clock.monotonic())

    def hear_clock(self, device: str, boot_id: str, monotonic_s: float) -> None:
        """A device says what its monotonic clock shows."""
        with self._lock:
            known = self._devices.setdefault(device, _Device())
            known.hear_clock(boot_id, monotonic_s, self._clock.monotonic())

    def hear_state(self, device: str, state: DeviceState) -> None:
        """A device came or went."""
        with self._lock:
            self._devices.setdefault(device, _Device()).online = state.state == "online"

    def hear_reply(self, device: str, reply: Reply) -> None:
        """A device answers; one that nobody waits for any more is let go."""
        with self._lock:
            known = self._devices.setdefault(device, _Device())
            if known.boot_id is not None:
                known.hear_clock(known.boot_id, reply.monotonic_s, self._clock.monotonic())
            waiting = self._pending.get(reply.command_id)
            if waiting is None or waiting[0] != device:
                return
            del self._pending[reply.command_id]
        waiting[1].set_result(reply)

    async def _once(self, device: str, action: Action, timeout_s: float) -> Reply:
        address, command = self._prepare(device, action)
        future: Future[Reply] = Future()
        # Before publishing: the reply may be faster than our next line.
        with self._lock:
            if len(self._pending) >= MAX_PENDING:
                raise CommandError("command.busy")
            self._pending[command.command_id] = (device, future)
        try:
            token = self._voice.sign("command", command)
            if not self._publish(address.command(), token):
                raise CommandError("broker.unreachable")
            return await asyncio.wait_for(asyncio.wrap_future(future), max(timeout_s, 0.001))
        except TimeoutError:
            raise CommandError("device.silent") from None
        finally:
            with self._lock:
                self._pending.pop(command.command_id, None)

    def _prepare(self, device: str, action: Action) -> tuple[DeviceAddress, Command]:
        address = self._address_of(device)
        if address is None:
            raise CommandError("device.unknown", f"{device} is not enrolled")
        with self._lock:
            known = self._devices.get(device)
            if known is None or known.window is None or known.online is False:
                raise CommandError("device.offline")
            window = known.window
            nonce = self._nonce(known)
            if known.boot_id == window.boot_id and known.ahead_s is not None:
                theirs = self._clock.monotonic() + known.ahead_s
            else:
                theirs = window.monotonic_s
        command = Command(
            command_id=new_id(),
            device=device,
            boot_id=window.boot_id,
            window_id=window.window_id,
            nonce=nonce,
            expires_monotonic_s=max(0.0, theirs) + LIFETIME_S,
            action=action,
        )
        return address, command

    def _nonce(self, known: _Device) -> int:
        """A random unused one: after a restart we do not know which were used."""
        assert known.window is not None
        size = known.window.size
        if len(known.used) >= size:
            raise CommandError(
                "command.stale", "the device's nonces are used up; it sends new ones"
            )
        nonce = secrets.randbelow(size)
        while nonce in known.used:
            nonce = (nonce + 1) % size
        known.used.add(nonce)
        return nonce
