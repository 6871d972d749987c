"""Commands from the collector: who may order this box about, once, and not later than meant."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from pydantic import Field, ValidationError

from wire.clock import Clock
from wire.command import NONCES_PER_WINDOW, Command, NonceWindow, Reply
from wire.envelope import CloudEvent, EnvelopeError, KeyOf, body, verify
from wire.facility import FacilityState
from wire.names import Id, Name, WireModel, new_id
from wire.plates import PlateAnswer
from wire.recording import Recording
from wire.rules import RulesInForce, TrialShown
from wire.whep import WhepAnswer, WhepStatus

WINDOW_S = 600.0
"""A window is renewed after this time, or when half its nonces are used."""

WORKERS = 4
WAITING = 16

log = structlog.get_logger()


class CommandRefusedError(Exception):
    """A command that is not obeyed; `code` is one of wire.codes.

    `command_id` is set when the collector itself sent it and should hear of it.
    """

    def __init__(self, code: str, detail: str, command_id: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.command_id = command_id


class _Binding(WireModel):
    """What binds a command; read before its action, which a newer collector may have invented."""

    command_id: Id
    device: Name
    boot_id: Id
    window_id: Id
    nonce: int = Field(ge=0, lt=65_536)
    expires_monotonic_s: float = Field(ge=0)


class _Window:
    def __init__(self, boot_id: str, issued_s: float, encryption_key: str | None) -> None:
        self.offer = NonceWindow(
            boot_id=boot_id,
            window_id=new_id(),
            size=NONCES_PER_WINDOW,
            monotonic_s=issued_s,
            encryption_key=encryption_key,
        )
        self.used: set[int] = set()


class CommandGate:
    """Holds the current and the previous window; expiry is on the monotonic clock, without NTP."""

    def __init__(
        self,
        device: str,
        boot_id: str,
        clock: Clock,
        key_of: KeyOf,
        source: str,
        encryption_key: str | None = None,
    ) -> None:
        """`key_of` must know the collector alone, `source` is its CloudEvents source.

        `encryption_key` is the public half of this boot's key, offered with the window.
        """
        self._device = device
        self._boot_id = boot_id
        self._clock = clock
        self._key_of = key_of
        self._source = source
        self._lock = threading.Lock()
        self._encryption_key = encryption_key
        self._windows = [self._fresh(clock.monotonic())]

    def window(self) -> NonceWindow:
        """The window to publish, retained; renewed here when it is time to."""
        with self._lock:
            now_s = self._clock.monotonic()
            current = self._windows[-1]
            half_used = len(current.used) * 2 >= current.offer.size
            if half_used or now_s - current.offer.monotonic_s >= WINDOW_S:
                self._windows = [current, self._fresh(now_s)]
            return self._windows[-1].offer

    def _fresh(self, now_s: float) -> _Window:
        return _Window(self._boot_id, now_s, self._encryption_key)

    def accept(self, token: bytes) -> Command:
        """The command, its nonce used up. Raises CommandRefusedError."""
        try:
            event = verify(token, self._key_of, source=self._source).event
        except EnvelopeError as error:
            raise CommandRefusedError("command.invalid", str(error)) from error
        if event.kind != "command":
            raise CommandRefusedError("command.invalid", f"a {event.kind} where a command belongs")
        try:
            binding = _Binding.model_validate(event.data)
        except ValidationError as error:
            raise CommandRefusedError(
                "command.invalid", "no binding to a device and a window"
            ) from error
        if binding.device != self._device:
            raise CommandRefusedError("command.foreign", f"it is for {binding.device}")
        self._use(binding)
        return self._action(event, binding.command_id)

    def _use(self, binding: _Binding) -> None:
        asked = binding.command_id
        with self._lock:
            found = [
                window
                for window in self._windows
                if (window.offer.boot_id, window.offer.window_id)
                == (binding.boot_id, binding.window_id)
            ]
            if not found:
                raise CommandRefusedError("command.stale", "of an earlier boot or window", asked)
            if binding.nonce >= found[0].offer.size:
                raise CommandRefusedError("command.invalid", "a nonce outside its window", asked)
            if binding.nonce in found[0].used:
                # The broker may deliver twice; answering would hide the answer to the first.
                raise CommandRefusedError("command.replayed", "its nonce was used before")
            if binding.expires_monotonic_s < self._clock.monotonic():
                raise CommandRefusedError("command.expired", "its time is over", asked)
            found[0].used.add(binding.nonce)

    def _action(self, event: CloudEvent, command_id: str) -> Command:
        try:
            return body(event, Command)
        except EnvelopeError as error:
            action = event.data.get("action")
            name = action.get("name") if isinstance(action, dict) else None
            code = "command.invalid"
            if error.reason == "version" or (isinstance(name, str) and name not in _known()):
                code = "command.unsupported"
            raise CommandRefusedError(code, error.detail, command_id) from error


def _known() -> set[str]:
    """Names of the actions of this version, read from the model itself."""
    schema = Command.model_json_schema()["properties"]["action"]
    return set(schema["discriminator"]["mapping"])


class CommandFailedError(Exception):
    """A handler's honest no: `code` of wire.codes, and a text for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns; becomes the Reply."""

    whep: WhepAnswer | None = None
    session: WhepStatus | None = None
    recording: Recording | None = None
    plates: PlateAnswer | None = None
    crop: str | None = None
    """JPEG in base64."""
    rules: RulesInForce | None = None
    trial: TrialShown | None = None
    facility: FacilityState | None = None
    held_bytes: int | None = None
    message: str | None = None


Handler = Callable[[Command], Answer]


class Dispatcher:
    """Runs handlers on a few threads of its own; more than it can hold are told to come back."""

    def __init__(self, reply: Callable[[Reply], None], clock: Clock) -> None:
        """`reply` takes a finished Reply; it must not block."""
        self._reply = reply
        self._clock = clock
        self._handlers: dict[str, Handler] = {}
        self._waiting: queue.Queue[Command | None] = queue.Queue(WAITING)
        self._threads = [
            threading.Thread(target=self._work, name=f"command-{number}", daemon=True)
            for number in range(WORKERS)
        ]
        self.busy = 0
        """Commands turned away because too many were waiting."""

    def register(self, name: str, handler: Handler) -> None:
        """`handler` may block; it raises CommandFailedError to say no. Raises ValueError."""
        if name not in _known():
            raise ValueError(f"no command is called {name!r}")
        self._handlers[name] = handler

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Let running handlers end, within `timeout_s` each."""
        for _ in self._threads:
            try:
                self._waiting.put(None, timeout=timeout_s)
            except queue.Full:
                return
        for thread in self._threads:
            thread.join(timeout_s)

    def submit(self, command: Command) -> None:
        """Have it run; never blocks."""
        if command.action.name not in self._handlers:
            self.refuse(command.command_id, "command.unsupported", "nothing here does that")
            return
        try:
            self._waiting.put_nowait(command)
        except queue.Full:
            self.busy += 1
            self.refuse(command.command_id, "command.busy", "too many commands are waiting")

    def refuse(self, command_id: str, code: str, message: str) -> None:
        """Answer with a code of wire.codes."""
        self._reply(
            Reply(
                command_id=command_id,
                ok=False,
                code=code,
                message=message[:500],
                monotonic_s=self._clock.monotonic(),
            )
        )

    def _work(self) -> None:
        while (command := self._waiting.get()) is not None:
            name = command.action.name
            try:
                answer = self._handlers[name](command)
            except CommandFailedError as error:
                log.info("command.failed", name=name, code=error.code, message=error.message)
                self.refuse(command.command_id, error.code, error.message)
            except Exception:
                log.exception("command.failed", name=name, code="internal")
                self.refuse(command.command_id, "internal", f"{name} failed; see the box's log")
            else:
                self._reply(
                    Reply(
                        command_id=command.command_id,
                        ok=True,
                        message=answer.message,
                        monotonic_s=self._clock.monotonic(),
                        whep=answer.whep,
                        session=answer.session,
                        recording=answer.recording,
                        plates=answer.plates,
                        crop=answer.crop,
                        rules=answer.rules,
                        trial=answer.trial,
                        facility=answer.facility,
                        held_bytes=answer.held_bytes,
                    )
                )
