"""What hangs on the pole is off by default, on no longer than it may, and told when it sticks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory
from pydantic import ValidationError

from edge_agent.config import AgentSettings
from edge_agent.facilities.desk import FacilityDesk, FacilityError
from edge_agent.facilities.settings import FacilitySettings
from edge_agent.facilities.switch import Switch, SwitchError
from wire.clock import SimulatedClock
from wire.facility import FacilityState

LIGHT: dict[str, Any] = {
    "id": "light", "kind": "light", "title": "보안등", "gpio": {"pin": 17, "readback_pin": 27},
    "longest_on_s": 120,
    "on": [{"types": ["loitering", "bell"], "cameras": ["yard"], "dark": True, "seconds": 60}],
}  # fmt: skip
SENSOR = {"id": "dusk", "kind": "light-sensor", "title": "조도", "gpio": {"pin": 5}}
BELL = {
    "id": "bell", "kind": "bell", "title": "비상벨", "camera": "yard",
    "gpio": {"pin": 6, "active_high": False},
}  # fmt: skip


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = factory = MockFactory()
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before


class Pole:
    def __init__(self, pins: MockFactory, *facilities: dict[str, Any]) -> None:
        self.clock = SimulatedClock()
        self.told: list[tuple[str, str]] = []
        self.rung: list[tuple[str, str]] = []
        self.pins = pins
        self.sticks = False
        self.desk = FacilityDesk(
            tuple(FacilitySettings.model_validate(one) for one in facilities),
            self.clock,
            ZoneInfo("Asia/Seoul"),
            lambda action, **fields: self.told.append((action, fields["facility"])),
            lambda bell, camera: self.rung.append((bell, camera)),
        )
        self.desk.begin()

    def passes(self, seconds: float = 0.0) -> dict[str, FacilityState]:
        """Time goes by in steps of the desk's own."""
        for _ in range(max(1, round(seconds))):
            self.clock.advance(seconds and 1.0)
            self.desk.tick()
            if not self.sticks:
                self.follow()
        return {one.facility: one for one in self.desk.states()}

    def follow(self) -> None:
        """The relay does as it is told, and its second contact shows it."""
        back = self.pins.pin(27)
        back.drive_high() if self.pins.pin(17).state else back.drive_low()

    def lit(self) -> bool:
        return bool(self.pins.pin(17).state)

    def order(self, on: bool, name: str = "light", **more: Any) -> FacilityState:
        told = self.desk.order(name, on=on, by="kim", **more)
        self.desk.tick()
        return told.result(0)


def test_a_stretch_has_an_end_a_rest_and_no_more_than_so_many_a_minute() -> None:
    one = Switch(longest_on_s=100, rest_s=5, most_a_minute=2)
    assert one.on(0, 60, "rule")
    assert not one.on(50, 60, "rule"), "it goes on"
    assert one.left(50) == 50, "and never for longer than it may"
    assert one.over(100)
    assert one.off(100)
    with pytest.raises(SwitchError, match="rests for 5 s"):
        one.on(104, 60, "rule")
    assert one.on(105, None, "kim")
    assert one.left(105) == 100
    one.off(106)
    one.on(111, 1, "kim")
    one.off(112)
    with pytest.raises(SwitchError, match="2 times within a minute"):
        one.on(120, 1, "kim")
    assert one.on(166, 1, "kim")


def test_at_night_a_loiterer_has_light_for_a_minute(pins: MockFactory) -> None:
    pole = Pole(pins, LIGHT, SENSOR)
    assert not pole.lit()
    pole.desk.found("loitering", "yard")
    pole.passes()
    assert not pole.lit(), "it is day"
    pins.pin(5).drive_high()
    for camera, type_ in (("gate", "loitering"), ("yard", "intrusion")):
        pole.desk.found(type_, camera)
        pole.passes()
    assert not pole.lit()
    pole.desk.found("loitering", "yard")
    state = pole.passes(3)["light"]
    assert pole.lit()
    assert (state.mode, state.by) == ("on", "rule: loitering at yard")
    pole.passes(40)
    pole.desk.found("loitering", "yard")
    pole.passes(50)
    assert pole.lit(), "a minute from the last finding"
    pole.passes(20)
    assert not pole.lit()
    # Whoever loiters on and on has no light for ever.
    for _ in range(16):
        pole.desk.found("loitering", "yard")
        pole.passes(10)
    assert pole.told.count(("facility.off", "light")) == 2
    pole.desk.stop()
    assert not pins.pin(17).state


def test_an_operators_word_counts_and_its_end_is_the_poles(pins: MockFactory) -> None:
    pole = Pole(pins, LIGHT, SENSOR)
    assert pole.order(True, seconds=3600).left_s == 120
    pole.passes(119)
    assert pole.lit()
    assert pole.passes(2)["light"].mode == "off"
    for _ in range(5):
        pole.passes(2)
        pole.order(True)
        pole.order(False)
    pole.passes(2)
    pole.order(True)
    pole.order(False)
    pole.passes(2)
    with pytest.raises(FacilityError, match="6 times within a minute"):
        pole.order(True)
    with pytest.raises(FacilityError, match="there is no siren"):
        pole.order(True, name="siren")
    pole.desk.stop()


def test_a_relay_that_sticks_is_told_once_and_when_it_is_mended(pins: MockFactory) -> None:
    pole = Pole(pins, LIGHT, SENSOR)
    pole.order(True, seconds=5)
    pole.passes(3)
    pole.sticks = True
    state = pole.passes(20)["light"]
    assert (state.mode, state.wanted) == ("stuck", False)
    assert pole.desk.faults() == {"facility.stuck"}
    assert pole.told.count(("facility.stuck", "light")) == 1
    pole.sticks = False
    assert pole.passes(8)["light"].mode == "off"
    assert pole.told[-1] == ("facility.mended", "light")
    pole.desk.stop()


def test_a_bell_calls_for_help_once_and_makes_light(pins: MockFactory) -> None:
    pole = Pole(pins, LIGHT, SENSOR, BELL)
    pins.pin(5).drive_high()
    contact = pole.desk._contacts["bell"][1]
    assert contact is not None
    pins.pin(6).drive_low()
    assert pole.rung == [("bell", "yard")]
    pins.pin(6).drive_high()
    pins.pin(6).drive_low()
    assert len(pole.rung) == 1
    pole.passes(1)
    assert pole.lit()
    pole.desk.stop()


def test_an_announcement_is_played_to_its_end_or_until_it_is_to_be_quiet(tmp_path: Path) -> None:
    sound = tmp_path / "leave.wav"
    sound.write_bytes(b"RIFF")
    # What plays it never ends by itself: `tail -f` of the file.
    speaker = {
        "id": "light", "kind": "speaker", "title": "안내 방송", "longest_on_s": 30, "rest_s": 0,
        "sounds": {"files": {"leave": str(sound), "lost": "lost.wav"}, "player": ["tail", "-f"]},
    }  # fmt: skip
    told: list[str] = []
    clock = SimulatedClock()
    desk = FacilityDesk(
        (FacilitySettings.model_validate(speaker),), clock, ZoneInfo("Asia/Seoul"),
        lambda action, **_: told.append(action),
    )  # fmt: skip
    desk.begin()

    def says(announcement: str) -> FacilityState:
        order = desk.order("light", on=True, by="kim", announcement=announcement)
        desk.tick()
        return order.result(0)

    assert says("leave").mode == "on"
    clock.advance(29)
    desk.tick()
    assert told == ["facility.on"]
    clock.advance(2)
    desk.tick()
    assert told == ["facility.on", "facility.off"]
    clock.advance(1)
    with pytest.raises(FacilityError, match="cannot be switched"):
        says("lost")
    assert told[-1] == "facility.stuck"
    with pytest.raises(FacilityError, match="has no announcement flood"):
        says("flood")
    desk.stop()


def test_without_pins_the_pole_goes_on_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none-such")
    one = FacilitySettings.model_validate(LIGHT | {"on": []})
    told: list[str] = []
    desk = FacilityDesk(
        (one,), SimulatedClock(), ZoneInfo("Asia/Seoul"), lambda action, **_: told.append(action)
    )
    desk.begin()
    assert [state.mode for state in desk.states()] == ["unknown"]
    assert desk.faults() == {"facility.stuck"}
    assert told == ["facility.stuck"]
    desk.stop()


@pytest.mark.parametrize(
    ("facilities", "said"),
    [
        ([LIGHT], "dark needs a facility of the kind light-sensor"),
        ([SENSOR, LIGHT, LIGHT], "facilities stand twice: light"),
        ([SENSOR, {**LIGHT, "on": [{"types": ["fall"], "cameras": ["roof"]}]}], "no camera roof"),
        ([{**SENSOR, "kind": "siren", "gpio": None}], "needs one of gpio, relay and sounds"),
        ([{**LIGHT, "kind": "speaker"}], "a speaker needs it"),
        ([{**BELL, "camera": None}], "a bell needs it"),
        (
            [{"id": "r", "kind": "siren", "title": "r", "relay": {"on_url": "ftp://x", "off_url": "http://x"}}],
            "must be http://host",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path: Path, facilities: list[dict[str, Any]], said: str) -> None:
    settings = {
        "site": "city", "shard": "00", "trust": {"collector": "c", "signer": "s"},
        "cameras": [{"id": "yard", "url": "rtsp://10.0.0.1/1"}], "facilities": facilities,
    }  # fmt: skip
    with pytest.raises(ValidationError) as caught:
        AgentSettings.model_validate(settings)
    assert said in str(caught.value)
