"""Commands name a window, an unused nonce and a moment on the device's own clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from collector.commander import LIFETIME_S, Commander, CommandError
from collector.voice import Voice
from provisioning.authority import Authority
from tests.support.device import SimDevice, read
from wire.clock import SimulatedClock
from wire.command import Action, Command, EpochBegin, NonceWindow, Reply
from wire.envelope import body
from wire.health import DeviceState
from wire.identity import Identity
from wire.names import new_id

ACTION: Action = EpochBegin(forked_epoch=new_id())
POLE = "pole-001-1"


class Bench:
    """A commander whose messages reach a device that answers as it is told."""

    def __init__(self, town: Authority) -> None:
        self.clock = SimulatedClock()
        self.device = SimDevice.load(town.register_file, town.identity(POLE))
        self.sent: list[Command] = []
        self.up = True
        self.answer: Callable[[Command], dict[str, Any] | None] = lambda _: {"ok": True}
        voice = Voice(Identity.load(town.identity("collector")), "testcity", self.clock)
        self.commander = Commander(
            voice,
            self.clock,
            publish=self._publish,
            address_of=lambda name: self.device.address if name == POLE else None,
            timeout_s=0.2,
        )

    def offer_window(self, size: int = 16, monotonic_s: float = 100.0) -> NonceWindow:
        window = NonceWindow(
            boot_id=self.device.boot_id, window_id=new_id(), size=size, monotonic_s=monotonic_s
        )
        self.commander.hear_window(POLE, window)
        return window

    def ask(self) -> Reply:
        return asyncio.run(self.commander.ask(POLE, ACTION))

    def refusal(self) -> str:
        with pytest.raises(CommandError) as caught:
            self.ask()
        return caught.value.code

    def _publish(self, topic: str, token: bytes) -> bool:
        if not self.up:
            return False
        assert topic == self.device.address.command()
        command = body(read(token), Command)
        self.sent.append(command)
        said = self.answer(command)
        if said is not None:
            reply = {"command_id": command.command_id, "monotonic_s": 100.0, **said}
            self.commander.hear_reply(POLE, Reply.model_validate(reply))
        return True


@pytest.fixture
def bench(town: Authority) -> Bench:
    return Bench(town)


def test_a_command_is_bound_to_window_boot_and_device(bench: Bench) -> None:
    window = bench.offer_window()
    assert bench.ask().ok
    command = bench.sent[0]
    assert (command.device, command.window_id, command.boot_id) == (
        POLE,
        window.window_id,
        window.boot_id,
    )
    assert command.nonce < window.size
    assert command.action == ACTION


def test_nonces_are_used_once_and_run_out(bench: Bench) -> None:
    bench.offer_window(size=8)
    for _ in range(8):
        bench.ask()
    assert sorted(command.nonce for command in bench.sent) == list(range(8))
    assert bench.refusal() == "command.stale"
    bench.offer_window(size=8)
    assert bench.ask().ok


def test_the_expiry_is_on_the_devices_clock(bench: Bench) -> None:
    bench.offer_window(monotonic_s=100.0)
    bench.clock.advance(1000)
    bench.ask()
    assert bench.sent[-1].expires_monotonic_s == pytest.approx(1100 + LIFETIME_S)
    # The retained window was old when it reached us; health tells better.
    bench.commander.hear_clock(POLE, bench.device.boot_id, 5000.0)
    bench.clock.advance(10)
    bench.ask()
    assert bench.sent[-1].expires_monotonic_s == pytest.approx(5010 + LIFETIME_S)
    # A message that was long on its way does not turn the estimate back.
    bench.commander.hear_clock(POLE, bench.device.boot_id, 4000.0)
    bench.ask()
    assert bench.sent[-1].expires_monotonic_s == pytest.approx(5010 + LIFETIME_S)


def test_another_boot_has_another_clock(bench: Bench) -> None:
    bench.offer_window(monotonic_s=90_000.0)
    bench.device.boot_id = new_id()
    bench.offer_window(monotonic_s=3.0)
    bench.ask()
    assert bench.sent[-1].expires_monotonic_s == pytest.approx(3 + LIFETIME_S)


def test_an_expired_command_is_repeated_with_what_was_learnt(bench: Bench) -> None:
    bench.offer_window(monotonic_s=100.0)
    bench.answer = lambda _: (
        {"ok": False, "code": "command.expired", "monotonic_s": 700.0}
        if len(bench.sent) == 1
        else {"ok": True, "monotonic_s": 700.0}
    )
    assert bench.ask().ok
    assert bench.sent[-1].expires_monotonic_s == pytest.approx(700 + LIFETIME_S)


def test_a_lasting_refusal_is_said_and_repetition_is_bounded(bench: Bench) -> None:
    bench.offer_window()
    bench.answer = lambda _: {"ok": False, "code": "grant.in-use", "message": "busy"}
    assert bench.refusal() == "grant.in-use"
    assert len(bench.sent) == 1
    bench.answer = lambda _: {"ok": False, "code": "command.replayed"}
    assert bench.refusal() == "command.replayed"
    assert len(bench.sent) == 4


def test_who_cannot_be_asked(bench: Bench) -> None:
    assert bench.refusal() == "device.offline"
    with pytest.raises(CommandError, match=r"device\.unknown"):
        asyncio.run(bench.commander.ask("pole-009-1", ACTION))
    bench.offer_window()
    bench.up = False
    assert bench.refusal() == "broker.unreachable"
    bench.up = True
    state = DeviceState(
        state="offline", boot_id=bench.device.boot_id, since=bench.clock.now(), version="0"
    )
    bench.commander.hear_state(POLE, state)
    assert bench.refusal() == "device.offline"
    assert not bench.commander.tell(POLE, ACTION)


def test_silence_ends_and_leaves_nothing_waiting(bench: Bench) -> None:
    bench.offer_window()
    bench.answer = lambda _: None
    assert bench.refusal() == "device.silent"
    assert bench.commander._pending == {}
    # The answer comes too late: nobody stumbles over it.
    late = Reply(command_id=bench.sent[0].command_id, ok=True, monotonic_s=1.0)
    bench.commander.hear_reply(POLE, late)


def test_another_device_cannot_answer(bench: Bench) -> None:
    bench.offer_window()

    def forged(command: Command) -> None:
        reply = Reply(command_id=command.command_id, ok=True, monotonic_s=1.0)
        bench.commander.hear_reply("pole-002-1", reply)

    bench.answer = forged
    assert bench.refusal() == "device.silent"
