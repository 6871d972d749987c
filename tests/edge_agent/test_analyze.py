"""The pipeline over recordings drawn here: what is said, when, and always the same."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import pytest

from edge_agent.analyze import Analyzed, analyze, write_lines
from edge_agent.scene import Point
from tests.edge_agent.recordings import BlockDetector, record
from tests.edge_agent.scenes import along
from wire.camera_rules import CameraRules

SEOUL = ZoneInfo("Asia/Seoul")
NIGHT = {"schedule": [{"from": "22:00", "to": "05:00"}]}


def rules(**settings: Any) -> CameraRules:
    document = {
        "zones": [{"id": "yard", "polygon": [[0.4, 0.3], [0.95, 0.3], [0.95, 1], [0.4, 1]]}],
        "rules": [{"id": "keep-out", "type": "intrusion", "zone": "yard"} | settings],
    }
    return CameraRules.model_validate(document)


def walk(now_s: float) -> Point | None:
    """Into the yard from the left, standing in it from three to six seconds, then gone."""
    return along((0.1, 0.8), (0.6, 0.8), min(now_s / 3, 1)) if now_s < 6 else None


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("clip") / "clip.mp4", 12, walk)


def run(clip: Path, asked: CameraRules, **options: Any) -> Analyzed:
    return analyze(clip, asked, BlockDetector(), site_zone=SEOUL, per_second=5, **options)


def test_a_finding_is_told_over_its_whole_life(clip: Path) -> None:
    (finding,) = run(clip, rules()).findings
    # The block, 0.075 wide, stands wholly past x = 0.4 after its middle passed 0.4 + 0.075 / 4.
    assert finding.start_s == pytest.approx(2.0, abs=0.2)
    assert finding.alarm_s == pytest.approx(finding.start_s + 0.2)
    # Seen until six seconds; one more grace before nobody is there.
    assert 5.8 <= finding.end_s <= 8.2
    assert (finding.rule, finding.type, finding.zone) == ("keep-out", "intrusion", "yard")
    assert finding.tracks == (1,)


def test_a_line_of_output_has_the_documented_form(clip: Path) -> None:
    (line,) = write_lines(run(clip, rules()).findings).splitlines()
    said = json.loads(line)
    assert list(said) == [
        "rule",
        "type",
        "start_s",
        "alarm_s",
        "end_s",
        "confidence",
        "zone",
        "tracks",
        "box",
        "plate",
    ]
    assert said["plate"] is None
    assert len(said["box"]) == 4
    assert all(0 <= number <= 1 for number in said["box"])
    assert said["confidence"] == 0.9


def test_the_same_recording_gives_the_same_lines(clip: Path) -> None:
    first, second = (write_lines(run(clip, rules()).findings) for _ in range(2))
    assert first == second != ""


def test_what_is_open_when_the_recording_ends_ends_with_it(tmp_path: Path) -> None:
    clip = record(tmp_path / "short.mp4", 4, walk)
    analyzed = run(clip, rules())
    (finding,) = analyzed.findings
    assert finding.end_s == analyzed.media_s == pytest.approx(3.8, abs=0.11)


def test_an_empty_scene_gives_no_lines(tmp_path: Path) -> None:
    clip = record(tmp_path / "empty.mp4", 2, lambda _: None)
    analyzed = run(clip, rules())
    assert write_lines(analyzed.findings) == ""
    assert analyzed.pictures == 10


def test_schedules_are_judged_by_the_time_given_for_the_first_picture(clip: Path) -> None:
    night = datetime(2026, 6, 1, 23, 0, tzinfo=SEOUL)
    assert run(clip, rules(**NIGHT), started_at=night).findings
    assert not run(clip, rules(**NIGHT), started_at=night + timedelta(hours=12)).findings


def test_without_a_time_schedules_are_ignored_and_that_is_said(clip: Path) -> None:
    analyzed = run(clip, rules(**NIGHT))
    assert analyzed.findings
    assert analyzed.schedules_ignored
    assert not run(clip, rules()).schedules_ignored


def test_progress_is_told_up_to_the_end(clip: Path) -> None:
    told: list[tuple[float, float | None]] = []
    run(clip, rules(), progress=lambda done_s, total_s: told.append((done_s, total_s)))
    assert told == sorted(told)
    done_s, total_s = told[-1]
    assert done_s == pytest.approx(11.8, abs=0.11)
    assert total_s == pytest.approx(12.0)


def test_the_annotated_video_shows_every_analysed_picture_at_its_time(
    clip: Path, tmp_path: Path
) -> None:
    drawn = tmp_path / "drawn.mp4"
    analyzed = run(clip, rules(), annotate=drawn)
    with av.open(str(drawn)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == analyzed.pictures
    assert frames[-1].time == pytest.approx(analyzed.media_s, abs=0.05)
    # Before the alarm the zone is amber, while it lasts red: its left edge is at x = 0.4.
    before, during = (frames[i].to_ndarray(format="bgr24")[80:100, 62:67] for i in (2, 20))
    assert before[..., 1].max() > 120
    assert during[..., 2].max() > 150 > before[..., 0].max()
    assert during[..., 1].max() < 120
