"""Poles that keep lists as the agent does: encrypted commands in, matches out, without a broker."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from collector.commander import Commander
from collector.voice import Voice
from edge_agent.plates.list_desk import ListDesk, watchlist_handler
from edge_agent.plates.list_vault import ListVault
from edge_agent.uplink.commands import CommandFailedError, Handler
from provisioning.authority import Authority
from tests.support.device import SimDevice, read
from wire.clock import Clock
from wire.command import Command, NonceWindow, Reply
from wire.envelope import body
from wire.health import DeviceState
from wire.identity import Identity
from wire.names import new_id
from wire.sealed import BootKey


class ListedPoles:
    """Each pole's desk; commands of `commander` reach it unless it is away."""

    def __init__(
        self,
        folder: Path,
        town: Authority,
        clock: Clock,
        more: Callable[[str], Mapping[str, Handler]] = lambda _name: {},
    ) -> None:
        """`more`: what a pole of that name does on other commands, by their names."""
        self._folder, self._town, self._clock = folder, town, clock
        self._more = more
        self._handlers: dict[str, Mapping[str, Handler]] = {}
        self._devices: dict[str, SimDevice] = {}
        self._desks: dict[str, ListDesk] = {}
        self._away: set[str] = set()
        self.commander = Commander(
            Voice(Identity.load(town.identity("collector")), "testcity", clock),
            clock,
            publish=self._publish,
            address_of=lambda name: self._devices[name].address,
            timeout_s=10,
        )

    def names(self) -> tuple[str, ...]:
        return tuple(self._devices)

    def desk(self, name: str) -> ListDesk:
        return self._desks[name]

    def there(self) -> Iterator[tuple[str, ListDesk]]:
        return ((name, one) for name, one in self._desks.items() if name not in self._away)

    def add(self, name: str) -> None:
        """A pole that is there, with what its folder holds."""
        device = SimDevice.load(self._town.register_file, self._town.identity(name))
        key = BootKey()
        vault = ListVault(self._folder / name, device.identity.key)
        self._devices[name] = device
        self._desks[name] = ListDesk(vault, key, name, self._clock.now, _nothing)
        self._handlers[name] = {
            "watchlist.delta": watchlist_handler(self._desks[name]),
            **self._more(name),
        }
        self.commander.hear_window(
            name,
            NonceWindow(
                boot_id=device.boot_id, window_id=new_id(), size=1024,
                monotonic_s=self._clock.monotonic(), encryption_key=key.public,
            ),
        )  # fmt: skip

    def away(self, name: str) -> None:
        self._away.add(name)
        self._say(name, "offline")

    def back(self, name: str) -> None:
        self._away.discard(name)
        self._say(name, "online")

    def lose(self, name: str) -> None:
        """Its disk was changed."""
        shutil.rmtree(self._folder / name)
        self.add(name)

    def _say(self, name: str, state: str) -> None:
        self.commander.hear_state(
            name,
            DeviceState.model_validate(
                {
                    "state": state, "boot_id": self._devices[name].boot_id,
                    "since": self._clock.now(), "version": "test",
                }
            ),
        )  # fmt: skip

    def _publish(self, topic: str, token: bytes) -> bool:
        command = body(read(token), Command)
        threading.Thread(target=self._answer, args=(command,), daemon=True).start()
        return True

    def _answer(self, command: Command) -> None:
        said = {"command_id": command.command_id, "monotonic_s": self._clock.monotonic()}
        try:
            answer = self._handlers[command.device][command.action.name](command)
            reply = Reply(
                ok=True, message=answer.message, rules=answer.rules, trial=answer.trial, **said
            )
        except CommandFailedError as error:
            reply = Reply(ok=False, code=error.code, message=error.message, **said)
        self.commander.hear_reply(command.device, reply)


def _nothing(action: str, *, code: str | None = None, detail: str) -> None:
    """The audit is looked at elsewhere."""
