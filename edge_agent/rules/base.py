"""What every rule is, and the rules that a camera's configuration asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from edge_agent.rules.abandonment import Abandonment
from edge_agent.rules.dumping import Dumping
from edge_agent.rules.fall import Fall
from edge_agent.rules.fire import Burning
from edge_agent.rules.intrusion import Intrusion
from edge_agent.rules.loitering import Loitering
from edge_agent.rules.plate import Plate
from edge_agent.rules.schedule import Schedule
from edge_agent.rules.spec import CameraRules, RuleSpec
from edge_agent.scene import Finding, Sighting


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
    return any(spec.type == "fall" for spec in camera_rules.rules)


def wants_fire(camera_rules: CameraRules) -> bool:
    """Whether a rule of the camera asks for fire or smoke."""
    return any(spec.type in ("fire", "smoke") for spec in camera_rules.rules)


def wants_plates(camera_rules: CameraRules) -> bool:
    """Whether a rule of the camera asks for plates."""
    return any(spec.type == "plate" for spec in camera_rules.rules)


def wants_still_objects(rules: Sequence[Rule]) -> bool:
    """Whether one of `rules` asks for what was left standing in the scene."""
    return any(isinstance(rule, Abandonment) for rule in rules)


def _build(spec: RuleSpec, camera_rules: CameraRules, site_zone: tzinfo) -> Rule:
    schedule = Schedule(spec.schedule, site_zone)
    match spec.type, spec.zone:
        case "intrusion", str(zone):
            return Intrusion(spec, camera_rules.zone(zone), schedule)
        case "loitering", str(zone):
            return Loitering(spec, camera_rules.zone(zone), schedule)
        case "abandonment", str(zone):
            return Abandonment(spec, camera_rules.zone(zone), schedule)
        case "dumping", str(zone):
            return Dumping(spec, camera_rules.zone(zone), schedule)
        case "fall", zone_id:
            return Fall(spec, None if zone_id is None else camera_rules.zone(zone_id), schedule)
        case "fire" | "smoke", zone_id:
            return Burning(spec, None if zone_id is None else camera_rules.zone(zone_id), schedule)
        case "plate", zone_id:
            return Plate(spec, None if zone_id is None else camera_rules.zone(zone_id), schedule)
    raise NotImplementedError(f"rule {spec.id!r}: no rule of the type {spec.type!r}")
