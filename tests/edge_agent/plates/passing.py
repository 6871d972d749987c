"""Passages as the pipeline makes them, built for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_agent.scene import Box, Passage, PlateHit, Track
from tests.edge_agent.plates.reads import read

CROP = np.full((30, 140, 3), 200, np.uint8)
PICTURE = np.full((90, 160, 3), 80, np.uint8)


def hit(listed: str = "12가3456", **changed: Any) -> PlateHit:
    parts: dict[str, Any] = {
        "list_id": "wanted",
        "owner": "police",
        "purpose": "stolen vehicles",
        "listed": listed,
        "near": False,
        "certainty": 0.97,
        **changed,
    }
    return PlateHit(**parts)


def passage(text: str = "12가3456", at_s: float = 1.0, **changed: Any) -> Passage:
    parts: dict[str, Any] = {
        "id": 1,
        "read": read(text),
        "looks": 3,
        "track": Track(7, "car", Box(0.3, 0.4, 0.2, 0.2), 0.9, 0.0, at_s, True),
        "start_s": at_s - 0.6,
        "best_s": at_s,
        "box": Box(0.36, 0.54, 0.06, 0.02),
        "crop": CROP,
        "picture": PICTURE,
        "direction": "towards",
        "speed": "slow",
        **changed,
    }
    return Passage(**parts)
