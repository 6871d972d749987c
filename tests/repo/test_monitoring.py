"""Dashboard and alert rules speak of figures that exist."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from collector import metrics as centre
from collector.inbox import InboxCounts
from edge_agent import metrics as box
from tests.collector.conftest import town, way_in
from tests.support.intake import WayIn
from tests.wire.samples import SAMPLES
from wire.clock import SimulatedClock
from wire.health import Health

__all__ = ["town", "way_in"]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guide" / "monitoring"


@pytest.fixture
def names(way_in: WayIn) -> set[str]:
    """What a box and a centre tell."""
    health = SAMPLES["health"]
    assert isinstance(health, Health)
    clock = SimulatedClock(datetime(2026, 3, 1, tzinfo=UTC))
    figures = centre.Figures(way_in.database.path, {}, InboxCounts(), dict, dict, clock)
    families = [*box.families(health), *figures.families()]
    return {family.name + ("_total" if family.type == "counter" else "") for family in families}


def test_the_dashboard_asks_for_nothing_else(names: set[str]) -> None:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"polewatch_\w+", target["expr"])
    }
    assert len(panels) >= 16
    assert asked - names == set()


def test_every_alert_asks_for_what_exists_and_names_its_remedy(names: set[str]) -> None:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    asked = {name for rule in rules for name in re.findall(r"polewatch_\w+", rule["expr"])}
    assert asked - names == set()
    assert all(rule["annotations"]["remedy"] for rule in rules)
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 16
