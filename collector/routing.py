"""Who gets what: a YAML table of routes; every route that fits adds its agencies."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import combinations
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from collector.areas import NamedArea
from collector.endpoints import Endpoint, HttpsEndpoint, MqttEndpoint
from collector.escalation import CENTRE, Escalation, Ladder, Unconfirmed
from collector.targets import Channel, Receiver, Target, target
from collector.texts import TYPES
from wire.event import PlatePart, Severity
from wire.names import Name
from wire.settings import Settings, SettingsError, load_settings

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours(Settings):
    """A time of day on some days, in the site's zone; `to` before `from` runs past midnight."""

    days: tuple[Day, ...] = Field(DAYS, min_length=1, description="The day on which it begins.")
    start: time = Field(alias="from", description='"22:00"')
    end: time = Field(alias="to", description='"05:00"')

    @field_validator("start", "end", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        # YAML 1.1 reads 22:00 without quotes as the number 1320.
        if not isinstance(value, str):
            raise ValueError('must be a quoted time such as "22:00"')
        return value

    def holds(self, local: datetime) -> bool:
        """Whether `local`, a time in the site's zone, lies within."""
        today, now = local.weekday(), local.time()
        if self.start < self.end:
            return DAYS[today] in self.days and self.start <= now < self.end
        began_today = DAYS[today] in self.days and now >= self.start
        began_yesterday = DAYS[today - 1] in self.days and now < self.end
        return began_today or began_yesterday


class Route(Settings):
    """One line of the table; a condition that is left out fits everything."""

    name: Name = Field(description="Unique; named by `route --explain`.")
    agencies: tuple[Receiver, ...] = Field(
        (), description="Who is told: agency, or agency/channel."
    )
    boards: tuple[Name, ...] = Field(
        (), description="Electronic boards, or groups of them, that say it by their templates."
    )
    channels: tuple[Channel, ...] = Field(
        ("mqtt",), min_length=1, description="How, where an agency stands without a channel."
    )
    types: tuple[str, ...] = Field((), description="Rule types, e.g. intrusion.")
    severities: tuple[Severity, ...] = Field((), description="minor, moderate, severe")
    cameras: tuple[str, ...] = Field((), description="device/camera, or device/* for all of a box.")
    groups: tuple[Name, ...] = Field((), description="Camera groups of the collector's file.")
    areas: tuple[Name, ...] = Field((), description="Areas of this file that the camera is in.")
    lists: tuple[Name, ...] = Field((), description="Lists of vehicles, by name.")
    list_owners: tuple[Name, ...] = Field((), description="Of lists of vehicles, e.g. police.")
    list_purposes: tuple[str, ...] = Field(
        (), description="Words of which one stands in the list's purpose, e.g. 체납."
    )
    hours: tuple[Hours, ...] = Field((), description="When it began; left out: always.")
    drills: bool = Field(True, description="Whether exercises take this route too.")

    @property
    def targets(self) -> tuple[Target, ...]:
        """Whom it tells, and how."""
        return tuple(
            at
            for one in self.agencies
            for at in (
                [target(one)] if "/" in one else [Target(one, channel) for channel in self.channels]
            )
        )

    @property
    def conditions(self) -> str:
        """All that must hold for it; equal texts are equal conditions."""
        return self.model_dump_json(exclude={"name", "agencies", "channels", "boards"})

    @model_validator(mode="after")
    def _somebody(self) -> Route:
        if not self.agencies and not self.boards:
            raise ValueError("tells nobody; name agencies or boards")
        return self

    @field_validator("types")
    @classmethod
    def _known_types(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        for one in types:
            if one not in TYPES:
                close = difflib.get_close_matches(one, TYPES, n=1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                raise ValueError(f"{one!r} is no type{hint} (allowed: {', '.join(sorted(TYPES))})")
        return types

    @field_validator("cameras")
    @classmethod
    def _device_and_camera(cls, cameras: tuple[str, ...]) -> tuple[str, ...]:
        for one in cameras:
            device, slash, camera = one.partition("/")
            if not (device and slash and camera):
                raise ValueError(f"{one!r} must be device/camera or device/*")
        return cameras


class Routing(Settings):
    """The whole table."""

    routes: tuple[Route, ...] = Field(
        min_length=1, max_length=1000, description="The lines of the table."
    )
    otherwise: tuple[Receiver, ...] = Field((), description="Who is told when no route fits.")
    areas: tuple[NamedArea, ...] = Field((), max_length=1000, description="Parts of the city.")
    endpoints: tuple[Endpoint, ...] = Field(
        (), max_length=200, description="How agencies are reached other than by MQTT."
    )
    escalations: tuple[Escalation, ...] = Field(
        (), max_length=200, description="Who is told next when an agency does not acknowledge."
    )

    unconfirmed: Unconfirmed | None = Field(
        None, description="Who is told when nobody decides on a read that must be confirmed."
    )

    @model_validator(mode="after")
    def _names_once(self) -> Routing:
        for what, names in (
            ("route names", [one.name for one in self.routes]),
            ("area names", [one.name for one in self.areas]),
            ("endpoints", [f"{one.agency}/{one.channel}" for one in self.endpoints]),
        ):
            doubles = sorted({name for name in names if names.count(name) > 1})
            if doubles:
                raise ValueError(f"{what} stand twice: {', '.join(doubles)}")
        return self

    @model_validator(mode="after")
    def _no_contradiction(self) -> Routing:
        seen: dict[str, str] = {}
        for one in self.routes:
            other = seen.setdefault(one.conditions, one.name)
            if other != one.name:
                raise ValueError(
                    f"routes {other} and {one.name} have the same conditions; make them one"
                )
        for first, second in combinations(self.escalations, 2):
            both = {*first.severities} & {*second.severities}
            if first.agency == second.agency and (
                both or not first.severities or not second.severities
            ):
                raise ValueError(
                    f"{first.agency} is escalated in two ways for "
                    f"{', '.join(sorted(both)) or 'the same severity'}; keep one"
                )
        ladders: list[tuple[str, Ladder | None]] = [
            *((f"the escalation of {one.agency}", one) for one in self.escalations),
            ("unconfirmed", self.unconfirmed),
        ]
        for name, one_ladder in ladders:
            if one_ladder and len(set(one_ladder.ladder)) < len(one_ladder.ladder):
                raise ValueError(f"{name} names a rung twice")
        return self

    def endpoint(self, agency: str, channel: str) -> HttpsEndpoint | MqttEndpoint | None:
        """The endpoint of an agency over a channel."""
        for one in self.endpoints:
            if (one.agency, one.channel) == (agency, channel):
                return one
        return None

    def disabled(self, channel: str) -> frozenset[str]:
        """Agencies that nothing is sent to over `channel`."""
        return frozenset(e.agency for e in self.endpoints if e.channel == channel and not e.enabled)

    def escalation(self, agency: str, severity: Severity) -> Ladder | None:
        """What happens when `agency` does not acknowledge; CENTRE: does not confirm."""
        if agency == CENTRE:
            waiting = self.unconfirmed
            fits = waiting is not None and severity in (waiting.severities or (severity,))
            return waiting if fits else None
        return next(
            (
                one
                for one in self.escalations
                if one.agency == agency and severity in (one.severities or (severity,))
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of vehicles, as the pole that met its entry holds it."""

    list_id: str
    owner: str
    purpose: str

    @classmethod
    def of(cls, plate: PlatePart) -> Listed | None:
        """None for a plate whose pole names no list."""
        if plate.list_id is None:
            return None
        return cls(plate.list_id, plate.list_owner or "", plate.list_purpose or "")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is routed."""

    type: str
    severity: Severity
    device: str
    camera: str
    group: str | None
    began_at: datetime
    drill: bool
    position: tuple[float, float] | None = None
    """Latitude and longitude of the camera, where they are known."""
    listed: Listed | None = None
    """Of a plate: the list that it is on."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a route fits (`missed` None) or which condition it misses."""

    route: str
    missed: str | None


@dataclass(frozen=True, slots=True)
class Routed:
    """The targets and boards, without doubles, and the reason of every route."""

    targets: tuple[Target, ...]
    reasons: tuple[Reason, ...]
    boards: tuple[str, ...] = ()


def load_routing(
    path: Path,
    agencies: Collection[str],
    groups: Collection[str] | None = None,
    boards: Collection[str] | None = None,
) -> Routing:
    """Read the table; raises SettingsError, also for whoever cannot be reached.

    `agencies`: who is enrolled; `groups`: camera groups that there are, None when that is unknown;
    `boards`: the same of boards and groups of them.
    """
    routing = load_settings(path, Routing)
    areas = [one.name for one in routing.areas]
    for at, one in enumerate(routing.routes):
        _reachable(path, f"routes[{at}].agencies", one.targets, routing, agencies)
        _named(path, f"routes[{at}].areas", "area", one.areas, areas)
        if groups is not None:
            _named(path, f"routes[{at}].groups", "camera group", one.groups, groups)
        if boards is not None:
            _named(path, f"routes[{at}].boards", "board", one.boards, boards)
    others = [target(one) for one in routing.otherwise]
    _reachable(path, "otherwise", others, routing, agencies)
    if routing.unconfirmed is not None:
        _reachable(path, "unconfirmed.to", routing.unconfirmed.ladder, routing, agencies)
    for at, ladder in enumerate(routing.escalations):
        _reachable(path, f"escalations[{at}].to", ladder.ladder, routing, agencies)
        known = {*agencies, *(one.agency for one in routing.endpoints)}
        _named(path, f"escalations[{at}].agency", "agency", [ladder.agency], known)
    return routing


def route(routing: Routing, subject: Subject, zone: ZoneInfo) -> Routed:
    """Who is told of `subject`, and why."""
    return route_area(routing, (subject,), zone)


def route_area(routing: Routing, subjects: Sequence[Subject], zone: ZoneInfo) -> Routed:
    """Who is told of what has several cameras, one subject each: a route fits when it fits one."""
    reasons = [
        Reason(one.name, _missed_by_all(one, routing, subjects, zone)) for one in routing.routes
    ]
    fitting = {reason.route for reason in reasons if reason.missed is None}
    targets = [at for one in routing.routes if one.name in fitting for at in one.targets]
    boards = [at for one in routing.routes if one.name in fitting for at in one.boards]
    # A board is nobody who comes: where boards alone are told, others are told as well.
    if not targets:
        targets = [target(one) for one in routing.otherwise]
    return Routed(tuple(dict.fromkeys(targets)), tuple(reasons), tuple(dict.fromkeys(boards)))


def _missed_by_all(
    one: Route, routing: Routing, subjects: Sequence[Subject], zone: ZoneInfo
) -> str | None:
    """What the first of them misses; None when the route fits any."""
    first = None
    for subject in subjects:
        missed = _missed(one, routing, subject, zone)
        if missed is None:
            return None
        first = first or missed
    return first


def _missed(one: Route, routing: Routing, subject: Subject, zone: ZoneInfo) -> str | None:
    if one.types and subject.type not in one.types:
        return f"type {subject.type} is none of {', '.join(one.types)}"
    if one.severities and subject.severity not in one.severities:
        return f"severity {subject.severity} is none of {', '.join(one.severities)}"
    if one.cameras and not {f"{subject.device}/{subject.camera}", f"{subject.device}/*"} & set(
        one.cameras
    ):
        return f"camera {subject.device}/{subject.camera} is none of {', '.join(one.cameras)}"
    if one.groups and subject.group not in one.groups:
        return f"camera group {subject.group or '(none)'} is none of {', '.join(one.groups)}"
    if one.areas and not _in_area(one, routing, subject):
        where = "{}, {}".format(*subject.position) if subject.position else "an unknown place"
        return f"{where} is in none of {', '.join(one.areas)}"
    missed = _missed_list(one, subject.listed)
    if missed is not None:
        return missed
    if subject.drill and not one.drills:
        return "exercises do not take this route"
    local = subject.began_at.astimezone(zone)
    if one.hours and not any(hours.holds(local) for hours in one.hours):
        return f"{local:%a %H:%M} is outside its hours"
    return None


def _missed_list(one: Route, listed: Listed | None) -> str | None:
    if listed is None:
        asked = one.lists or one.list_owners or one.list_purposes
        return "it is of no list of vehicles" if asked else None
    if one.lists and listed.list_id not in one.lists:
        return f"list {listed.list_id} is none of {', '.join(one.lists)}"
    if one.list_owners and listed.owner not in one.list_owners:
        return f"list owner {listed.owner} is none of {', '.join(one.list_owners)}"
    if one.list_purposes and not any(word in listed.purpose for word in one.list_purposes):
        return f"list purpose {listed.purpose!r} names none of {', '.join(one.list_purposes)}"
    return None


def _in_area(one: Route, routing: Routing, subject: Subject) -> bool:
    return subject.position is not None and any(
        area.holds(*subject.position) for area in routing.areas if area.name in one.areas
    )


def _reachable(
    path: Path, key: str, targets: Iterable[Target], routing: Routing, agencies: Collection[str]
) -> None:
    for one in targets:
        if one.channel == "mqtt":
            if one.agency not in agencies:
                raise SettingsError(
                    f"{path}: {key}: {one.agency} is not enrolled "
                    f"(allowed: {', '.join(sorted(agencies)) or 'none is enrolled yet'})"
                )
        elif routing.endpoint(one.agency, one.channel) is None:
            raise SettingsError(
                f"{path}: {key}: {one.agency} has no endpoint for {one.channel}; "
                f"add one to endpoints or take another channel"
            )


def _named(path: Path, key: str, what: str, named: Iterable[str], known: Collection[str]) -> None:
    for one in named:
        if one not in known:
            raise SettingsError(
                f"{path}: {key}: there is no {what} {one} "
                f"(allowed: {', '.join(sorted(known)) or 'none'})"
            )
