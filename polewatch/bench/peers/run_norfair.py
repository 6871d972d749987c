"""Runs norfair over detections; executed by the Python of norfair's own environment.

Reads `{"settings": {...}, "frames": [[[x1, y1, x2, y2, score], ...], ...], "repeats": n}` from
standard input; writes `{"frames": [[[id, x1, y1, x2, y2], ...], ...], "us": [...]}`: the tracks of
each frame and the mean time of an update in each repeat, in microseconds.
"""

from __future__ import annotations

import json
import sys
import time

import norfair  # type: ignore[import-not-found]  # lives in its own environment
import numpy as np

asked = json.load(sys.stdin)
settings = asked["settings"]
took = []
for _ in range(asked["repeats"]):
    tracker = norfair.Tracker(
        distance_function="iou",
        distance_threshold=settings["distance_threshold"],
        hit_counter_max=settings["hit_counter_max"],
        initialization_delay=settings["initialization_delay"],
    )
    out = []
    spent = 0.0
    for boxes in asked["frames"]:
        detections = [
            norfair.Detection(np.array(box[:4]).reshape(2, 2), np.array([box[4]] * 2))
            for box in boxes
            if box[4] >= settings["least_score"]
        ]
        began = time.thread_time()
        tracked = tracker.update(detections)
        spent += time.thread_time() - began
        # Only objects seen in this frame: those that coast would count as false boxes.
        shown = [t for t in tracked if t.last_detection in detections]
        out.append([[t.id, *t.estimate.reshape(-1).tolist()] for t in shown])
    took.append(1e6 * spent / len(asked["frames"]))
json.dump({"frames": out, "us": took}, sys.stdout)
