"""Who gets what: a YAML table of routes; every route that fits adds its agencies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from wire.event import Severity
from wire.names import Name
from wire.settings import Settings, SettingsError, load_settings

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Channel = Literal["mqtt"]


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
    agencies: tuple[Name, ...] = Field(min_length=1, description="Who is told.")
    channels: tuple[Channel, ...] = Field(("mqtt",), min_length=1, description="How.")
    types: tuple[str, ...] = Field((), description="Rule types, e.g. intrusion.")
    severities: tuple[Severity, ...] = Field((), description="minor, moderate, severe")
    cameras: tuple[str, ...] = Field((), description="device/camera, or device/* for all of a box.")
    groups: tuple[Name, ...] = Field((), description="Camera groups of the collector's file.")
    hours: tuple[Hours, ...] = Field((), description="When it began; left out: always.")
    drills: bool = Field(True, description="Whether exercises take this route too.")

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
    otherwise: tuple[Name, ...] = Field((), description="Who is told when no route fits.")

    @model_validator(mode="after")
    def _names_once(self) -> Routing:
        names = [route.name for route in self.routes]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise ValueError(f"route names stand twice: {', '.join(doubles)}")
        return self


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


@dataclass(frozen=True, slots=True)
class Target:
    """One agency over one channel."""

    agency: str
    channel: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a route fits (`missed` None) or which condition it misses."""

    route: str
    missed: str | None


@dataclass(frozen=True, slots=True)
class Routed:
    """The targets, without doubles, and the reason of every route."""

    targets: tuple[Target, ...]
    reasons: tuple[Reason, ...]


def load_routing(path: Path, agencies: Collection[str]) -> Routing:
    """Read the table; raises SettingsError, also for an agency that is not enrolled."""
    routing = load_settings(path, Routing)
    for at, route in enumerate(routing.routes):
        _enrolled(path, f"routes[{at}].agencies", route.agencies, agencies)
    _enrolled(path, "otherwise", routing.otherwise, agencies)
    return routing


def route(routing: Routing, subject: Subject, zone: ZoneInfo) -> Routed:
    """Who is told of `subject`, and why."""
    reasons = [Reason(one.name, _missed(one, subject, zone)) for one in routing.routes]
    fitting = {reason.route for reason in reasons if reason.missed is None}
    targets = [
        Target(agency, channel)
        for one in routing.routes
        if one.name in fitting
        for agency in one.agencies
        for channel in one.channels
    ]
    if not fitting:
        targets = [Target(agency, "mqtt") for agency in routing.otherwise]
    return Routed(tuple(dict.fromkeys(targets)), tuple(reasons))


def _missed(one: Route, subject: Subject, zone: ZoneInfo) -> str | None:
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
    if subject.drill and not one.drills:
        return "exercises do not take this route"
    local = subject.began_at.astimezone(zone)
    if one.hours and not any(hours.holds(local) for hours in one.hours):
        return f"{local:%a %H:%M} is outside its hours"
    return None


def _enrolled(path: Path, key: str, named: Collection[str], agencies: Collection[str]) -> None:
    unknown = sorted(set(named) - set(agencies))
    if unknown:
        raise SettingsError(
            f"{path}: {key}: {', '.join(unknown)} is not enrolled "
            f"(allowed: {', '.join(sorted(agencies)) or 'none is enrolled yet'})"
        )
