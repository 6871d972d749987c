"""From a claim to the first receipt, a board swap, and certificates that come over MQTT."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning.authority import Authority
from provisioning.enrol import box
from provisioning.enrol.claims import Claims
from provisioning.enrol.laptops import reconcile
from tests.provisioning.enrol.ladder import Ladder
from tests.support.broker import BrokerHandle
from tests.support.mqtt import MqttPeer, RefusedError
from tests.support.wait import wait_until
from tests.system.provisioning.enrolment import (
    POLE,
    Town,
    following,
    shown,
    wait_for_the_ordinary,
)
from wire.clock import SimulatedClock
from wire.identity import Identity

pytestmark = pytest.mark.timeout(600)
"""A dozen programs start one after the other; on a busy machine that takes a minute."""


@pytest.fixture
def town(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Iterator[Town]:
    town = Town(city, broker, tmp_path)
    try:
        town.centre.collector.start()
        town.desk.start()
        with following(city, broker):
            yield town
    finally:
        town.stop()


def epochs(town: Town, device: str) -> set[str]:
    rows = town.centre.rows("SELECT epoch FROM progress WHERE device = ?", device)
    return {row["epoch"] for row in rows}


def state(town: Town, device: str) -> str:
    rows = town.centre.rows("SELECT state FROM device WHERE device = ?", device)
    return str(rows[0]["state"]) if rows else ""


def test_from_a_claim_to_the_first_receipt_and_a_board_swap(
    town: Town, broker: BrokerHandle
) -> None:
    town.keep()
    first = town.seed("first", town.claim())
    assert town.first_boot(first) == 0
    assert Identity.load(first / "identity").name == f"{POLE}-1"
    handed_out = shown(first)
    town.agent(first)
    wait_until(lambda: town.receipted(f"{POLE}-1"), 120, "the first event of a new pole")
    wait_for_the_ordinary(town, first, f"{POLE}-1", 60)
    assert shown(first) != handed_out, "what the desk made lasts some days only"
    wait_until(lambda: state(town, f"{POLE}-1") == "online", 60, "the pole with its new one")

    second = town.seed("second", town.known_claim())
    assert town.first_boot(second) == 0
    assert Identity.load(second / "identity").name == f"{POLE}-2"
    town.agent(second)
    wait_until(lambda: town.receipted(f"{POLE}-2"), 120, "the first event of the new board")
    assert town.devices() == {f"{POLE}-1": True, f"{POLE}-2": False}
    wait_until(lambda: state(town, f"{POLE}-1") == "offline", 60, "the old board to be over")
    log = first / "agent.log"
    wait_until(lambda: "broker.refused" in log.read_text(), 60, "the old board to be cut off")
    with pytest.raises(RefusedError), MqttPeer(broker, first / "identity"):
        pass
    assert epochs(town, f"{POLE}-2").isdisjoint(epochs(town, f"{POLE}-1"))
    (old, new) = (one for one in Authority(town.city.folder).register.devices if one.pole == POLE)
    assert old.shard == new.shard


def test_a_box_of_the_ladder_gets_its_ordinary_certificate_over_mqtt_and_a_renewed_one(
    town: Town, broker: BrokerHandle, tmp_path: Path
) -> None:
    """No keeper and no desk: a laptop's answer, and its folder brought back to the office."""
    ladder = Ladder.make(town.city, tmp_path / "ladder", SimulatedClock(datetime.now(UTC)))
    home = town.seed("on the ladder", ladder.claims[POLE])
    asked = box.request(home, POLE, ladder.claims[POLE])
    box.install(home, ladder.laptop.sign(asked, ladder.clock.now(), town.agent_text()))
    town.at_home(home)
    by_laptop = shown(home)
    town.agent(home)
    assert [one.state for one in reconcile(town.city, ladder.laptop.folder)] == ["taken"]
    wait_for_the_ordinary(town, home, f"{POLE}-1", 180)
    assert shown(home) != by_laptop
    before = shown(home)
    town.city.renew(f"{POLE}-1")
    wait_for_the_ordinary(town, home, f"{POLE}-1", 60)
    assert shown(home) != before
    wait_until(lambda: state(town, f"{POLE}-1") == "online", 60, "the pole with its renewed one")


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_killed_at_each_step_on_both_sides_it_is_enrolled_once(town: Town) -> None:
    home = town.seed("box", town.claim())
    assert town.keep(faulted="keeper.key").wait(60) == -9
    keeper = town.keep(faulted="reconcile.judged")
    town.desk.stop()
    town.desk.start(faulted="desk.signed")
    assert town.boot(home, faulted="box.keyed").wait(60) == -9
    booting = town.boot(home, faulted="box.answered")
    town.desk.wait_dead(60)
    town.desk.start()
    assert booting.wait(90) == -9
    assert keeper.wait(60) == -9
    assert town.devices() == {}
    assert town.keep(faulted="reconcile.registered").wait(60) == -9
    assert town.devices() == {f"{POLE}-1": False}
    town.keep()
    assert town.boot(home, faulted="box.installed").wait(60) == -9
    assert town.first_boot(home) == 0
    assert Identity.load(home / "identity").name == f"{POLE}-1"
    assert not (home / "claim").exists()
    wait_until(lambda: Claims(town.city.folder).all[0].used_by == f"{POLE}-1", 60, "a spent claim")
    assert town.devices() == {f"{POLE}-1": False}
