"""A camera's rules change while it runs: from the next picture on, and nothing it saw is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from edge_agent.config import CameraSettings
from edge_agent.pipeline import Analysis, CameraPipeline, Seen
from edge_agent.rules.base import build_rules
from edge_agent.scene import Box, Detection, Frame, Image, Track
from edge_agent.sight.scheduler import InferenceScheduler
from wire.camera_rules import CameraRules
from wire.clock import SimulatedClock

START = datetime(2026, 11, 26, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")


class Sight:
    """Sees one person in the middle from the first picture on, and counts the pictures."""

    def __init__(self) -> None:
        self.pictures = 0

    def detect(self, image: Image) -> tuple[Detection, ...]:
        self.pictures += 1
        return ()

    def update(
        self,
        detections: Sequence[Detection],
        media_s: float,
        image: Image,
    ) -> tuple[Track, ...]:
        return (Track(7, "person", Box(0.45, 0.4, 0.1, 0.3), 0.9, 0.0, media_s, seen=True),)


def asked(rule: str, polygon: list[list[float]]) -> CameraRules:
    document: dict[str, Any] = {
        "zones": [{"id": "here", "polygon": polygon}],
        "rules": [{"id": rule, "type": "intrusion", "zone": "here"}],
    }
    return CameraRules.model_validate(document)


def test_other_rules_count_from_the_next_picture_on() -> None:
    whole = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    corner = [[0.0, 0.0], [0.1, 0.0], [0.1, 0.1]]
    sight = Sight()
    seen: list[Seen] = []
    turned: list[float] = []
    before, after = asked("corner", corner), asked("whole", whole)
    analysis = Analysis(sight, sight, build_rules(before, SEOUL))
    pipeline = CameraPipeline(
        CameraSettings(id="yard", url="rtsp://10.0.0.1/1"),
        SimulatedClock(START), analysis, InferenceScheduler(SimulatedClock(START)),
        None, [], [], seen.append, lambda _status: None,
    )  # fmt: skip

    def picture(media_s: float) -> None:
        image = np.zeros((36, 64, 3), np.uint8)
        at = START + timedelta(seconds=media_s)
        pipeline.lane.work(Frame("yard", image, media_s, media_s, at))

    for number in range(10):
        picture(number / 5)
    assert not [finding for one in seen for finding in one.findings]
    asking = analysis.asking(build_rules(after, SEOUL))
    pipeline.watch_for(after, asking, lambda frame: turned.append(frame.media_s))
    assert pipeline.analysis is asking
    assert turned == []
    for number in range(10, 20):
        picture(number / 5)
    assert turned == [2.0]
    assert [finding.rule for one in seen for finding in one.findings][:1] == ["whole"]
    assert sight.pictures == 20, "the same sight went on"
