"""Ready rules for administrative cameras: a name stands for zones, rules and their times.

A rule or zone that a camera has of the same id stands instead of the profile's: so it is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, Final, Literal

ProfileName = Literal["dumping", "forest-fire"]

NIGHT: Final = [{"from": "20:00", "to": "06:00"}]

FIRE_SEASONS: Final = [
    {"from": "00:00", "to": "00:00", "season": ["02-01", "05-15"]},
    {"from": "00:00", "to": "00:00", "season": ["11-01", "12-15"]},
]
"""산불조심기간, as the forest service sets it for spring and autumn; all day and night."""

PROFILES: Final[Mapping[str, dict[str, list[dict[str, Any]]]]] = MappingProxyType(
    {
        "dumping": {
            "zones": [{"id": "dumping", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}],
            "rules": [
                {"id": "dumping", "type": "dumping", "zone": "dumping", "schedule": NIGHT},
            ],
        },
        "forest-fire": {
            "zones": [],
            "rules": [
                {"id": "forest-smoke", "type": "smoke", "schedule": FIRE_SEASONS},
                {"id": "forest-fire", "type": "fire", "schedule": FIRE_SEASONS},
            ],
        },
    }
)
"""As they would stand in a camera's configuration; what is left out has its type's default."""


def with_profiles(camera: Mapping[str, Any]) -> dict[str, Any]:
    """A camera's written configuration with the zones and rules that its `profiles` stand for.

    What is no list of known profiles, or no list of zones or rules, is left for who validates it.
    """
    written = dict(camera)
    names = written.get("profiles")
    for name in names if isinstance(names, list | tuple) else ():
        for part, ready in PROFILES.get(name, {}).items() if isinstance(name, str) else ():
            own = written.get(part) or []
            if isinstance(own, list | tuple):
                ids = {one.get("id") for one in own if isinstance(one, Mapping)}
                fresh = [deepcopy(one) for one in ready if one["id"] not in ids]
                written[part] = [*own, *fresh]
    return written
