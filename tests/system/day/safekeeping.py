"""A backup while messages come in, and the proof that it is one: restored on another machine."""

from __future__ import annotations

import threading

import yaml

from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "A backup"
MEANWHILE = 20


def play(town: Town, story: Story) -> None:
    fights: list[str] = []

    def report() -> None:
        fights.extend(town.given("market", "fight") for _ in range(MEANWHILE))

    busy = threading.Thread(target=report)
    busy.start()
    file = town.folder / "evening.sqlite"
    saved = town.told("backup", str(file))
    busy.join(LONG_S)
    town.console.acknowledged(town.heard(town.police, fights[-1]).incident_id)
    story.tell(
        f"backed up while {MEANWHILE} messages of a fight came: {saved['events']} events,"
        f" {saved['ledger_entries']} entries of the ledger"
    )
    elsewhere = town.folder / "elsewhere"
    elsewhere.mkdir()
    settings = yaml.safe_load(town.centre.config.read_text())
    settings |= {"routing": str(town.centre.folder / "routing.yaml")}
    config = elsewhere / "collector.yaml"
    config.write_text(yaml.safe_dump(settings, allow_unicode=True))
    restored = town.told("restore", str(file), config=config)
    assert restored["events"] == saved["events"]
    check = town.told("ledger", "verify", config=config)
    assert (check["fault"], check["head"]) == (None, saved["ledger_head"])
    assert check["entries"] == saved["ledger_entries"]
    story.tell("restored on another machine: the same events, and its ledger verifies")
