"""One signature a day; whoever kept it finds a chain that was written anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector import ledger, sealing
from collector.sealing import Sealer
from provisioning.authority import Authority
from tests.support.broker import make_city
from tests.support.new_store import new_store
from wire.clock import SimulatedClock
from wire.identity import Identity, load_authorities

SEOUL = ZoneInfo("Asia/Seoul")
DAY = 86_400


class Bench:
    def __init__(self, folder: Path, town: Authority) -> None:
        self.clock = SimulatedClock(datetime.now(UTC))
        self.database = new_store(folder)
        identity = Identity.load(town.identity("collector"))
        self.sealer = Sealer(identity, "city", SEOUL, self.database, self.clock)
        self.authorities = load_authorities(identity.ca_file)

    def enter(self, person: str) -> None:
        with self.database.transaction() as run:
            ledger.append(run, self.clock.now(), "view.opened", {"person": person})

    def seals(self) -> list[str]:
        with self.database.reading() as run:
            return sealing.held(run)

    def fault(self, seals: list[str]) -> str | None:
        with self.database.reading() as run:
            return sealing.fault(run, seals, self.authorities)


@pytest.fixture
def bench(tmp_path: Path, town: Authority) -> Iterator[Bench]:
    made = Bench(tmp_path / "data", town)
    yield made
    made.database.close()


def test_once_a_day_of_the_site_however_often_it_is_looked_for(bench: Bench) -> None:
    first = bench.sealer.run_once()
    assert first is not None
    assert (first.number, first.head) == (0, ledger.FIRST)
    assert bench.sealer.run_once() is None
    bench.enter("kim")
    bench.clock.advance(DAY)
    second = bench.sealer.run_once()
    assert second is not None
    assert second.number == 1
    assert first.day < second.day
    assert bench.fault(bench.seals()) is None


def test_the_seals_hold_after_an_erasure(bench: Bench) -> None:
    for person in ("kim", "lee", "choi"):
        bench.enter(person)
        bench.clock.advance(DAY)
        bench.sealer.run_once()
    with bench.database.transaction() as run:
        assert ledger.erase(run, bench.clock.now()) == 3
        assert ledger.verify(run).fault is None
    assert bench.fault(bench.seals()) is None


def test_a_chain_that_was_written_anew_contradicts_the_seals_that_were_kept(bench: Bench) -> None:
    bench.enter("kim")
    bench.sealer.run_once()
    kept = bench.seals()
    with bench.database.transaction() as run:
        run.execute("DELETE FROM ledger_fields")
        run.execute("DELETE FROM ledger")
        ledger.append(run, bench.clock.now(), "view.opened", {"person": "somebody else"})
        assert ledger.verify(run).fault is None
    said = bench.fault(kept)
    assert said is not None
    assert "up to 1 are not those that were sealed" in said
    with bench.database.transaction() as run:
        run.execute("DELETE FROM ledger_fields")
        run.execute("DELETE FROM ledger")
    assert "names entry 1, which is not there" in str(bench.fault(kept))


def test_a_seal_that_another_signed_is_not_believed(bench: Bench, tmp_path: Path) -> None:
    bench.enter("kim")
    bench.sealer.run_once()
    (line,) = bench.seals()
    held = json.loads(line)
    stranger = make_city(tmp_path / "stranger")
    other = Identity.load(stranger.identity("collector"))
    Sealer(other, "city", SEOUL, new_store(tmp_path / "other"), bench.clock)
    foreign = {**held, "certificate": other.cert_file.read_text()}
    cut = {**held, "token": held["token"][:-8] + "AAAAAAAA"}
    for wrong in (json.dumps(foreign), json.dumps(cut), "{}", "no json", json.dumps([1])):
        assert "cannot be believed" in str(bench.fault([wrong])), wrong


def test_a_seal_outlives_the_certificate_that_signed_it(bench: Bench) -> None:
    bench.sealer.run_once()
    bench.clock.advance(timedelta(days=3650).total_seconds())
    assert bench.fault(bench.seals()) is None
