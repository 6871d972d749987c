"""Who may order a box about: bound, fresh, once; and what becomes of an order."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from edge_agent.uplink.commands import (
    WAITING,
    WINDOW_S,
    WORKERS,
    Answer,
    CommandFailedError,
    CommandGate,
    CommandRefusedError,
    Dispatcher,
)
from edge_agent.uplink.refusals import BURST, ONE_EVERY_S, Refusals
from tests.support.wait import wait_until
from wire.clock import SimulatedClock, SystemClock
from wire.command import NONCES_PER_WINDOW, Command, EpochBegin, NonceWindow, Reply
from wire.envelope import CloudEvent, cloud_event, sign
from wire.names import new_id

DEVICE = "pole-001-1"
SOURCE = "/polewatch/gyeyang/collector"
KEY = OKPKey.generate_key("Ed25519")
SIGNER_KEY = OKPKey.generate_key("Ed25519")
BOOT = new_id()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def gate(clock: SimulatedClock) -> CommandGate:
    return CommandGate(DEVICE, BOOT, clock, lambda kid: KEY if kid == "collector" else None, SOURCE)


def command(window: NonceWindow, nonce: int = 0, **changed: Any) -> Command:
    return Command.model_validate(
        {
            "command_id": new_id(),
            "device": DEVICE,
            "boot_id": window.boot_id,
            "window_id": window.window_id,
            "nonce": nonce,
            "expires_monotonic_s": window.monotonic_s + 60,
            "action": EpochBegin(forked_epoch=new_id()).model_dump(),
            **changed,
        }
    )


def enveloped(body: Command, **changed: Any) -> CloudEvent:
    event = cloud_event("command", body, id=new_id(), source=SOURCE, time=SimulatedClock().now())
    return event.model_copy(update=changed)


def signed(body: Command, *, kid: str = "collector", key: OKPKey = KEY, **changed: Any) -> bytes:
    return sign(enveloped(body, **changed), kid, key)


def refusal(gate: CommandGate, token: bytes) -> CommandRefusedError:
    with pytest.raises(CommandRefusedError) as caught:
        gate.accept(token)
    return caught.value


class TestGate:
    def test_a_command_of_the_window_is_obeyed_once(self, gate: CommandGate) -> None:
        body = command(gate.window())
        token = signed(body)
        assert gate.accept(token) == body
        again = refusal(gate, token)
        assert again.code == "command.replayed"
        assert again.command_id is None

    def test_another_command_with_a_used_nonce_is_a_replay(self, gate: CommandGate) -> None:
        gate.accept(signed(command(gate.window(), 5)))
        assert refusal(gate, signed(command(gate.window(), 5))).code == "command.replayed"

    def test_it_expires_on_the_monotonic_clock(
        self, gate: CommandGate, clock: SimulatedClock
    ) -> None:
        body = command(gate.window())
        clock.advance(61)
        refused = refusal(gate, signed(body))
        assert (refused.code, refused.command_id) == ("command.expired", body.command_id)

    def test_an_expired_command_uses_up_no_nonce(
        self, gate: CommandGate, clock: SimulatedClock
    ) -> None:
        window = gate.window()
        refusal(gate, signed(command(window, 3, expires_monotonic_s=0.0)))
        gate.accept(signed(command(window, 3)))

    def test_it_works_before_the_box_knows_the_time(
        self, gate: CommandGate, clock: SimulatedClock
    ) -> None:
        body = command(gate.window())
        clock.step_wall(-50 * 365 * 86_400)
        gate.accept(signed(body))

    def test_of_an_earlier_boot_it_is_stale(self, gate: CommandGate) -> None:
        body = command(gate.window(), boot_id=new_id())
        refused = refusal(gate, signed(body))
        assert (refused.code, refused.command_id) == ("command.stale", body.command_id)

    def test_the_previous_window_still_counts_the_one_before_does_not(
        self, gate: CommandGate, clock: SimulatedClock
    ) -> None:
        first = gate.window()
        clock.advance(WINDOW_S)
        second = gate.window()
        assert second.window_id != first.window_id
        gate.accept(signed(command(first, 1, expires_monotonic_s=1e9)))
        clock.advance(WINDOW_S)
        gate.window()
        old = signed(command(first, 2, expires_monotonic_s=1e9))
        assert refusal(gate, old).code == "command.stale"
        gate.accept(signed(command(second, 2, expires_monotonic_s=1e9)))

    def test_a_window_is_renewed_when_half_used(self, gate: CommandGate) -> None:
        first = gate.window()
        for nonce in range(NONCES_PER_WINDOW // 2):
            gate._windows[-1].used.add(nonce)
        assert gate.window().window_id != first.window_id
        assert refusal(gate, signed(command(first, 0))).code == "command.replayed"

    def test_for_another_device_it_is_foreign(self, gate: CommandGate) -> None:
        refused = refusal(gate, signed(command(gate.window(), device="pole-002-1")))
        assert (refused.code, refused.command_id) == ("command.foreign", None)

    def test_a_nonce_outside_the_window_is_invalid(self, gate: CommandGate) -> None:
        body = command(gate.window(), NONCES_PER_WINDOW)
        assert refusal(gate, signed(body)).code == "command.invalid"

    @pytest.mark.parametrize(
        "token",
        [
            b"",
            b"no.jws",
            b"a.b.c",
            b"\xff" * 300_000,
            b"e30.e30.e30",
        ],
    )
    def test_garbage_is_invalid(self, gate: CommandGate, token: bytes) -> None:
        assert refusal(gate, token).code == "command.invalid"

    def test_altered_wrongly_signed_or_from_elsewhere_it_is_invalid(
        self, gate: CommandGate
    ) -> None:
        body = command(gate.window())
        head, payload, signature = signed(body).split(b".")
        tokens = [
            b".".join((head, payload[:-4] + b"AAAA", signature)),
            signed(body, key=SIGNER_KEY),
            signed(body, kid="signer", key=SIGNER_KEY),
            signed(body, kid=DEVICE),
            signed(body, source="/polewatch/elsewhere/collector"),
            signed(body, type="kr.polewatch.receipt"),
        ]
        assert {refusal(gate, token).code for token in tokens} == {"command.invalid"}
        gate.accept(signed(body))

    def test_an_action_of_a_newer_collector_is_unsupported_not_invalid(
        self, gate: CommandGate
    ) -> None:
        body = command(gate.window())
        unknown = {**body.model_dump(mode="json"), "action": {"name": "coffee.make", "cups": 2}}
        refused = refusal(gate, signed(body, data=unknown))
        assert (refused.code, refused.command_id) == ("command.unsupported", body.command_id)

    def test_a_known_action_that_says_nonsense_is_invalid(self, gate: CommandGate) -> None:
        body = command(gate.window())
        nonsense = {**body.model_dump(mode="json"), "action": {"name": "epoch.begin"}}
        assert refusal(gate, signed(body, data=nonsense)).code == "command.invalid"

    def test_only_one_of_many_racing_copies_is_obeyed(self, gate: CommandGate) -> None:
        token = signed(command(gate.window()))
        outcomes: list[str] = []

        def race() -> None:
            try:
                gate.accept(token)
                outcomes.append("obeyed")
            except CommandRefusedError as error:
                outcomes.append(error.code)

        threads = [threading.Thread(target=race) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["command.replayed"] * 7 + ["obeyed"]


class TestDispatcher:
    def test_every_end_of_a_handler_becomes_a_reply(self, gate: CommandGate) -> None:
        replies: list[Reply] = []
        dispatcher = Dispatcher(replies.append, SystemClock())
        window = gate.window()

        def handle(done: Command) -> Answer:
            if done.nonce == 1:
                raise CommandFailedError("clip.busy", "three viewers already")
            if done.nonce == 2:
                raise RuntimeError("a secret path in an exception")
            return Answer(message="done")

        dispatcher.register("epoch.begin", handle)
        dispatcher.start()
        commands = [command(window, nonce) for nonce in range(3)]
        for one in commands:
            dispatcher.submit(one)
        wait_until(lambda: len(replies) == 3, 5, "three replies")
        dispatcher.stop()
        by_id = {reply.command_id: reply for reply in replies}
        ends = [
            (by_id[c.command_id].ok, by_id[c.command_id].code, by_id[c.command_id].message)
            for c in commands
        ]
        assert ends == [
            (True, None, "done"),
            (False, "clip.busy", "three viewers already"),
            (False, "internal", "epoch.begin failed; see the box's log"),
        ]

    def test_nobody_to_handle_it_is_unsupported(self, gate: CommandGate) -> None:
        replies: list[Reply] = []
        Dispatcher(replies.append, SystemClock()).submit(command(gate.window()))
        assert [reply.code for reply in replies] == ["command.unsupported"]

    def test_a_handler_for_no_known_command_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="no command"):
            Dispatcher(lambda _: None, SystemClock()).register("coffee.make", lambda _: Answer())

    def test_more_than_it_can_hold_is_told_to_come_back(self, gate: CommandGate) -> None:
        replies: list[Reply] = []
        release = threading.Event()
        dispatcher = Dispatcher(replies.append, SystemClock())

        def handle(_: Command) -> Answer:
            release.wait(5)
            return Answer()

        dispatcher.register("epoch.begin", handle)
        dispatcher.start()
        window = gate.window()
        for nonce in range(WORKERS + WAITING + 8):
            dispatcher.submit(command(window, nonce))
        busy = [reply for reply in replies if reply.code == "command.busy"]
        assert dispatcher.busy == len(busy) >= 8
        release.set()
        wait_until(lambda: len(replies) == WORKERS + WAITING + 8, 5, "all replies")
        dispatcher.stop()


def test_refusals_are_counted_all_and_reported_in_measure() -> None:
    clock = SimulatedClock()
    reported: list[tuple[str, str]] = []
    refusals = Refusals(lambda code, detail: reported.append((code, detail)), clock)
    for number in range(1000):
        refusals.refused("command.replayed", f"number {number}")
    assert refusals.by_code == {"command.replayed": 1000}
    assert len(reported) == BURST
    clock.advance(ONE_EVERY_S)
    refusals.refused("command.foreign", "x" * 600)
    refusals.refused("command.foreign", "again")
    assert len(reported) == BURST + 1
    assert len(reported[-1][1]) <= 500
    clock.advance(ONE_EVERY_S)
    refusals.refused("command.foreign", "later")
    assert reported[-1] == ("command.foreign", "later; 1 more since the last report")
