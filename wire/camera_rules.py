"""What a camera's owner may ask for: zones, lines and rules, as they stand in the configuration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from wire.event import RuleType, Severity
from wire.names import Name
from wire.settings import Settings
from wire.shapes import area

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
DayOfYear = Annotated[str, Field(pattern=r"^\d\d-\d\d$")]
Corner = tuple[Fraction, Fraction]
Label = Literal["person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "dog"]
Crossing = Literal["both", "left_to_right", "right_to_left"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

RULE_TYPES: Final[tuple[RuleType, ...]] = get_args(RuleType)

EXPERIMENTAL: Final[tuple[RuleType, ...]] = (
    "abandonment",
    "dumping",
    "fire",
    "smoke",
    "crowd",
    "stopped_vehicle",
    "wrong_way",
    "tamper",
    "fight",
)
"""The ones that have not reached their bar; what they reach stands in the accuracy
reference, and each of their events is to be read with that."""

ZONE_TYPES: Final = frozenset(
    {"intrusion", "loitering", "abandonment", "dumping", "crowd", "stopped_vehicle"}
)
LINE_TYPES: Final = frozenset({"line_crossing", "wrong_way"})
WHOLE_PICTURE: Final = frozenset({"tamper"})
VEHICLES: Final[tuple[Label, ...]] = ("car", "bus", "truck", "motorcycle")
DEFAULT_LABELS: Final[dict[str, tuple[Label, ...]]] = {
    "stopped_vehicle": VEHICLES,
    "wrong_way": VEHICLES,
}
DEFAULT_SEVERITY: Final[dict[str, Severity]] = {
    "fire": "severe",
    "smoke": "severe",
    "fall": "severe",
    "fight": "severe",
    "plate": "severe",
    "wrong_way": "severe",
    "loitering": "minor",
    "dumping": "minor",
    "stopped_vehicle": "minor",
}
DEFAULT_COUNT: Final = 5
_ARROWS: Final = {"wrong_way": "; give it to the zone as an arrow, or name a line along the road"}
DEFAULT_COOLDOWN: Final[dict[str, float]] = {"line_crossing": 0.0}
DEFAULT_SECONDS: Final[dict[str, float]] = {
    "loitering": 10.0,
    "fall": 3.0,
    "abandonment": 10.0,
    "dumping": 10.0,
    "stopped_vehicle": 60.0,
    "fire": 4.0,
    "smoke": 5.0,
    "crowd": 5.0,
    "wrong_way": 1.0,
    "tamper": 5.0,
    "fight": 3.0,
}

_SMALLEST_ZONE: Final = 1e-4
_SHORTEST_ARROW: Final = 0.01


class ZoneSpec(Settings):
    """A part of the picture, drawn on the ground where feet and wheels stand."""

    id: Name = Field(description="What rules and events call the zone.")
    polygon: tuple[Corner, ...] = Field(
        min_length=3,
        max_length=64,
        description="Corners in order, x and y in fractions of the frame from the top left.",
    )
    direction: tuple[Corner, Corner] | None = Field(
        default=None,
        description="An arrow, from its first point to its second: the way that traffic may move "
        "here. Rules of the type `wrong_way` need it.",
    )

    @field_validator("direction")
    @classmethod
    def _points_somewhere(cls, arrow: tuple[Corner, Corner] | None) -> tuple[Corner, Corner] | None:
        if arrow is not None and math.dist(*arrow) < _SHORTEST_ARROW:
            raise ValueError(
                f"the arrow's two points are the same, or nearly; draw it over at least "
                f"{_SHORTEST_ARROW:g} of the frame"
            )
        return arrow

    @field_validator("polygon")
    @classmethod
    def _encloses_something(cls, polygon: tuple[Corner, ...]) -> tuple[Corner, ...]:
        if area(polygon) < _SMALLEST_ZONE:
            raise ValueError(
                "the corners enclose next to nothing; give them in order around the zone, "
                "in fractions of the frame between 0 and 1"
            )
        return polygon


class LineSpec(Settings):
    """A line that may be crossed; its direction runs from the first point to the last.

    For the type `wrong_way` it runs along the road instead, the way that traffic may move.
    """

    id: Name = Field(description="What rules and events call the line.")
    points: tuple[Corner, ...] = Field(
        min_length=2,
        max_length=16,
        description="Points in order, x and y in fractions of the frame from the top left.",
    )

    @field_validator("points")
    @classmethod
    def _leads_somewhere(cls, points: tuple[Corner, ...]) -> tuple[Corner, ...]:
        if any(a == b for a, b in itertools.pairwise(points)):
            raise ValueError("two points in a row are the same")
        return points


class ScheduleSpec(Settings):
    """A span of the day, on some weekdays, in the site's time zone."""

    days: tuple[Weekday, ...] = Field(
        default=WEEKDAYS,
        min_length=1,
        max_length=7,
        description="Days on which the span begins; one past midnight belongs to the day before.",
    )
    start: time = Field(alias="from", description="When it begins, like '22:00'.")
    end: time = Field(
        alias="to",
        description="When it ends; not later than `from` means on the next day.",
    )

    season: tuple[DayOfYear, DayOfYear] | None = Field(
        default=None,
        description="The first and the last day of each year on which the span begins, like "
        "['02-01', '05-15']; the last may lie in the next year. All year when left out.",
    )

    @field_validator("season")
    @classmethod
    def _are_days(cls, season: tuple[str, str] | None) -> tuple[str, str] | None:
        for day in season or ():
            try:
                date.fromisoformat(f"2000-{day}")
            except ValueError:
                raise ValueError(f"{day} is no day; give month and day like '02-01'") from None
        return season

    @property
    def begins_on(self) -> frozenset[str]:
        """The days of a year on which it may begin, like '02-01'; every one without a season."""
        days = [(date(2000, 1, 1) + timedelta(n)).strftime("%m-%d") for n in range(366)]
        if self.season is None:
            return frozenset(days)
        first, last = self.season
        if first <= last:
            return frozenset(day for day in days if first <= day <= last)
        return frozenset(day for day in days if day >= first or day <= last)

    @field_validator("start", "end")
    @classmethod
    def _is_local(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("give the time without an offset; it is in the site's time zone")
        return value


class RuleSpec(Settings):
    """One rule of a camera."""

    id: Name = Field(description="What events call the rule; one of a kind on the camera.")
    type: RuleType = Field(
        description="What the rule looks for. Experimental, below their bar of accuracy: "
        + ", ".join(EXPERIMENTAL)
        + "."
    )
    zone: Name | None = Field(default=None, description="The zone that it watches.")
    line: Name | None = Field(default=None, description="The line that it watches.")
    direction: Crossing | None = Field(
        default=None,
        description="For `line_crossing`: which way counts, seen along the line from its first to "
        "its last point; `both` when left out.",
    )
    count: int | None = Field(
        default=None,
        ge=2,
        le=200,
        description=f"For `crowd`: how many are a crowd; {DEFAULT_COUNT} when left out.",
    )
    labels: tuple[Label, ...] = Field(
        default=("person",),
        min_length=1,
        max_length=8,
        description="What kinds of objects it heeds; `stopped_vehicle` and `wrong_way` heed "
        + ", ".join(VEHICLES)
        + " when it is left out.",
    )
    seconds: float | None = Field(
        default=None,
        ge=0.1,
        le=86_400,
        description="How long it must last before the alarm; the type has its own default: "
        + ", ".join(f"{name} {value:g}" for name, value in DEFAULT_SECONDS.items())
        + ".",
    )
    schedule: tuple[ScheduleSpec, ...] = Field(
        default=(),
        max_length=32,
        description="When the rule is armed; empty means always.",
    )
    severity: Severity = Field(
        default="moderate",
        description="The severity of its events; the type has its own when it is left out: "
        + ", ".join(f"{name} {severity}" for name, severity in DEFAULT_SEVERITY.items())
        + ".",
    )
    cooldown_s: float = Field(
        default=10.0,
        ge=0,
        le=86_400,
        description="Seconds after a finding closed in which no new one opens; 0 for "
        "`line_crossing` when left out, so that every crossing is told.",
    )
    min_height: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="The least height of an object's box, in fractions of the frame's height.",
    )

    plates: Literal["listed", "any"] = Field(
        default="listed",
        description="For plates: `listed` tells of those on a watchlist; `any` of all that are "
        "read in the zone, to `analyze` alone: what is on no list never leaves the box.",
    )
    lists: tuple[Name, ...] = Field(
        default=(),
        max_length=32,
        description="For plates: the watchlists that it heeds; empty means every one.",
    )
    min_certainty: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="For plates: the least chance that the plate is the list's entry.",
    )
    near_matches: bool = Field(
        default=True,
        description="For plates: also tell of entries that the read may be mistaken for, marked "
        "as such.",
    )

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        needs, takes = (
            f"a rule of the type {self.type!r} needs",
            f"a rule of the type {self.type!r} takes",
        )
        if self.zone is None and self.type in ZONE_TYPES:
            raise ValueError(f"{needs} a zone")
        if self.line is None and self.type == "line_crossing":
            raise ValueError(f"{needs} a line")
        if self.zone is None and self.line is None and self.type == "wrong_way":
            raise ValueError(f"{needs} a zone with a direction, or a line along the road")
        if self.line is not None and self.type not in LINE_TYPES:
            raise ValueError(f"{takes} no line")
        if self.zone is not None and self.type == "line_crossing":
            raise ValueError(f"{takes} no zone: the line says where")
        if self.direction is not None and self.type != "line_crossing":
            raise ValueError(f"{takes} no direction" + _ARROWS.get(self.type, ""))
        if self.count is not None and self.type != "crowd":
            raise ValueError(f"{takes} no count")
        if self.seconds is not None and self.type not in DEFAULT_SECONDS:
            raise ValueError(f"{takes} no seconds")
        given = self.model_fields_set & {"plates", "lists", "near_matches", "min_certainty"}
        if self.type != "plate" and given:
            raise ValueError(f"{takes} no {sorted(given)[0]}")
        if self.plates == "any" and self.zone is None:
            raise ValueError("a rule for any plate needs a zone")
        if self.type in WHOLE_PICTURE:
            for key in sorted(self.model_fields_set & {"zone", "labels", "min_height"}):
                raise ValueError(f"{takes} no {key}: it is about the whole picture")
        if self.type == "stopped_vehicle" and not set(self.heeded) <= {*VEHICLES, "bicycle"}:
            raise ValueError(f"{takes} vehicles only as labels: {', '.join(VEHICLES)}, bicycle")
        return self

    @property
    def lasting_s(self) -> float:
        """`seconds`, or the type's default; 0 for types that do not wait."""
        if self.seconds is not None:
            return self.seconds
        return DEFAULT_SECONDS.get(self.type, 0.0)

    @property
    def heeded(self) -> tuple[Label, ...]:
        """`labels`, or the type's default."""
        if "labels" in self.model_fields_set:
            return self.labels
        return DEFAULT_LABELS.get(self.type, self.labels)

    @property
    def graded(self) -> Severity:
        """`severity`, or the type's default."""
        if "severity" in self.model_fields_set:
            return self.severity
        return DEFAULT_SEVERITY.get(self.type, self.severity)

    @property
    def rest_s(self) -> float:
        """`cooldown_s`, or the type's default."""
        if "cooldown_s" in self.model_fields_set:
            return self.cooldown_s
        return DEFAULT_COOLDOWN.get(self.type, self.cooldown_s)

    @property
    def crowd(self) -> int:
        """`count`, or its default."""
        return DEFAULT_COUNT if self.count is None else self.count


class CameraRules(Settings):
    """Everything that is asked of one camera's pictures."""

    zones: tuple[ZoneSpec, ...] = Field(default=(), max_length=64, description="Zones by id.")
    lines: tuple[LineSpec, ...] = Field(default=(), max_length=64, description="Lines by id.")
    rules: tuple[RuleSpec, ...] = Field(default=(), max_length=64, description="Rules by id.")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        zones = _distinct("zone", (zone.id for zone in self.zones))
        lines = _distinct("line", (line.id for line in self.lines))
        _distinct("rule", (rule.id for rule in self.rules))
        for rule in self.rules:
            _known(rule.id, "zone", rule.zone, zones)
            _known(rule.id, "line", rule.line, lines)
            if rule.type == "wrong_way":
                self._has_one_way(rule)
        return self

    def _has_one_way(self, rule: RuleSpec) -> None:
        drawn = rule.zone is not None and self.zone(rule.zone).direction is not None
        if rule.line is None and not drawn:
            raise ValueError(
                f"rule {rule.id!r}: the zone {rule.zone!r} has no direction; give it an arrow like "
                "direction: [[0.5, 0.9], [0.5, 0.1]], or name a line along the road"
            )
        if rule.line is not None and drawn:
            raise ValueError(
                f"rule {rule.id!r}: both its line and the direction of the zone {rule.zone!r} say "
                "which way is right; leave one out"
            )

    def zone(self, name: str) -> ZoneSpec:
        """The zone called `name`, which must exist."""
        return next(zone for zone in self.zones if zone.id == name)

    def line(self, name: str) -> LineSpec:
        """The line called `name`, which must exist."""
        return next(line for line in self.lines if line.id == name)


def _distinct(kind: str, names: Iterable[str]) -> list[str]:
    seen: list[str] = []
    for name in names:
        if name in seen:
            raise ValueError(
                f"two {kind}s are called {name!r}; every {kind} needs an id of its own"
            )
        seen.append(name)
    return seen


def _known(rule: str, kind: str, name: str | None, names: list[str]) -> None:
    if name is not None and name not in names:
        have = ", ".join(names) or "none"
        raise ValueError(f"rule {rule!r}: there is no {kind} {name!r}; the {kind}s are: {have}")
