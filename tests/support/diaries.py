"""Poles that answer for their diaries: the agent's own search, without cameras or a broker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from collector.commander import Commander
from collector.voice import Voice
from edge_agent.plates.diary import Diary
from edge_agent.plates.diary_times import Moment
from edge_agent.plates.search import DiarySearch, crop_handler, search_handler
from edge_agent.plates.trace_desk import TraceDesk, trace_handler
from edge_agent.uplink.commands import CommandFailedError, Handler
from provisioning.authority import Authority
from tests.edge_agent.plates.passing import passage
from tests.support.device import SimDevice, read
from tests.support.wait import wait_until
from wire.clock import Clock
from wire.command import Command, NonceWindow, PlateCropCommand, PlateSearchCommand, Reply
from wire.envelope import body
from wire.identity import Identity
from wire.names import new_id
from wire.sealed import BootKey
from wire.tracing import TraceSighting


class Diaries:
    """What each pole read, and whether it answers; commands reach it without a broker."""

    def __init__(self, folder: Path, town: Authority, clock: Clock, timeout_s: float = 5.0) -> None:
        self._clock = clock
        self._folder = folder
        self._devices: dict[str, SimDevice] = {}
        self._town = town
        self.searches: dict[str, DiarySearch] = {}
        self.traces: dict[str, TraceDesk] = {}
        self.told: Callable[[str, TraceSighting], None] = lambda *_: None
        """Takes what poles tell at once."""
        self.recorded: list[tuple[str, str, str | None]] = []
        """Pole, action and code, as their audits have it."""
        self.silent: set[str] = set()
        self.asked: list[Command] = []
        voice = Voice(Identity.load(town.identity("collector")), "testcity", clock)
        self.commander = Commander(
            voice,
            clock,
            publish=self._publish,
            address_of=lambda name: self._devices[name].address if name in self._devices else None,
            timeout_s=timeout_s,
        )

    def names(self) -> tuple[str, ...]:
        return tuple(self._devices)

    def add(self, name: str, *, diary: bool = True) -> None:
        """A pole that is there."""
        self._devices[name] = device = SimDevice.load(
            self._town.register_file, self._town.identity(name)
        )
        key = BootKey()
        self.traces[name] = TraceDesk(
            self._folder / f"{name}-traces", device.identity.key, key, name, self._clock.now,
            self._clock.monotonic, partial(self._record, name),
            lambda sighting: None if name in self.silent else self.told(name, sighting),
        )  # fmt: skip
        if diary:
            path = self._folder / f"{name}.sqlite"
            Diary(path, self._clock.now, self._clock.monotonic).close()
            self.searches[name] = DiarySearch(path, lambda: 0)
        window = NonceWindow(
            boot_id=device.boot_id, window_id=new_id(), size=64,
            monotonic_s=self._clock.monotonic(), encryption_key=key.public,
        )  # fmt: skip
        self.commander.hear_window(name, window)

    def passed(self, name: str, camera: str, text: str, at: datetime) -> None:
        """A car was read there."""
        path = self._folder / f"{name}.sqlite"
        diary = Diary(path, self._clock.now, self._clock.monotonic)
        diary.start()
        count = diary.count()
        moment, seen = Moment(at, self._clock.monotonic()), passage(text)
        self.traces[name].heard(camera, moment, seen)
        diary.add(camera, moment, seen)
        wait_until(lambda: diary.count() == count + 1, 5, "the passage on the disk")
        diary.close()

    def _publish(self, topic: str, token: bytes) -> bool:
        command = body(read(token), Command)
        self.asked.append(command)
        if command.device not in self.silent:
            threading.Thread(target=self._answer, args=(command,), daemon=True).start()
        return True

    def _handler(self, command: Command, search: DiarySearch) -> Handler:
        match command.action:
            case PlateCropCommand():
                return crop_handler(search, partial(self._record, command.device))
            case PlateSearchCommand():
                return search_handler(search, partial(self._record, command.device))
            case _:
                return trace_handler(self.traces[command.device])

    def _record(
        self, name: str, action: str, *, case: str, code: str | None = None, detail: str
    ) -> None:
        assert case, detail
        self.recorded.append((name, action, code))

    def _answer(self, command: Command) -> None:
        said = {"command_id": command.command_id, "monotonic_s": self._clock.monotonic()}
        search = self.searches.get(command.device)
        if search is None:
            reply = Reply(ok=False, code="command.unsupported", **said)
        else:
            try:
                found = self._handler(command, search)(command)
                reply = Reply(ok=True, plates=found.plates, crop=found.crop, **said)
            except CommandFailedError as error:
                reply = Reply(ok=False, code=error.code, message=str(error), **said)
        self.commander.hear_reply(command.device, reply)
