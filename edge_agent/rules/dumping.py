"""Illegal dumping: abandonment in a zone where vehicles unload what nobody wants, too."""

from __future__ import annotations

from typing import Final

from edge_agent.rules.abandonment import Abandonment
from edge_agent.rules.left_behind import VEHICLES
from edge_agent.rules.schedule import Schedule
from wire.camera_rules import RuleSpec, ZoneSpec

_CARRIERS: Final = VEHICLES | {"person"}


class Dumping(Abandonment):
    """As abandonment; whoever comes on foot or by vehicle may be the carrier."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec, schedule: Schedule) -> None:
        """The rule's `labels`, if it names any, say who may be the carrier."""
        named = frozenset(spec.labels) if "labels" in spec.model_fields_set else _CARRIERS
        super().__init__(spec, zone, schedule, named)
