"""Relays on a real pole: switched by a rule and by an operator, bounded there, seen to stick."""

from __future__ import annotations

import json
import sqlite3
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
from wire.facility import FacilityMode

PATIENCE_S = 90.0


@pytest.fixture
def relays() -> Iterator[tuple[Relay, Relay]]:
    made = Relay(), Relay()
    yield made
    for one in made:
        one.close()


def given(demo: Demo, light: Relay, siren: Relay) -> None:
    """The pole gets a light that a rule switches, and a siren that people do; both were left on."""
    end(demo, "agent")
    light.lit = siren.lit = True
    settings = yaml.safe_load(demo.site.agent_config.read_text())
    lit = {"types": ["intrusion"], "cameras": [CAMERA], "seconds": 2}
    settings["facilities"] = [
        {"id": "light", "kind": "light", "title": "보안등", "relay": light.settings(), "on": [lit]},
        {
            "id": "siren", "kind": "siren", "title": "경광등", "relay": siren.settings(),
            "longest_on_s": 4,
        },
    ]  # fmt: skip
    demo.site.agent_config.write_text(yaml.safe_dump(settings, allow_unicode=True))
    demo.start("agent")


def mode(demo: Demo, name: str) -> FacilityMode | None:
    """As the collector knows it."""
    found = [
        state for one in reader(demo).devices() if one.health for state in one.health.facilities
    ]
    return next((one.mode for one in found if one.facility == name), None)


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


def test_a_pole_switches_what_hangs_on_it(tmp_path: Path, relays: tuple[Relay, Relay]) -> None:
    light, siren = relays
    with whole_demo(tmp_path) as demo:
        given(demo, light, siren)
        wait_until(lambda: mode(demo, "siren") == "off", PATIENCE_S, "the pole's figures")
        assert siren.asked == ["/off"], "at the start, whatever it was left as"

        # Somebody enters: there is light, which ends by itself on the relay too.
        wait_until(lambda: light.lit, PATIENCE_S, "the rule's light")
        assert any(path.startswith("/on?timer=") for path in light.asked)
        by_rule = ("pole.facility.on", f"rule: intrusion at {CAMERA}")
        wait_until(lambda: by_rule in ledger(demo, "light"), PATIENCE_S, "the rule in the ledger")

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

            # It sticks: told by what is read back, at the centre too.
            siren.sticks = siren.lit = True
            wait_until(lambda: mode(demo, "siren") == "stuck", PATIENCE_S, "the relay that sticks")
            stuck = ("pole.facility.stuck", "")
            wait_until(lambda: stuck in ledger(demo, "siren"), PATIENCE_S, "it in the ledger")
            siren.sticks = False
            wait_until(lambda: mode(demo, "siren") == "off", PATIENCE_S, "the relay to obey")
            assert operator.post(address, json={"on": True, "seconds": 4}).status_code == 200
        end(demo, "agent")
        assert not light.lit, "off at the end"
        assert siren.asked[-1] == "/off"
