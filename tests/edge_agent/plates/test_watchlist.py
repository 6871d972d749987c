"""Lists on the pole: deltas applied whole or not at all, matches exact and near."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge_agent.plates.confusion import LIKE, readings
from edge_agent.plates.grammar import PRIVATE
from edge_agent.plates.watchlist import Applied, Watchlist, WatchlistError, Watchlists, apply
from tests.edge_agent.plates.reads import read
from wire.plates import ListedPlate, WatchlistDelta, WatchlistEntries

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DEVICE = "pole-001-1"


def delta(**changed: Any) -> WatchlistDelta:
    return WatchlistDelta.model_validate(
        {
            "list_id": "wanted",
            "owner": "police",
            "purpose": "stolen vehicles",
            "basis": "PIPA 18(2)7",
            "expires_at": NOW + timedelta(days=7),
            "base_version": 0,
            "version": 1,
            "operation": "replace",
            "cipher": "",
            **changed,
        }
    )


def entries(*plates: str, remove: tuple[str, ...] = (), **changed: Any) -> WatchlistEntries:
    return WatchlistEntries.model_validate(
        {
            "device": DEVICE,
            "list_id": "wanted",
            "version": 1,
            "add": [ListedPlate(plate=plate).model_dump() for plate in plates],
            "remove": remove,
            **changed,
        }
    )


def begin(*plates: str) -> Applied:
    return apply(None, delta(), entries(*plates), DEVICE, NOW)


def listed(*plates: str) -> Watchlists:
    return Watchlists().with_list("wanted", begin(*plates).watchlist)


def code(known: Watchlist | None, what: WatchlistDelta, inside: WatchlistEntries) -> str:
    with pytest.raises(WatchlistError) as refused:
        apply(known, what, inside, DEVICE, NOW)
    assert "가" not in str(refused.value)
    return refused.value.code


def test_entries_are_kept_in_normal_form_duplicates_and_rubbish_counted() -> None:
    applied = begin(
        "12가 3456", "12가-3456", "AB 123-CD", "서울33바1234", "", "???", "x" * 30, "가나다라"
    )
    assert applied.watchlist is not None
    assert set(applied.watchlist.entries) == {"12가3456", "AB123CD", "서울33바1234"}
    assert (applied.duplicates, applied.unusable) == (1, 4)


def test_a_change_adds_and_removes() -> None:
    first = begin("12가3456", "34나5678").watchlist
    change = delta(operation="change", base_version=1, version=2)
    inside = entries("56다7890", remove=("12가 3456", "99주9999"), version=2)
    changed = apply(first, change, inside, DEVICE, NOW).watchlist
    assert changed is not None
    assert set(changed.entries) == {"34나5678", "56다7890"}
    assert changed.version == 2


def test_a_drop_takes_the_list_away_even_after_its_end() -> None:
    first = begin("12가3456").watchlist
    over = delta(operation="drop", base_version=1, version=2, expires_at=NOW - timedelta(days=1))
    assert apply(first, over, entries(version=2), DEVICE, NOW).watchlist is None


def test_what_does_not_fit_is_refused() -> None:
    first = begin("12가3456").watchlist
    inside = entries("12가3456")
    assert code(first, delta(), inside) == "watchlist.base"
    later = delta(operation="change", base_version=5, version=6)
    assert code(first, later, entries(version=6)) == "watchlist.base"
    assert code(None, delta(expires_at=NOW), inside) == "watchlist.expired"
    assert code(None, delta(basis=None), inside) == "watchlist.invalid"
    assert code(None, delta(), entries(device="pole-002-1")) == "watchlist.unreadable"
    assert code(None, delta(), entries(list_id="other")) == "watchlist.unreadable"
    assert code(None, delta(version=2), inside) == "watchlist.unreadable"
    foreign = delta(owner="tax-office", version=2)
    assert code(first, foreign, entries(version=2)) == "watchlist.invalid"
    given_up = delta(owner="centre", version=2, operation="drop", base_version=1)
    assert apply(first, given_up, entries(version=2), DEVICE, NOW).watchlist is None


def test_while_the_time_is_unknown_no_list_is_over() -> None:
    applied = apply(
        None, delta(expires_at=NOW - timedelta(days=1)), entries("12가3456"), DEVICE, None
    )
    lists = Watchlists().with_list("wanted", applied.watchlist)
    assert lists.match(read("12가3456"), None)
    assert not lists.match(read("12가3456"), NOW)
    assert lists.expired(NOW) == ("wanted",)


def test_an_exact_match() -> None:
    (hit,) = listed("12가3456", "34나5678").match(read("12가3456"), NOW)
    assert (hit.listed, hit.near, hit.owner) == ("12가3456", False, "police")
    assert hit.certainty == pytest.approx(0.993, abs=0.001)


@pytest.mark.parametrize(
    ("said", "position", "other"),
    [
        ("12가3456", 2, "거"), ("12어3456", 2, "허"), ("12허3456", 2, "하"), ("12하3456", 2, "호"),
        ("12가1456", 3, "7"), ("12가3856", 4, "3"), ("12가3656", 4, "8"), ("12가3456", 5, "6"),
    ],
)  # fmt: skip
def test_known_confusions_are_near_matches_where_the_reader_was_unsure(
    said: str, position: int, other: str
) -> None:
    wanted = said[:position] + other + said[position + 1 :]
    unsure = read(said, unsure={position: {said[position]: 0.85}})
    (hit,) = listed(wanted).match(unsure, NOW)
    assert hit.near
    assert hit.listed == wanted
    assert hit.certainty < 0.1
    assert listed(wanted).match(read(said), NOW) == ()


def test_the_readers_own_candidates_are_near_matches_with_their_probability() -> None:
    doubtful = read("12가3456", unsure={1: {"2": 0.6, "9": 0.38}})
    (hit,) = listed("19가3456").match(doubtful, NOW)
    assert hit.near
    assert hit.certainty == pytest.approx(0.38, abs=0.01)


def test_a_bolt_read_as_a_digit_is_a_near_match() -> None:
    bolt = read("571거1234", unsure={0: {"5": 0.7, "": 0.3}})
    (hit,) = listed("71거1234").match(bolt, NOW)
    assert hit.near


def test_one_unreadable_character_may_be_any_two_accuse_nobody() -> None:
    wanted = listed("12가3456")
    (hit,) = wanted.match(read("12가3?56"), NOW)
    assert (hit.near, hit.listed) == (True, "12가3456")
    assert wanted.match(read("12가??56"), NOW) == ()


def test_an_exact_hit_comes_before_a_near_one() -> None:
    both = listed("12가3456").with_list(
        "overdue",
        apply(
            None, delta(list_id="overdue"), entries("19가3456", list_id="overdue"), DEVICE, NOW
        ).watchlist,
    )
    hits = both.match(read("19가3456", unsure={1: {"9": 0.6, "2": 0.39}}), NOW)
    assert [(hit.list_id, hit.near) for hit in hits] == [("overdue", False), ("wanted", True)]


def test_likeness_goes_both_ways() -> None:
    assert all(one in LIKE[other] for one, others in LIKE.items() for other in others)


def test_readings_of_a_hopeless_read_are_bounded() -> None:
    hopeless = read(
        "12가3456", unsure={at: {str(n): 0.1 for n in range(10)} for at in (3, 4, 5, 6)}
    )
    assert len(readings(hopeless)) == 1
    doubtful = read("38서6856", sure=0.75)
    assert 1 < len(readings(doubtful)) <= 48


def test_a_hundred_thousand_entries_are_matched_in_a_tenth_of_a_millisecond() -> None:
    plates = dict.fromkeys(
        f"{number}{letter}{serial}"
        for number in range(10, 60)
        for letter in PRIVATE[:8]
        for serial in range(1000, 9000, 30)
    )
    known = begin().watchlist
    assert known is not None
    many = Watchlist(
        known.list_id, known.owner, known.purpose, known.basis, known.expires_at, 1, plates
    )
    lists = Watchlists().with_list("wanted", many)
    assert len(plates) > 100_000
    reads = [
        read(plate, unsure={2: {plate[2]: 0.8}, 4: {plate[4]: 0.9}})
        for plate in list(plates)[::2000]
    ]
    for one in reads:
        assert min(_timed(lists, one) for _ in range(5)) < 100e-6
    assert all(lists.match(one, NOW) for one in reads)


def _timed(lists: Watchlists, one: Any) -> float:
    began = time.perf_counter()
    lists.match(one, NOW)
    return time.perf_counter() - began
