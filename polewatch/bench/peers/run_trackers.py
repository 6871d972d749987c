"""Runs ByteTrack of Roboflow's trackers; executed by the Python of its own environment.

Reads and writes what run_norfair.py does.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import supervision as sv  # type: ignore[import-not-found]  # lives in its own environment
from trackers import ByteTrackTracker  # type: ignore[import-not-found]  # likewise

asked = json.load(sys.stdin)
settings = asked["settings"]
took = []
for _ in range(asked["repeats"]):
    tracker = ByteTrackTracker(**settings)
    out = []
    spent = 0.0
    for boxes in asked["frames"]:
        array = np.array(boxes, float).reshape(-1, 5)
        detections = sv.Detections(
            xyxy=array[:, :4], confidence=array[:, 4], class_id=np.zeros(len(array), int)
        )
        began = time.thread_time()
        tracked = tracker.update(detections)
        spent += time.thread_time() - began
        rows = zip(tracked.tracker_id.tolist(), tracked.xyxy.tolist(), strict=True)
        out.append([[number, *box] for number, box in rows if number >= 0])
    took.append(1e6 * spent / len(asked["frames"]))
json.dump({"frames": out, "us": took}, sys.stdout)
