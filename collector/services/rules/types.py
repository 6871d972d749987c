"""What each type of rule takes, with bounds and defaults: for whoever draws a form of it. Pure."""

from __future__ import annotations

from typing import Any, Literal, get_args

from annotated_types import Ge, Le

from wire.camera_rules import (
    DEFAULT_COOLDOWN,
    DEFAULT_COUNT,
    DEFAULT_LABELS,
    DEFAULT_SECONDS,
    DEFAULT_SEVERITY,
    EXPERIMENTAL,
    LINE_TYPES,
    RULE_TYPES,
    WHOLE_PICTURE,
    ZONE_TYPES,
    Label,
    RuleSpec,
)
from wire.event import RuleType
from wire.names import WireModel

Place = Literal["needed", "possible", "none"]


class Setting(WireModel):
    """A number that a type takes; `unit` is `s` for seconds, `share` of the picture's height."""

    key: str
    unit: Literal["s", "share", "count"]
    least: float
    most: float
    default: float


class TypeFacts(WireModel):
    """One type of rule."""

    type: str
    experimental: bool
    """Below its bar of accuracy."""
    zone: Place
    line: Place
    along: bool
    """Wants the way of the traffic: an arrow on its zone, or a line along the road."""
    direction: bool
    """Whether it takes which way across the line counts."""
    labels: tuple[str, ...]
    """Kinds of objects that it may heed; none: it does not ask."""
    heeds: tuple[str, ...]
    """... and those that it heeds when nothing is chosen."""
    severity: str
    """When nothing is chosen."""
    settings: tuple[Setting, ...]


def type_facts() -> tuple[TypeFacts, ...]:
    """Of every type, in the order of the configuration reference."""
    return tuple(_facts(one) for one in RULE_TYPES)


def _facts(kind: RuleType) -> TypeFacts:
    whole = kind in WHOLE_PICTURE
    settings = [_setting("cooldown_s", "s", DEFAULT_COOLDOWN.get(kind, _default("cooldown_s")))]
    if kind in DEFAULT_SECONDS:
        settings.insert(0, _setting("seconds", "s", DEFAULT_SECONDS[kind]))
    if kind == "crowd":
        settings.append(_setting("count", "count", DEFAULT_COUNT))
    if not whole:
        settings.append(_setting("min_height", "share", _default("min_height")))
    return TypeFacts(
        type=kind,
        experimental=kind in EXPERIMENTAL,
        zone=_zone(kind),
        line="needed" if kind == "line_crossing" else "possible" if kind in LINE_TYPES else "none",
        along=kind == "wrong_way",
        direction=kind == "line_crossing",
        labels=() if whole else get_args(Label),
        heeds=DEFAULT_LABELS.get(kind, RuleSpec.model_fields["labels"].default),
        severity=DEFAULT_SEVERITY.get(kind, RuleSpec.model_fields["severity"].default),
        settings=tuple(settings),
    )


def _zone(kind: RuleType) -> Place:
    if kind in ZONE_TYPES:
        return "needed"
    return "none" if kind in WHOLE_PICTURE or kind == "line_crossing" else "possible"


def _setting(key: str, unit: Literal["s", "share", "count"], default: float) -> Setting:
    marks: list[Any] = RuleSpec.model_fields[key].metadata
    least = next(float(str(mark.ge)) for mark in marks if isinstance(mark, Ge))
    most = next(float(str(mark.le)) for mark in marks if isinstance(mark, Le))
    return Setting(key=key, unit=unit, least=least, most=most, default=default)


def _default(key: str) -> float:
    return float(RuleSpec.model_fields[key].default)
