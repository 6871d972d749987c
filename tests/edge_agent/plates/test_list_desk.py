"""Lists arriving on the pole: only readable here, never plain on the disk, kept over restarts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from collector.services.vehicle_lists.deltas import deltas
from edge_agent.plates.list_desk import ListDesk
from edge_agent.plates.list_vault import SPARE, ListVault
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
    plates = [(f"{10 + n % 90}가{100 + n:04d}", None) for n in range(3_000)]
    for part in deltas(DEVICE, here.key.public, delta(), add=[*plates, plates[0]], base_version=0):
        here.desk.take(part)
    (figures,) = here.desk.figures()
    assert figures.entries == 3_000
    assert figures.version > 1
    assert here.desk.match(read(plates[-1][0]))
    for part in deltas(
        DEVICE, here.key.public, delta(operation="change"),
        remove=[plates[-1][0]], base_version=figures.version,
    ):  # fmt: skip
        here.desk.take(part)
    assert here.desk.match(read(plates[-1][0])) == ()
    assert here.desk.match(read(plates[0][0]))


def changed(here: Desk, version: int, *plates: str, remove: tuple[str, ...] = ()) -> None:
    inside = entries(*plates, remove=remove, version=version)
    terms = {"operation": "change", "base_version": version - 1, "version": version}
    here.desk.take(here.sealed(inside, **terms))


def grown(here: Desk) -> Desk:
    """A list of three hundred plates at version 3, by one whole delta and two steps."""
    here.desk.take(here.sealed(entries(*(f"12가{n}" for n in range(1000, 1300)))))
    changed(here, 2, "34나5678", remove=("12가1200",))
    changed(here, 3, "56다7890")
    return here


def stands(desk: Desk, version: int, *there: str, gone: str = "12가1200") -> None:
    (figures,) = desk.desk.figures()
    assert figures.version == version
    assert all(desk.desk.match(read(plate)) for plate in there)
    assert desk.desk.match(read(gone)) == ()


def test_a_delta_of_one_plate_writes_that_plate_and_not_the_list(here: Desk) -> None:
    grown(here)
    whole, steps = (here.folder / f"wanted.{kind}" for kind in ("list", "steps"))
    assert steps.stat().st_size < whole.stat().st_size / 10
    assert b"5678" not in steps.read_bytes()
    assert steps.stat().st_mode & 0o077 == 0
    stands(Desk(here.folder), 3, "12가1000", "34나5678", "56다7890")


def test_a_step_that_a_power_cut_tore_does_not_count_and_the_next_one_does(here: Desk) -> None:
    grown(here)
    steps = here.folder / "wanted.steps"
    steps.write_bytes(steps.read_bytes()[:-5])
    after = Desk(here.folder)
    stands(after, 2, "12가1000", "34나5678", gone="56다7890")
    changed(after, 3, "78라9012")
    stands(Desk(here.folder), 3, "12가1000", "34나5678", "78라9012", gone="56다7890")


def test_a_list_with_a_damaged_step_in_the_middle_is_lost_and_told(here: Desk) -> None:
    grown(here)
    steps = here.folder / "wanted.steps"
    damaged = bytearray(steps.read_bytes())
    damaged[40] ^= 1
    steps.write_bytes(damaged)
    after = Desk(here.folder)
    after.desk.report_lost()
    assert [record[:2] for record in after.records] == [("watchlist.ended", "watchlist.lost")]
    assert not list(here.folder.iterdir())


def test_steps_of_a_list_that_was_replaced_count_for_nothing(here: Desk) -> None:
    left = (grown(here).folder / "wanted.steps").read_bytes()
    here.desk.take(here.sealed(entries("99주9999", version=4), version=4))
    assert not (here.folder / "wanted.steps").exists()
    (here.folder / "wanted.steps").write_bytes(left)
    after = Desk(here.folder)
    stands(after, 4, "99주9999", gone="34나5678")
    changed(after, 5, "11하1111")
    stands(Desk(here.folder), 5, "99주9999", "11하1111", gone="34나5678")


def test_steps_that_outgrow_their_list_become_a_list(here: Desk) -> None:
    here.desk.take(here.sealed(entries("12가3456")))
    note = "x" * 120
    for version in range(2, 8):
        add = [{"plate": f"{version}0가{n}", "note": note} for n in range(1000, 1150)]
        terms = {"operation": "change", "base_version": version - 1, "version": version}
        here.desk.take(here.sealed(entries(version=version, add=add), **terms))
    assert (here.folder / "wanted.list").stat().st_size > SPARE
    assert (here.folder / "wanted.steps").stat().st_size < SPARE
    (figures,) = Desk(here.folder).desk.figures()
    assert (figures.version, figures.entries) == (7, 901)
