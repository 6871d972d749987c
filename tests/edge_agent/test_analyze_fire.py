"""A painted flame through the whole pipeline: said once, in time, and not without its network."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from edge_agent.analyze import Analyzed, analyze
from edge_agent.sight.fire import FireNetwork
from models.registry import Registry
from tests.edge_agent.recordings import BlockDetector
from tests.support.painted_fire import BURNS_S, write_fire
from wire.camera_rules import CameraRules

ASKED = CameraRules.model_validate(
    {"rules": [{"id": "fire", "type": "fire"}, {"id": "smoke", "type": "smoke"}]}
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fire(tmp_path_factory.mktemp("fire") / "clip.mp4")


def run(clip: Path, fire: FireNetwork | None) -> Analyzed:
    return analyze(clip, ASKED, BlockDetector(), fire=fire, site_zone=UTC, per_second=5)


def test_a_flame_is_told_where_it_burns_within_ten_seconds(clip: Path) -> None:
    (finding,) = run(clip, FireNetwork(Registry.default())).findings
    assert finding.type == "fire"
    assert BURNS_S <= finding.start_s <= finding.alarm_s <= BURNS_S + 6
    assert finding.box is not None
    assert abs(finding.box.x + finding.box.w / 2 - 0.5) < 0.1


def test_without_its_network_nothing_burns(clip: Path) -> None:
    assert run(clip, None).findings == ()
