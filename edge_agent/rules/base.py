"""What every rule is, and the rules that a camera's configuration asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Final, Protocol

from edge_agent.rules.abandonment import Abandonment
from edge_agent.rules.crowd import Crowd
from edge_agent.rules.dumping import Dumping
from edge_agent.rules.fall import Fall
from edge_agent.rules.fight import Fight
from edge_agent.rules.fire import Burning
from edge_agent.rules.intrusion import Intrusion
from edge_agent.rules.line_crossing import LineCrossing
from edge_agent.rules.loitering import Loitering
from edge_agent.rules.plate import Plate
from edge_agent.rules.schedule import Schedule
from edge_agent.rules.stopped_vehicle import StoppedVehicle
from edge_agent.rules.tamper import Tamper
from edge_agent.rules.wrong_way import WrongWay
from edge_agent.scene import Finding, Sighting
from wire.camera_rules import CameraRules, RuleSpec, ZoneSpec


class Rule(Protocol):
    """A pure function of what was seen so far: no clock, no I/O."""

    id: str

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """Take in one frame; what there is to say now.

        A finding is said with the phase `open` once, then `update`s, then `close` once.
        """
        ...


def build_rules(camera_rules: CameraRules, site_zone: tzinfo) -> tuple[Rule, ...]:
    """The rules of one camera, in the configuration's order."""
    return tuple(_build(spec, camera_rules, site_zone) for spec in camera_rules.rules)


def wants_closer_look(camera_rules: CameraRules) -> bool:
    """Whether a rule of the camera asks for the posture of people."""
    return any(spec.type in ("fall", "fight") for spec in camera_rules.rules)


def wants_fire(camera_rules: CameraRules) -> bool:
    """Whether a rule of the camera asks for fire or smoke."""
    return any(spec.type in ("fire", "smoke") for spec in camera_rules.rules)


def wants_plates(camera_rules: CameraRules) -> bool:
    """Whether a rule of the camera asks for plates."""
    return any(spec.type == "plate" for spec in camera_rules.rules)


def wants_tamper(rules: Sequence[Rule]) -> bool:
    """Whether one of `rules` asks whether the camera sees what it should."""
    return any(isinstance(rule, Tamper) for rule in rules)


def wants_still_objects(rules: Sequence[Rule]) -> bool:
    """Whether one of `rules` asks for what was left standing in the scene."""
    return any(isinstance(rule, Abandonment) for rule in rules)


def _build(spec: RuleSpec, camera_rules: CameraRules, site_zone: tzinfo) -> Rule:
    schedule = Schedule(spec.schedule, site_zone)
    zone = None if spec.zone is None else camera_rules.zone(spec.zone)
    line = None if spec.line is None else camera_rules.line(spec.line)
    match spec.type:
        case "fall":
            return Fall(spec, zone, schedule)
        case "fire" | "smoke":
            return Burning(spec, zone, schedule)
        case "fight":
            return Fight(spec, zone, schedule)
        case "wrong_way":
            return WrongWay(spec, zone, line, schedule)
        case "tamper":
            return Tamper(spec, schedule)
        case "plate":
            return Plate(spec, zone, schedule)
    if line is not None and spec.type == "line_crossing":
        return LineCrossing(spec, line, schedule)
    if zone is not None and spec.type in _IN_ZONE:
        return _IN_ZONE[spec.type](spec, zone, schedule)
    raise ValueError(f"rule {spec.id!r}: a {spec.type} without the zone or line that it needs")


_IN_ZONE: Final[Mapping[str, Callable[[RuleSpec, ZoneSpec, Schedule], Rule]]] = {
    "intrusion": Intrusion,
    "loitering": Loitering,
    "abandonment": Abandonment,
    "dumping": Dumping,
    "crowd": Crowd,
    "stopped_vehicle": StoppedVehicle,
}
