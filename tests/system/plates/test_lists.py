"""A list from its owner's file to the pole; a removal on a pole that was away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from collector import list_commands
from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.centre import Centre
from tests.support.told import Process
from tests.support.wait import wait_until
from tests.system.plates.poles import DEVICE, given_pole

PASSING, OTHER = "12가3456", "34나5678"


@pytest.fixture
def centre(tmp_path: Path, city: Authority, broker: BrokerHandle) -> Iterator[Centre]:
    centre = Centre(tmp_path / "centre", city, broker)
    centre.signer.start()
    centre.collector.start()
    yield centre
    centre.stop()


@pytest.fixture
def pole(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Iterator[Process]:
    pole = given_pole(city, broker, tmp_path / "pole")
    yield pole
    pole.kill()


def run(centre: Centre, *arguments: str) -> Result:
    """The command, beside the collector and without a Python of its own each time."""
    return CliRunner().invoke(list_commands.app, [*arguments, "--config", str(centre.config)])


def put(centre: Centre, file: Path, *more: str) -> Result:
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    return run(
        centre, "put", "wanted", str(file), "--owner", "police", "--purpose", "수배 차량",
        "--basis", "경찰관 직무집행법 제2조", "--until", until, *more,
    )  # fmt: skip


def shown(centre: Centre) -> list[dict[str, Any]]:
    done = run(centre, "show", "--json")
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def hits(centre: Centre) -> list[str]:
    rows = centre.rows("SELECT text_ko FROM incident WHERE type = 'plate'")
    return [row["text_ko"] for row in rows]


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_a_list_comes_to_the_pole_and_its_removal_to_one_that_was_away(
    centre: Centre, pole: Process, tmp_path: Path
) -> None:
    table = tmp_path / "wanted.csv"
    table.write_text(f"차량번호,비고\n{PASSING},2026-17\n{OTHER},\n홍길동,\n", encoding="cp949")
    refused = put(centre, table)
    assert refused.exit_code == 1
    assert f"{table}, row 4: not a whole plate" in refused.stderr
    assert "PW-856" in refused.stderr or "list.bad-rows" in refused.stderr
    assert shown(centre) == []
    unfounded = put(centre, table, "--accept-bad", "--basis", "")
    assert unfounded.exit_code == 1
    assert "case.no-basis: The request names no legal basis" in unfounded.stderr
    assert shown(centre) == []
    taken = put(centre, table, "--accept-bad")
    assert "2 plates (2 new, 0 gone, 0 repeated, 1 bad rows)" in taken.stdout, taken.stderr

    pole.start()
    wait_until(lambda: [one["poles"] for one in shown(centre)] == [1], 60, "the list on the pole")
    pole.say(PASSING)
    wait_until(lambda: len(hits(centre)) == 1, 40, "the incident")
    assert PASSING in hits(centre)[0]
    assert not centre.rows("SELECT 1 FROM quarantine")

    pole.kill()
    table.write_text(f"plate\n{OTHER}\n")
    assert "1 plates (0 new, 1 gone" in put(centre, table).stdout
    assert [(one["poles"], one["behind"]) for one in shown(centre)] == [(0, 1)]
    pole.start()
    wait_until(lambda: [one["poles"] for one in shown(centre)] == [1], 60, "its change")
    events = "SELECT count(*) AS n FROM event WHERE type = 'plate'"
    before = centre.rows(events)[0]["n"]
    pole.say(PASSING)
    pole.say(OTHER)
    wait_until(lambda: centre.rows(events)[0]["n"] > before, 40, "the one that is listed")
    wait_until(lambda: any(OTHER in one for one in hits(centre)), 40, "its incident")
    rows = centre.rows("SELECT device FROM event WHERE type = 'plate' AND phase = 'open'")
    assert [row["device"] for row in rows] == [DEVICE, DEVICE], "one hit each, none of the removed"

    assert run(centre, "end", "wanted").exit_code == 0
    wait_until(lambda: shown(centre) == [], 60, "the end on the pole")
    assert centre.rows("SELECT * FROM vehicle_entry") == []
