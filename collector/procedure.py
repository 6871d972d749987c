"""How far the provision of video stands: request, approval, viewing, copy, destruction. Pure.

In this order the law wants them: each step counts only once the one before it was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from collector.destruction import Fate
from collector.services.case import Case
from collector.store.case_file import Entry

Step = Literal["request", "approve", "view", "export", "destroy"]
STEPS: tuple[Step, ...] = ("request", "approve", "view", "export", "destroy")


@dataclass(frozen=True, slots=True)
class Done:
    """One step of a case that was taken."""

    step: Step
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """A case's steps; `next` is the one that is due, None when all are taken or it was refused."""

    case_id: str
    done: tuple[Done, ...]
    next: Step | None


def procedure(one: Case, entries: Sequence[Entry], fates: Mapping[int, Fate]) -> Procedure:
    """Of `entries` those under the case's number count; `fates` of copies, by entry."""
    mine = [entry for entry in entries if entry.fields.get("case") == one.case]
    done = [Done("request", one.asked_at, one.person)]
    if one.permit_id is None or one.decided_at is None:
        return Procedure(one.case_id, tuple(done), "approve" if one.state == "asked" else None)
    done.append(Done("approve", one.decided_at, one.decided_by or one.rule or ""))
    viewed = _first(mine, "view.opened", one.decided_at)
    if viewed is None:
        return Procedure(one.case_id, tuple(done), "view")
    done.append(Done("view", viewed.at, str(viewed.fields.get("person", ""))))
    copied = _first(mine, "pole.export", viewed.at)
    if copied is None:
        return Procedure(one.case_id, tuple(done), "export")
    done.append(Done("export", copied.at, str(copied.fields.get("person", ""))))
    copies = [fates.get(entry.number, Fate()) for entry in mine if entry.kind == "pole.export"]
    if any(fate.on is None for fate in copies):
        return Procedure(one.case_id, tuple(done), "destroy")
    last = max(copies, key=lambda fate: fate.entered_at or copied.at)
    done.append(Done("destroy", last.entered_at or copied.at, last.officer or ""))
    return Procedure(one.case_id, tuple(done), None)


def _first(entries: Sequence[Entry], kind: str, since: datetime) -> Entry | None:
    return next((one for one in entries if one.kind == kind and one.at >= since), None)
