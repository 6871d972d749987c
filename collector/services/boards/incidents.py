"""What boards say of an incident: templates filled in, and given back when it is over. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collector.incidents import Incident
from collector.services.boards.layout import lay_out
from collector.services.boards.multi import harmless
from collector.services.boards.record import BoardMessage
from collector.services.boards.registry import Board, Template
from collector.texts import SEVERITIES, type_name
from wire.names import new_id

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What templates know of an incident."""

    incident: Incident
    place: str
    event: str
    """What a disaster room calls it; the type's name otherwise."""


def is_over(one: Incident, template: Template | None) -> bool:
    """Whether boards say nothing of it any more; a template that is gone keeps nothing."""
    if template is None or one.state in ("closed", "rejected"):
        return True
    return template.until == "ended" and one.ended_at is not None


def messages_of(
    about: Subject,
    boards: tuple[Board, ...],
    templates: tuple[Template, ...],
    now: datetime,
    zone: ZoneInfo,
) -> list[BoardMessage]:
    """One for each board and template that fits; `unfit` where neither of its texts does."""
    one, found = about.incident, []
    for template in templates:
        if not template.fits(one.type, one.severity) or (one.drill and not template.drills):
            continue
        if is_over(one, template):
            continue
        for board in boards:
            multi, why = _text(board, template, about, zone)
            state = "waiting" if template.approval else "approved"
            found.append(
                BoardMessage(
                    message_id=new_id(),
                    boards=(board.id,),
                    multi=multi,
                    priority=template.priority,
                    from_at=now,
                    until_at=now + timedelta(minutes=template.minutes),
                    state="unfit" if why is not None else state,
                    made_at=now,
                    incident_id=one.incident_id,
                    template=template.name,
                    why=why,
                )
            )
    return found


def _text(
    board: Board, template: Template, about: Subject, zone: ZoneInfo
) -> tuple[str, str | None]:
    """The first of its texts that fits the board; with why not, when none does."""
    why = None
    texts = [one for one in (template.text, template.short) if one is not None]
    filled = [_filled(one, about, zone) for one in texts]
    for multi in filled:
        problems = lay_out(board, multi).problems
        if not problems:
            return multi, None
        why = "; ".join(f"{one.why} {one.what}".strip() for one in problems)[:300]
    return filled[0], why


def _filled(text: str, about: Subject, zone: ZoneInfo) -> str:
    one = about.incident
    values = {
        "type": type_name(one.type)[0],
        "severity": SEVERITIES[one.severity][0],
        "place": about.place,
        "time": f"{one.opened_at.astimezone(zone):%H:%M}",
        "event": about.event,
    }
    return _PLACE.sub(lambda found: harmless(values[found[1]]), text)
