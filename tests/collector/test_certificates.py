"""Which devices are brought a certificate, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.certificates import FIRST_PAUSE_S, LONGEST_PAUSE_S, CertificateDesk
from collector.commander import Commander
from collector.voice import Voice
from provisioning.authority import Authority
from wire.clock import SimulatedClock
from wire.command import Command, IdentityCertificate, NonceWindow
from wire.envelope import body, verify
from wire.health import DeviceState
from wire.identity import Identity
from wire.names import new_id
from wire.register import Trust

BOOT = new_id()
OLD = "0" * 64


class Desk:
    """A desk whose commands are caught; no device answers."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self.city = Authority.init(folder / "authority", "testcity", self.clock)
        self.city.issue_service("collector", "collector")
        self.city.issue_device("pole-001")
        self.identity = Identity.load(self.city.identity("collector"))
        self.sent: list[bytes] = []
        self.trust = Trust(self.city.register_file, now=self.clock.now())
        commander = Commander(
            Voice(self.identity, "testcity", self.clock),
            self.clock,
            publish=self._publish,
            address_of=self.trust.device_address,
            timeout_s=0.001,
        )
        commander.hear_window(
            "pole-001-1",
            NonceWindow(boot_id=BOOT, window_id=new_id(), size=4096, monotonic_s=5.0),
        )
        self.desk = CertificateDesk(
            commander, self.clock, lambda name: self.trust.device_certificate(name)
        )

    def _publish(self, _topic: str, payload: bytes) -> bool:
        self.sent.append(payload)
        return True

    def shows(self, sha256: str | None, state: str = "online", name: str = "pole-001-1") -> None:
        said = {"state": state, "boot_id": BOOT, "since": self.clock.now(), "version": "1"}
        found = DeviceState.model_validate({**said, "certificate": sha256})
        self.desk.hear_state(name, found)

    async def round(self) -> list[str]:
        """The chains that one look sends."""
        self.sent.clear()
        await self.desk.look()
        found = []
        for token in self.sent:
            event = verify(token, lambda _: self.identity.key).event
            action = body(event, Command).action
            assert isinstance(action, IdentityCertificate)
            found.append(action.certificate)
        return found

    @property
    def chain(self) -> str:
        return (self.city.identity("pole-001-1") / "cert.pem").read_text()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_who_shows_another_certificate_is_brought_the_registers(desk: Desk) -> None:
    assert await desk.round() == []
    desk.shows(OLD)
    assert await desk.round() == [desk.chain]
    known = desk.trust.device_certificate("pole-001-1")
    assert known is not None
    desk.shows(known[0])
    desk.clock.advance(LONGEST_PAUSE_S)
    assert await desk.round() == []


async def test_a_renewed_one_is_brought_without_a_word_from_the_device(desk: Desk) -> None:
    known = desk.trust.device_certificate("pole-001-1")
    assert known is not None
    desk.shows(known[0])
    desk.clock.advance(100)
    desk.city.renew("pole-001-1")
    desk.trust = Trust(desk.city.register_file, now=desk.clock.now())
    assert await desk.round() == [desk.chain]


async def test_nobody_else_and_nobody_of_old_is_asked(desk: Desk) -> None:
    desk.shows(OLD, name="gone-001-1")
    desk.shows(OLD)
    desk.shows(None)
    assert await desk.round() == []


async def test_a_device_that_keeps_the_old_one_is_asked_ever_more_seldom(desk: Desk) -> None:
    desk.shows(OLD)
    pauses, waited = [], 0.0
    for _ in range(12):
        while not await desk.round():
            desk.clock.advance(FIRST_PAUSE_S / 2)
            waited += FIRST_PAUSE_S / 2
            desk.shows(OLD)
        pauses.append(waited)
        waited = 0.0
    assert pauses[:4] == [0, FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


async def test_who_was_away_is_brought_it_when_it_is_back(desk: Desk) -> None:
    desk.shows(OLD)
    assert await desk.round() == [desk.chain]
    desk.shows(OLD, "offline")
    desk.clock.advance(LONGEST_PAUSE_S)
    assert await desk.round() == [], "nobody is there"
    desk.shows(OLD)
    assert await desk.round() == [desk.chain]
    desk.shows(OLD)
    assert await desk.round() == [], "that it came anew after a refusal is no reason to hurry"


async def test_a_file_that_is_gone_costs_that_device_only(desk: Desk) -> None:
    desk.shows(OLD)
    (desk.city.folder / "certs" / "pole-001-1.pem").unlink()
    assert await desk.round() == []
