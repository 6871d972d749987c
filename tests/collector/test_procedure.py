"""The way of a provision: a step counts only once the one before it was taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collector.destruction import Fate
from collector.procedure import procedure
from collector.services.case import Case
from collector.store.case_file import Entry
from wire.names import new_id

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def case(**changed: object) -> Case:
    usual = {
        "case_id": new_id(),
        "service": "emergency-video",
        "agency": "police",
        "case": "112-7",
        "basis": "제18조제2항제3호",
        "purpose": "확인",
        "person": "kim",
        "asked_at": AT,
        "state": "asked",
    }
    return Case.model_validate({**usual, **changed})


def entry(number: int, kind: str, minutes: int, number_of_case: str = "112-7") -> Entry:
    return Entry(number, AT + timedelta(minutes=minutes), kind, {"case": number_of_case})


def test_steps_are_taken_in_their_order_only() -> None:
    approved = case(
        state="approved", permit_id=new_id(), decided_at=AT + timedelta(minutes=5), decided_by="lee"
    )
    early, foreign = entry(1, "view.opened", 2), entry(2, "view.opened", 9, "112-8")
    view, copy, second = (
        entry(3, "view.opened", 6), entry(4, "pole.export", 7), entry(5, "pole.export", 8),
    )  # fmt: skip
    gone = Fate("2026-04-01", "2026-03-20", "박", AT + timedelta(days=19))

    def due(one: Case, *entries: Entry, fates: dict[int, Fate] | None = None) -> str | None:
        return procedure(one, entries, fates or {}).next

    assert due(case(), view, copy) == "approve"
    assert due(case(state="refused")) is None
    # Seen before it was approved, or under another number: not of this case.
    assert due(approved, early, foreign) == "view"
    assert due(approved, copy) == "view"
    assert due(approved, early, view) == "export"
    assert due(approved, view, copy) == "destroy"
    assert due(approved, view, copy, fates={4: Fate(planned="2026-04-01")}) == "destroy"
    # Each copy must be gone.
    assert due(approved, view, copy, second, fates={4: gone}) == "destroy"
    done = procedure(approved, (view, copy), {4: gone})
    assert (done.next, [one.step for one in done.done]) == (
        None, ["request", "approve", "view", "export", "destroy"],
    )  # fmt: skip
    assert (done.done[1].by, done.done[-1].by, done.done[-1].at) == ("lee", "박", gone.entered_at)
