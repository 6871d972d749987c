"""What is wrong with rules that somebody drew, each with the place and what to do about it. Pure.

`wire.camera_rules` says what can be read at all. Here stands more: what can be read, and is yet
hardly what was meant. A file that a technician wrote long ago may hold it; what the centre sends
may not.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import time
from typing import Any

from pydantic import Field, ValidationError

from wire.camera_rules import WEEKDAYS, CameraRules, RuleSpec, ScheduleSpec, ZoneSpec
from wire.names import WireModel
from wire.rules import canonical
from wire.shapes import Point, crossing

MOST_BYTES = 60_000
"""Of a camera's rules as JSON: a command may have 128 KB, and a trial holds them once."""
DAY_MIN = 24 * 60


class RulesFault(WireModel):
    """One thing that is wrong."""

    where: str = Field(description="`zones.yard.polygon`: the list, the id or number, the key.")
    message: str


class RulesFaultsError(Exception):
    """Rules that are not taken; every fault is named."""

    def __init__(self, faults: tuple[RulesFault, ...]) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0].where}: {faults[0].message}{more}")


def checked(configuration: dict[str, Any]) -> CameraRules:
    """The rules of a configuration that came from outside. Raises RulesFaultsError."""
    try:
        rules = CameraRules.model_validate(configuration)
    except ValidationError as error:
        raise RulesFaultsError(tuple(_told(configuration, error))) from None
    faults = tuple(_faults(rules))
    if faults:
        raise RulesFaultsError(faults)
    return rules


def _faults(rules: CameraRules) -> Iterator[RulesFault]:
    size = len(json.dumps(canonical(rules), ensure_ascii=False).encode())
    if size > MOST_BYTES:
        message = f"{size:,} bytes are more than {MOST_BYTES:,}; leave out zones or points"
        yield RulesFault(where="zones", message=message)
    for zone in rules.zones:
        yield from _of_zone(zone)
    for rule in rules.rules:
        yield from _of_schedule(rule)


def _of_zone(zone: ZoneSpec) -> Iterator[RulesFault]:
    wrong = _outline(zone.polygon)
    if wrong is not None:
        yield RulesFault(where=f"zones.{zone.id}.polygon", message=wrong)


def _outline(polygon: Sequence[Point]) -> str | None:
    """What is wrong with how a polygon runs; None when nothing is."""
    count = len(polygon)
    for number, (a, b) in enumerate(itertools.pairwise([*polygon, polygon[0]]), 1):
        if a == b:
            return f"points {number} and {number % count + 1} are the same; delete one"
    crossed = crossing(polygon)
    if crossed is None:
        return None
    one, other = (f"{edge + 1} to {(edge + 1) % count + 1}" for edge in crossed)
    return (
        f"the outline crosses itself: the side from point {one} meets the one from {other}; "
        "move a point so that no two sides cross"
    )


def _of_schedule(rule: RuleSpec) -> Iterator[RulesFault]:
    spans = list(enumerate(rule.schedule, 1))
    for (one, a), (other, b) in itertools.combinations(spans, 2):
        day = _both(a, b)
        if day is not None:
            message = (
                f"times {one} and {other} overlap on {day}; end one before the other begins, "
                "or make them one"
            )
            yield RulesFault(where=f"rules.{rule.id}.schedule", message=message)
            return


def _both(a: ScheduleSpec, b: ScheduleSpec) -> str | None:
    """A day on which two spans are both in force; None when there is none.

    Of spans with seasons, those that have a day of the year in common.
    """
    if (a.season or b.season) and not a.begins_on & b.begins_on:
        return None
    week = len(WEEKDAYS) * DAY_MIN
    for (a0, a1), (b0, b1) in itertools.product(_week(a), _week(b)):
        for shift in (-week, 0, week):
            begins = max(a0, b0 + shift)
            if begins < min(a1, b1 + shift):
                return WEEKDAYS[int(begins // DAY_MIN) % len(WEEKDAYS)]
    return None


def _week(span: ScheduleSpec) -> Iterator[tuple[float, float]]:
    """Its begins and ends in minutes of the week; an end may lie in the next one."""
    start, end = _minutes(span.start), _minutes(span.end)
    for day in dict.fromkeys(span.days):
        first = WEEKDAYS.index(day) * DAY_MIN
        yield first + start, first + end + (0 if end > start else DAY_MIN)


def _minutes(at: time) -> float:
    return at.hour * 60 + at.minute + at.second / 60


def _told(configuration: dict[str, Any], error: ValidationError) -> Iterator[RulesFault]:
    for one in error.errors(include_url=False, include_input=False):
        loc = [str(part) for part in one["loc"]]
        if len(loc) >= 2:
            loc[1] = _name(configuration, loc[0], int(loc[1])) if loc[1].isdigit() else loc[1]
        message = _message(one["type"], one["msg"], one.get("ctx", {}), loc)
        if one["type"] == "value_error" and loc[2:] == ["polygon"]:
            # Its halves cancel each other out: that it crosses itself says more.
            polygon = configuration["zones"][one["loc"][1]]["polygon"]
            message = _outline([(float(x), float(y)) for x, y in polygon]) or message
        yield RulesFault(where=".".join(loc) or "rules", message=message)


def _message(kind: str, said: str, context: dict[str, Any], loc: list[str]) -> str:
    """pydantic's word, in ours where somebody who draws would not understand it."""
    key = loc[2] if len(loc) > 2 else ""
    if kind == "too_short" and key in ("polygon", "points"):
        return f"has {context['actual_length']} points and needs {context['min_length']}; add some"
    if kind == "string_pattern_mismatch":
        return "may hold a-z, 0-9 and - only, 32 at most; give another name"
    if kind == "missing":
        return "is missing; fill it in"
    if kind == "extra_forbidden":
        return "is unknown here; leave it out, or update the box"
    said = said.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _name(configuration: dict[str, Any], part: str, number: int) -> str:
    """The id of a zone, line or rule where it has a usable one, else which one it is."""
    try:
        name = configuration[part][number]["id"]
    except (KeyError, IndexError, TypeError):
        name = None
    return name if isinstance(name, str) and name else str(number + 1)
