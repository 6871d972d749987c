"""What hangs on a real pole: switched by a rule at night and by an operator, bounded there, seen to
stick; announcements, and a bell. Pins are gpiozero's mock pins, relays are real HTTP servers."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.support.demo import end, reader, whole_demo
from tests.support.relay import Relay
from tests.support.wait import wait_until
from wire.facility import FacilityMode, FacilityState

PATIENCE_S = 90.0


@pytest.fixture
def relays() -> Iterator[tuple[Relay, Relay]]:
    made = Relay(), Relay()
    yield made
    for one in made:
        one.close()


LOITERING = [
    {
        "id": f"stay{number}",
        "type": "loitering",
        "zone": f"q{number}",
        "seconds": 1,
        "cooldown_s": 0,
    }
    for number in range(4)
]
NIGHT = {"types": ["loitering", "bell"], "cameras": [CAMERA], "dark": True, "seconds": 60}


class Pins:
    """Those of the pole's box, by the page of tests.support.pinned_agent."""

    def __init__(self, url: str) -> None:
        self._url = url

    def is_high(self, pin: int) -> bool:
        return bool(httpx.get(f"{self._url}/{pin}", timeout=30, trust_env=False).json()["high"])

    def drive(self, pin: int, level: str) -> None:
        httpx.get(f"{self._url}/{pin}/{level}", timeout=30, trust_env=False).raise_for_status()


def given(demo: Demo, lamp: Relay, siren: Relay, folder: Path) -> Pins:
    """The pole gets its facilities, both relays left on; it is day."""
    end(demo, "agent")
    lamp.lit = siren.lit = True
    settings = yaml.safe_load(demo.site.agent_config.read_text())
    settings["cameras"][0]["rules"] += LOITERING
    sound = folder / "leave.wav"
    sound.write_bytes(b"RIFF")
    lit = {"types": ["intrusion"], "cameras": [CAMERA], "seconds": 2}
    settings["facilities"] = [
        {"id": "dusk", "kind": "light-sensor", "title": "조도 센서", "gpio": {"pin": 5}},
        {
            "id": "light", "kind": "light", "title": "보안등", "longest_on_s": 600,
            "gpio": {"pin": 17, "readback_pin": 27}, "on": [NIGHT],
        },
        {
            "id": "logo", "kind": "logojector", "title": "로고젝터", "relay": lamp.settings(),
            "most_a_minute": 60, "on": [lit],
        },
        {
            "id": "siren", "kind": "siren", "title": "경광등", "relay": siren.settings(),
            "longest_on_s": 4, "most_a_minute": 1,
        },
        {
            "id": "speaker", "kind": "speaker", "title": "안내 방송", "longest_on_s": 3,
            # It says that it plays, and has no end of its own.
            "sounds": {
                "files": {"leave": str(sound)},
                "player": ["sh", "-c", 'touch "$0.played"; exec sleep 600'],
            },
        },
        {
            "id": "bell", "kind": "bell", "title": "비상벨", "camera": CAMERA,
            "gpio": {"pin": 6, "active_high": False},
        },
    ]  # fmt: skip
    demo.site.agent_config.write_text(yaml.safe_dump(settings, allow_unicode=True))
    argv = ["run", "--config", str(demo.site.agent_config), "--print-ready"]
    child = demo.family.start("agent", [sys.executable, "-m", "tests.support.pinned_agent", *argv])
    line = child.wait_for(lambda line: line.startswith("pins "), PATIENCE_S, "its pins")
    child.wait_for(lambda line: '"ready": true' in line, PATIENCE_S, "ready")
    return Pins(line.split()[1])


def ledger(demo: Demo, facility: str) -> list[tuple[str, str]]:
    """What was entered of it, and by whom."""
    path = reader(demo)._path
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as run:
        rows = run.execute(
            "SELECT l.kind, f.fields FROM ledger l JOIN ledger_fields f USING (number)"
            " WHERE l.kind LIKE '%facility%' ORDER BY l.number"
        ).fetchall()
    found = [(kind, json.loads(fields)) for kind, fields in rows]
    return [(kind, f.get("person", "")) for kind, f in found if f.get("facility") == facility]


def state(demo: Demo, name: str) -> FacilityState | None:
    """As the collector knows it."""
    found = [
        state for one in reader(demo).devices() if one.health for state in one.health.facilities
    ]
    return next((one for one in found if one.facility == name), None)


def mode(demo: Demo, name: str) -> FacilityMode | None:
    found = state(demo, name)
    return None if found is None else found.mode


def findings(demo: Demo, type_: str) -> int:
    """That reached the centre since it began."""
    with sqlite3.connect(f"file:{reader(demo)._path}?mode=ro", uri=True, timeout=10) as run:
        asked = "SELECT count(*) FROM event WHERE type = ? AND phase = 'open'"
        return int(run.execute(asked, (type_,)).fetchone()[0])


def at_night_there_is_light(demo: Demo, pins: Pins) -> None:
    """Loitering by day switches nothing, in the dark it does, and the centre hears by what."""
    before = findings(demo, "loitering")
    wait_until(lambda: findings(demo, "loitering") > before, PATIENCE_S, "somebody who loiters")
    assert not pins.is_high(17)
    assert ledger(demo, "light") == []
    assert mode(demo, "dusk") == "off"
    pins.drive(5, "high")
    wait_until(lambda: pins.is_high(17), PATIENCE_S, "light in the dark")
    wait_until(lambda: mode(demo, "light") == "on", PATIENCE_S, "what is read back")
    light = state(demo, "light")
    assert light is not None
    assert light.by == f"rule: loitering at {CAMERA}"
    assert light.left_s is not None
    assert 0 < light.left_s <= 60
    assert mode(demo, "dusk") == "on"
    by_rule = ("pole.facility.on", f"rule: loitering at {CAMERA}")
    wait_until(lambda: by_rule in ledger(demo, "light"), PATIENCE_S, "the rule in the ledger")


def somebody_rings(demo: Demo, pins: Pins) -> None:
    """The bell is a call for help at its camera."""
    pins.drive(6, "low")
    wait_until(lambda: findings(demo, "sos") == 1, PATIENCE_S, "the call for help")
    pressed = ("pole.facility.pressed", "")
    wait_until(lambda: pressed in ledger(demo, "bell"), PATIENCE_S, "the bell in the ledger")


def it_is_said(demo: Demo, operator: httpx.Client, sound: Path) -> None:
    """An operator has the recorded announcement played; the pole ends it."""
    address = f"/api/facilities/{demo.site.device}/speaker"
    told = operator.post(address, json={"on": True, "announcement": "leave"})
    assert told.status_code == 200, told.text
    wait_until(Path(f"{sound}.played").exists, PATIENCE_S, "the player")
    wait_until(lambda: len(ledger(demo, "speaker")) == 3, PATIENCE_S, "the announcement's end")
    assert ledger(demo, "speaker")[-1] == ("pole.facility.off", "its time is over")
    refused = operator.post(address, json={"on": True, "announcement": "flood"})
    assert refused.json()["code"] == "facility.unknown"


def test_a_pole_switches_what_hangs_on_it(tmp_path: Path, relays: tuple[Relay, Relay]) -> None:
    lamp, siren = relays
    with whole_demo(tmp_path) as demo:
        pins = given(demo, lamp, siren, tmp_path)
        wait_until(lambda: mode(demo, "siren") == "off", PATIENCE_S, "the pole's figures")
        assert siren.asked == ["/off"], "at the start, whatever it was left as"

        assert lamp.asked[0] == "/off"
        at_night_there_is_light(demo, pins)
        somebody_rings(demo, pins)

        # Somebody enters: the logo is shown, and ends by itself on the relay too.
        wait_until(
            lambda: any(path.startswith("/on?timer=") for path in lamp.asked),
            PATIENCE_S,
            "the rule's logo",
        )
        by_rule = ("pole.facility.on", f"rule: intrusion at {CAMERA}")
        wait_until(lambda: by_rule in ledger(demo, "logo"), PATIENCE_S, "the rule in the ledger")

        headers = {"X-Polewatch": "1"}
        with httpx.Client(base_url=demo.console, headers=headers, timeout=30) as operator:
            door = operator.post("/api/sign-in", json={"name": PERSON, "password": demo.secret})
            assert door.status_code == 200, door.text
            address = f"/api/facilities/{demo.site.device}/siren"
            told = operator.post(address, json={"on": True, "seconds": 600})
            assert told.status_code == 200, told.text
            assert "/on?timer=4" in siren.asked
            assert told.json()["left_s"] <= 4, "the pole's own bound counts"
            wait_until(lambda: not siren.lit, PATIENCE_S, "the siren's end")
            wait_until(lambda: len(ledger(demo, "siren")) == 3, PATIENCE_S, "the siren's entries")
            assert ledger(demo, "siren") == [
                ("facility.ordered", PERSON),
                ("pole.facility.on", PERSON),
                ("pole.facility.off", "its time is over"),
            ]
            assert (
                operator.post(address.replace("siren", "horn"), json={"on": True}).json()["code"]
                == "facility.unknown"
            )

            again = operator.post(address, json={"on": True})
            assert again.json()["code"] == "facility.busy", again.text
            refusal = ("pole.facility.refused", PERSON)
            wait_until(lambda: refusal in ledger(demo, "siren"), PATIENCE_S, "the refusal")
            it_is_said(demo, operator, tmp_path / "leave.wav")

            # It sticks: told by what is read back, at the centre too.
            siren.sticks = siren.lit = True
            wait_until(lambda: mode(demo, "siren") == "stuck", PATIENCE_S, "the relay that sticks")
            stuck = ("pole.facility.stuck", "")
            wait_until(lambda: stuck in ledger(demo, "siren"), PATIENCE_S, "it in the ledger")
            siren.sticks = False
            wait_until(lambda: mode(demo, "siren") == "off", PATIENCE_S, "the relay to obey")
            shown = {"on": True, "seconds": 60}
            logo = address.replace("siren", "logo")
            wait_until(
                lambda: operator.post(logo, json=shown).status_code == 200 and lamp.lit,
                PATIENCE_S,
                "the logo",
            )
        end(demo, "agent")
        assert not lamp.lit, "off at the end"
        assert siren.asked[-1] == "/off"
