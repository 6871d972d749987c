"""Scoring: windows, one alarm an event, KISA's XML, JSON, and files that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_agent.score import Alarm, ItemScore, score, score_clips
from edge_agent.truth import Clip, TrueEvent, TruthError, read_truth, seconds

KISA = """<?xml version="1.0" encoding="utf-8"?>
<KisaLibraryIndex><Library><Scenario>Loitering</Scenario><Clip>
  <Header><Filename>C001.mp4</Filename><Duration>00:05:00</Duration></Header>
  <Alarms>
    <Alarm><StartTime>00:01:30</StartTime><AlarmDescription>Loitering</AlarmDescription>
      <AlarmDuration>00:00:20</AlarmDuration></Alarm>
    <Alarm><StartTime>03:10</StartTime><AlarmDescription>FireDetection</AlarmDescription>
      <AlarmDuration>00:00:20</AlarmDuration></Alarm>
    <Alarm><StartTime>04:00</StartTime><AlarmDescription>Queueing</AlarmDescription>
      <AlarmDuration>00:00:20</AlarmDuration></Alarm>
  </Alarms>
</Clip></Library></KisaLibraryIndex>
"""


def scored(events: list[float], alarms: list[float], **window: float) -> ItemScore:
    clip = Clip("c", tuple(TrueEvent(("fall",), start_s) for start_s in events), 3600.0)
    said = {"c": tuple(Alarm("fall", alarm_s) for alarm_s in sorted(alarms))}
    (one,) = score_clips([clip], said, **window)
    return one


def counts(one: ItemScore) -> tuple[int, int, int]:
    return one.true_positives, one.false_positives, one.false_negatives


@pytest.mark.parametrize(
    ("alarm_s", "right"), [(97.9, False), (98.0, True), (110.0, True), (110.1, False)]
)
def test_an_alarm_counts_from_two_seconds_before_to_ten_after(alarm_s: float, right: bool) -> None:
    assert counts(scored([100], [alarm_s])) == ((1, 0, 0) if right else (0, 1, 1))


def test_the_window_can_be_set() -> None:
    assert counts(scored([100], [111], after_s=12)) == (1, 0, 0)
    assert counts(scored([100], [99], before_s=0)) == (0, 1, 1)


def test_a_second_alarm_in_a_window_is_false() -> None:
    assert counts(scored([100], [101, 105])) == (1, 1, 0)


def test_overlapping_windows_are_filled_in_order() -> None:
    assert counts(scored([100, 105], [104, 106])) == (2, 0, 0)
    assert counts(scored([100, 105], [98.5, 112])) == (2, 0, 0)


def test_rates() -> None:
    one = scored([100, 200, 300], [101, 150, 201])
    assert one.precision == pytest.approx(2 / 3)
    assert one.recall == pytest.approx(2 / 3)
    assert one.f1 == pytest.approx(2 / 3)
    assert one.false_per_hour == pytest.approx(1.0)


def test_where_there_is_nothing_to_divide_there_is_no_rate() -> None:
    missed, false = scored([100], []), scored([], [5])
    assert (missed.precision, missed.recall, missed.f1) == (None, 0.0, 0.0)
    assert (false.precision, false.recall, false.f1) == (0.0, None, 0.0)


def test_an_alarm_of_another_type_is_false_under_its_own_item() -> None:
    clip = Clip("c", (TrueEvent(("fall",), 10.0),))
    scores = score_clips([clip], {"c": (Alarm("fall", 11), Alarm("crowd", 11))})
    assert [(one.item, *counts(one)) for one in scores] == [("crowd", 0, 1, 0), ("fall", 1, 0, 0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("00:01:30", 90), ("03:10", 190), ("01:00:00.5", 3600.5), ("7", 7), (" 00:05 ", 5)],
)
def test_times(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "1:2:3:4", "00:75", "-1:00", "soon"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        seconds(text)


def write_lines(path: Path, *alarms: tuple[str, float]) -> Path:
    lines = [json.dumps({"type": kind, "alarm_s": alarm_s}) for kind, alarm_s in alarms]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_kisas_xml_is_read_with_its_labels_and_times(tmp_path: Path) -> None:
    truth = tmp_path / "C001.xml"
    truth.write_text(KISA)
    (clip,) = read_truth(truth)
    assert (clip.stem, clip.duration_s) == ("C001", 300.0)
    assert clip.events == (
        TrueEvent(("loitering",), 90.0),
        TrueEvent(("fire", "smoke"), 190.0),
    )


def test_kisas_fire_is_answered_by_smoke_as_well(tmp_path: Path) -> None:
    truth = tmp_path / "C001.xml"
    truth.write_text(KISA)
    said = write_lines(tmp_path / "C001.jsonl", ("loitering", 95), ("smoke", 191), ("fire", 195))
    scores = {one.item: one for one in score(truth, said)}
    assert counts(scores["fire"]) == (1, 1, 0)
    assert counts(scores["loitering"]) == (1, 0, 0)
    assert scores["fire"].false_per_hour == pytest.approx(12)


def test_json_truth_against_a_folder_of_findings(tmp_path: Path) -> None:
    items = [
        {"file": "a.mp4", "type": "intrusion", "start_s": 54.1},
        {"file": "b.avi", "type": "intrusion", "start_s": 3},
    ]
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"items": items}))
    folder = tmp_path / "findings"
    folder.mkdir()
    write_lines(folder / "a.jsonl", ("intrusion", 55.0))
    write_lines(folder / "b.avi.jsonl", ("intrusion", 20.0))
    (one,) = score(truth, folder)
    assert counts(one) == (1, 1, 1)
    assert one.hours is None


def test_clips_of_known_length_without_events_count_for_false_alarms(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    truth.write_text(
        json.dumps({"items": [], "clips": [{"file": "quiet.mp4", "duration_s": 1800}]})
    )
    (one,) = score(truth, write_lines(tmp_path / "quiet.jsonl", ("fall", 3)))
    assert (counts(one), one.false_per_hour) == ((0, 1, 0), 2.0)


def test_a_single_findings_file_is_for_the_only_clip_whatever_its_name(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"items": [{"file": "a.mp4", "type": "fall", "start_s": 1}]}))
    (one,) = score(truth, write_lines(tmp_path / "out.jsonl", ("fall", 2)))
    assert counts(one) == (1, 0, 0)


def test_findings_that_are_missing_are_named_with_the_command_that_makes_them(
    tmp_path: Path,
) -> None:
    truth = tmp_path / "truth.json"
    items = [{"file": f"{name}.mp4", "type": "fall", "start_s": 1} for name in "ab"]
    truth.write_text(json.dumps({"items": items}))
    folder = tmp_path / "findings"
    folder.mkdir()
    write_lines(folder / "a.jsonl")
    with pytest.raises(TruthError, match=r"no findings for b; .*polewatch agent analyze"):
        score(truth, folder)
    with pytest.raises(TruthError, match="tells of no clip 'x'; it has: a, b"):
        score(truth, write_lines(tmp_path / "x.jsonl"))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"items": [{"file": "a"}]}',
        '{"items": [{"file": "a", "type": "fall", "start_s": "soon"}]}',
        "<Kisa><Clip>",
        "<Kisa></Kisa>",
        KISA.replace("00:01:30", "half past"),
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Kisa><Clip>&b;</Clip></Kisa>',
    ],
)
def test_truth_that_is_none_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "truth.xml"
    path.write_text(content)
    with pytest.raises(TruthError, match=r"truth\.xml"):
        read_truth(path)


@pytest.mark.parametrize("line", ["{", "{}", '{"type": "fall"}', '{"type": "fall", "alarm_s": []}'])
def test_a_line_that_is_no_finding_is_named(tmp_path: Path, line: str) -> None:
    truth = tmp_path / "truth.json"
    item: dict[str, Any] = {"file": "a.mp4", "type": "fall", "start_s": 1}
    truth.write_text(json.dumps({"items": [item]}))
    said = tmp_path / "a.jsonl"
    said.write_text('{"type": "fall", "alarm_s": 1}\n' + line + "\n")
    with pytest.raises(TruthError, match=r"a\.jsonl: line 2 is no finding"):
        score(truth, said)
