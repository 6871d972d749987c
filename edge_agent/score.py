"""Scoring findings against the truth, the way the Korean certification does.

An alarm is right when it comes from `before` seconds before an event's start to `after` seconds
after it (KISA: 2 and 10). Each event takes one alarm, the first; every other alarm is false, a
second one in the same window too. An event without an alarm is missed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge_agent.truth import Clip, TrueEvent, TruthError, read_truth

BEFORE_S: Final = 2.0
AFTER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """When a rule type raised an alarm."""

    type: str
    alarm_s: float


@dataclass(frozen=True, slots=True)
class ItemScore:
    """How one item did over all clips."""

    item: str
    true_positives: int
    false_positives: int
    false_negatives: int
    hours: float | None
    """Hours of recording behind it, when every clip's length is known."""

    @property
    def precision(self) -> float | None:
        """Share of the alarms that were right; None without alarms."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """Share of the events that were alarmed; None without events."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when there was nothing to find or say."""
        wrong = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + wrong)

    @property
    def false_per_hour(self) -> float | None:
        """False alarms per camera and hour."""
        return None if not self.hours else self.false_positives / self.hours

    def as_json(self) -> dict[str, Any]:
        """All figures, rates rounded to four decimals."""
        rates = {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "false_per_hour": self.false_per_hour,
            "hours": self.hours,
        }
        return {
            "item": self.item,
            "tp": self.true_positives,
            "fp": self.false_positives,
            "fn": self.false_negatives,
        } | {name: None if rate is None else round(rate, 4) for name, rate in rates.items()}


def score(
    truth: Path, findings: Path, *, before_s: float = BEFORE_S, after_s: float = AFTER_S
) -> tuple[ItemScore, ...]:
    """Score the findings at `findings` against the truth at `truth`; one score an item, by name.

    `truth` is a KISA XML file, a JSON file or a folder of such; `findings` a file of JSON lines or
    a folder with one such file a clip, named like the clip. A single findings file is taken for the
    clip of its name, or for the only clip there is.
    Raises TruthError when files do not fit together or cannot be understood.
    """
    clips = read_truth(truth)
    alarms = read_alarms(findings, clips)
    scored = [clip for clip in clips if clip.stem in alarms]
    return score_clips(scored, alarms, before_s=before_s, after_s=after_s)


def score_clips(
    clips: Sequence[Clip],
    alarms: Mapping[str, Sequence[Alarm]],
    *,
    before_s: float = BEFORE_S,
    after_s: float = AFTER_S,
) -> tuple[ItemScore, ...]:
    """Score alarms by clip stem against `clips`."""
    counts: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for clip in clips:
        said = alarms.get(clip.stem, ())
        for item, events, claims in _by_item(clip.events, said):
            right = _matched(events, claims, before_s, after_s)
            tp, fp, fn = counts[item]
            false, missed = len(claims) - right, len(events) - right
            counts[item] = (tp + right, fp + false, fn + missed)
    lengths = [clip.duration_s for clip in clips]
    known = [length for length in lengths if length is not None]
    hours = sum(known) / 3600 if known and len(known) == len(lengths) else None
    return tuple(ItemScore(item, *counts[item], hours) for item in sorted(counts))


def read_alarms(path: Path, clips: Sequence[Clip]) -> dict[str, tuple[Alarm, ...]]:
    """The alarms of each clip, by stem. Raises TruthError where a clip's findings are missing."""
    if not path.is_dir():
        stem = _stem(path)
        if stem not in {clip.stem for clip in clips}:
            if len(clips) != 1:
                known = ", ".join(clip.stem for clip in clips)
                raise TruthError(f"{path}: the truth tells of no clip {stem!r}; it has: {known}")
            stem = clips[0].stem
        return {stem: _alarms(path)}
    files = {_stem(p): p for p in sorted(path.iterdir()) if p.suffix in (".jsonl", ".json")}
    missing = [clip.stem for clip in clips if clip.stem not in files]
    if missing:
        raise TruthError(
            f"{path}: no findings for {', '.join(missing)}; "
            f"write them with: polewatch agent analyze VIDEO --rules FILE "
            f"--out {path / (missing[0] + '.jsonl')}"
        )
    return {clip.stem: _alarms(files[clip.stem]) for clip in clips}


def _alarms(path: Path) -> tuple[Alarm, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TruthError(f"{path}: cannot be read ({error})") from error
    alarms = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            finding = json.loads(line)
            alarms.append(Alarm(str(finding["type"]), float(finding["alarm_s"])))
        except (ValueError, KeyError, TypeError) as error:
            raise TruthError(f"{path}: line {number} is no finding ({error!r})") from error
    return tuple(sorted(alarms, key=lambda alarm: alarm.alarm_s))


def _stem(path: Path) -> str:
    """`clip` for clip.jsonl and for clip.mp4.jsonl."""
    stem = path.stem
    return (
        stem.rsplit(".", 1)[0] if stem.lower().endswith((".mp4", ".avi", ".mkv", ".mov")) else stem
    )


def _by_item(
    events: Iterable[TrueEvent], alarms: Iterable[Alarm]
) -> list[tuple[str, list[TrueEvent], list[Alarm]]]:
    """Events and alarms item by item; an alarm of a type with no event is an item of its own."""
    items: dict[str, tuple[list[TrueEvent], list[Alarm]]] = {}
    item_of: dict[str, str] = {}
    for event in sorted(events, key=lambda event: event.start_s):
        items.setdefault(event.item, ([], []))[0].append(event)
        for kind in event.types:
            item_of.setdefault(kind, event.item)
    for alarm in alarms:
        item = item_of.get(alarm.type, alarm.type)
        items.setdefault(item, ([], []))[1].append(alarm)
    return [(item, *lists) for item, lists in items.items()]


def _matched(
    events: Sequence[TrueEvent], alarms: Sequence[Alarm], before_s: float, after_s: float
) -> int:
    """How many events get an alarm; both in order of time, each alarm given to the earliest."""
    waiting = list(events)
    right = 0
    for alarm in alarms:
        for event in waiting:
            early = event.start_s - before_s
            if early <= alarm.alarm_s <= event.start_s + after_s and alarm.type in event.types:
                waiting.remove(event)
                right += 1
                break
    return right


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
