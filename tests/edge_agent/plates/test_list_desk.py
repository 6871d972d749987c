"""Lists arriving on the pole: only readable here, never plain on the disk, kept over restarts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from collector.services.watchlists import deltas
from edge_agent.plates.list_desk import ListDesk
from edge_agent.plates.list_vault import ListVault
from edge_agent.plates.watchlist import WatchlistError
from tests.edge_agent.plates.reads import read
from tests.edge_agent.plates.test_watchlist import DEVICE, NOW, delta, entries
from wire.plates import WatchlistDelta, WatchlistEntries
from wire.sealed import BootKey, seal

DEVICE_KEY = OKPKey.generate_key("Ed25519")


class Desk:
    """A desk of its own folder, its records, and a clock to set."""

    def __init__(self, folder: Path, device_key: OKPKey = DEVICE_KEY) -> None:
        self.now: datetime | None = NOW
        self.records: list[tuple[str, str | None, str]] = []
        self.key = BootKey()
        self.folder = folder
        self.desk = ListDesk(
            ListVault(folder, device_key), self.key, DEVICE, lambda: self.now, self.record
        )

    def record(self, action: str, *, code: str | None = None, detail: str) -> None:
        self.records.append((action, code, detail))

    def sealed(self, inside: WatchlistEntries, **changed: Any) -> WatchlistDelta:
        return delta(cipher=seal(inside.model_dump_json().encode(), self.key.public), **changed)

    def refusal(self, what: WatchlistDelta) -> str:
        with pytest.raises(WatchlistError) as refused:
            self.desk.take(what)
        return refused.value.code


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "watchlists")


def test_a_list_is_taken_matched_recorded_and_kept(here: Desk) -> None:
    assert here.desk.take(here.sealed(entries("12가3456"))) == "1 entries, 0 duplicates, 0 unusable"
    assert here.desk.match(read("12가3456"))[0].list_id == "wanted"
    assert [record[0] for record in here.records] == ["watchlist.applied"]
    after = Desk(here.folder)
    assert after.desk.match(read("12가3456"))
    (figures,) = after.desk.figures()
    assert (figures.list_id, figures.version, figures.entries) == ("wanted", 1, 1)


def test_nothing_plain_is_on_the_disk(here: Desk) -> None:
    here.desk.take(here.sealed(entries("12가3456", "AB123CD")))
    stored = b"".join(file.read_bytes() for file in here.folder.iterdir())
    for secret in ("12가3456", "AB123CD", "3456", "police", "stolen", "PIPA"):
        assert secret.encode() not in stored
    assert all(file.stat().st_mode & 0o077 == 0 for file in here.folder.iterdir())


def test_an_equal_list_looks_different_every_time(here: Desk, tmp_path: Path) -> None:
    there = Desk(tmp_path / "again")
    here.desk.take(here.sealed(entries("12가3456")))
    there.desk.take(there.sealed(entries("12가3456")))
    assert (here.folder / "wanted.list").read_bytes() != (there.folder / "wanted.list").read_bytes()


def test_foreign_altered_and_nonsensical_deltas_are_refused_counted_and_told(here: Desk) -> None:
    good = here.sealed(entries("12가3456"))
    foreign = delta(cipher=seal(entries("12가3456").model_dump_json().encode(), BootKey().public))
    altered = good.model_copy(update={"cipher": good.cipher[:-4] + "AAAA"})
    nonsense = delta(cipher=seal('{"add": "12가3456"}'.encode(), here.key.public))
    elsewhere = good.model_copy(update={"list_id": "other"})
    codes = [here.refusal(one) for one in (foreign, altered, nonsense, elsewhere)]
    assert codes == [
        "watchlist.unreadable", "watchlist.unreadable", "watchlist.invalid", "watchlist.unreadable",
    ]  # fmt: skip
    assert here.desk.refused == 4
    assert [record[0] for record in here.records] == ["watchlist.refused"] * 4
    assert not any("3456" in detail for _, _, detail in here.records)
    assert not list(here.folder.iterdir())
    assert here.desk.match(read("12가3456")) == ()
    here.desk.take(good)
    assert here.refusal(good) == "watchlist.base"


def test_a_list_of_another_identity_or_damaged_is_lost_and_told(here: Desk) -> None:
    here.desk.take(here.sealed(entries("12가3456")))
    other = Desk(here.folder, OKPKey.generate_key("Ed25519"))
    assert other.desk.match(read("12가3456")) == ()
    other.desk.report_lost()
    other.desk.report_lost()
    assert [record[:2] for record in other.records] == [("watchlist.ended", "watchlist.lost")]
    assert not list(here.folder.iterdir())


def test_a_list_ends_when_its_time_is_over(here: Desk) -> None:
    here.desk.take(here.sealed(entries("12가3456")))
    here.now = delta().expires_at
    assert here.desk.match(read("12가3456")) == ()
    here.desk.end_expired()
    assert here.records[-1][:2] == ("watchlist.ended", "watchlist.expired")
    assert not list(here.folder.iterdir())
    assert here.desk.figures() == ()


def test_a_full_list_arrives_in_parts_made_by_the_collector(here: Desk) -> None:
    plates = [(f"{10 + n % 90}가{100 + n:04d}", None) for n in range(5_000)]
    for part in deltas(DEVICE, here.key.public, delta(), add=[*plates, plates[0]], base_version=0):
        here.desk.take(part)
    (figures,) = here.desk.figures()
    assert figures.entries == 5_000
    assert figures.version > 1
    assert here.desk.match(read(plates[-1][0]))
    for part in deltas(
        DEVICE, here.key.public, delta(operation="change"),
        remove=[plates[-1][0]], base_version=figures.version,
    ):  # fmt: skip
        here.desk.take(part)
    assert here.desk.match(read(plates[-1][0])) == ()
    assert here.desk.match(read(plates[0][0]))
