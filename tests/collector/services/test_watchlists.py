"""Lists cut into deltas that travel, sealed to one device, sent until one is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from collector.commander import CommandError
from collector.services.vehicle_lists.deltas import PART_BYTES, deliver, deltas
from provisioning.authority import Authority
from tests.collector.test_commander import POLE, Bench
from tests.edge_agent.plates.test_watchlist import delta
from wire.command import Command, WatchlistCommand
from wire.envelope import MAX_MESSAGE_BYTES
from wire.names import new_id
from wire.plates import WatchlistEntries
from wire.sealed import BootKey


@pytest.fixture
def bench(town: Authority) -> Bench:
    return Bench(town)


def offer(bench: Bench, key: str | None) -> None:
    window = bench.offer_window(size=64)
    again = {"window_id": new_id(), "encryption_key": key}
    bench.commander.hear_window(POLE, window.model_copy(update=again))


def test_parts_build_on_each_other_and_fit_a_message(bench: Bench) -> None:
    key = BootKey()
    plates = [(f"서울{10 + n % 90}바{1000 + n}", "2026-무-0001") for n in range(6000)]
    made = deltas(POLE, key.public, delta(), base_version=3, add=plates)
    assert [one.operation for one in made] == ["replace"] + ["change"] * (len(made) - 1)
    assert [one.base_version for one in made] == list(range(3, 3 + len(made)))
    inside = [WatchlistEntries.model_validate_json(key.open(one.cipher)) for one in made]
    assert sum(len(one.add) for one in inside) == 6000
    assert {one.device for one in inside} == {POLE}
    assert not any(plate in one.model_dump_json() for one in made for plate, _ in plates[:50])
    assert max(len(key.open(one.cipher)) for one in made) < 1.2 * PART_BYTES
    offer(bench, key.public)
    asyncio.run(bench.commander.ask(POLE, WatchlistCommand(delta=made[0])))
    signed = bench.commander._voice.sign("command", bench.sent[-1])
    assert len(signed) < MAX_MESSAGE_BYTES


def test_a_list_without_entries_is_one_empty_delta() -> None:
    (made,) = deltas(POLE, BootKey().public, delta(operation="drop"), base_version=2)
    assert (made.operation, made.base_version, made.version) == ("drop", 2, 3)


def test_delivery_sends_every_part_and_tells_the_version(bench: Bench) -> None:
    offer(bench, BootKey().public)
    plates = [(f"12가{1000 + n}", None) for n in range(4000)]
    version = asyncio.run(deliver(bench.commander, POLE, delta(), base_version=0, add=plates))
    assert version == len(bench.sent) > 1


def test_delivery_ends_at_the_first_refusal(bench: Bench) -> None:
    offer(bench, BootKey().public)
    refused: dict[str, Any] = {"ok": False, "code": "watchlist.base", "message": "it stands at 4"}

    def answer(command: Command) -> dict[str, Any]:
        assert isinstance(command.action, WatchlistCommand)
        return refused if command.action.delta.version > 1 else {"ok": True}

    bench.answer = answer
    plates = [(f"12가{1000 + n}", None) for n in range(4000)]
    with pytest.raises(CommandError, match=r"watchlist\.base"):
        asyncio.run(deliver(bench.commander, POLE, delta(), base_version=0, add=plates))
    assert len(bench.sent) == 2


def test_a_device_that_offers_no_key_gets_no_list(bench: Bench) -> None:
    for key in (None, "too short"):
        offer(bench, key)
        with pytest.raises(CommandError):
            asyncio.run(deliver(bench.commander, POLE, delta(), base_version=0))
    assert bench.sent == []
