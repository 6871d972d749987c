"""Fixtures that every system test may ask for, and which files come first."""

from __future__ import annotations

import pytest

from tests.support.broker import broker, city
from tests.support.demo import running_demo

__all__ = ["broker", "city", "running_demo"]

LONGEST = (
    "services/test_fuzz.py",
    "plates/test_watchlists.py",
    "uplink/test_delivery.py",
    "provisioning/test_image.py",
    "uplink/test_with_collector.py",
    "collector/test_burst.py",
    "rules/test_rules.py",
    "collector/test_attacks.py",
    "network/test_hostile_export.py",
    "models/test_conversion.py",
    "provisioning/test_enrolment.py",
    "demo/test_life.py",
    "chaos/test_chaos.py",
    "video/test_cameras.py",
    "day/test_day.py",
    "video/test_viewing.py",
    "services/test_administrative.py",
    "fleet/test_fleet.py",
    "console/test_viewing_controls.py",
    "console/test_export.py",
    "console/test_access.py",
    "console/test_video.py",
    "console/test_queue.py",
)
"""Where several files run at a time, none of these is to run on alone at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {f"tests/system/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda one: places.get(one.nodeid.split("::")[0], len(places)))
