"""What really happened in recordings, as others wrote it down: KISA's XML, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

MAX_FILE_BYTES: Final = 10 * 1024 * 1024

KISA_LABELS: Final = {
    "Loitering": ("loitering",),
    "Intrusion": ("intrusion",),
    "Abandonment": ("abandonment",),
    "Falldown": ("fall",),
    "Violence": ("fight",),
    "FireDetection": ("fire", "smoke"),
}
"""Labels of the Korean certification's ground truth, and the rule types that answer to them."""


class TruthError(Exception):
    """A truth or findings file that cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """One event that an alarm should have been raised for."""

    types: tuple[str, ...]
    """Rule types whose alarm counts, the one that names the item first."""
    start_s: float

    @property
    def item(self) -> str:
        """What the event is reported under."""
        return self.types[0]


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording and what happens in it."""

    stem: str
    """Its file name without folder and suffix."""
    events: tuple[TrueEvent, ...]
    duration_s: float | None = None


def read_truth(path: Path) -> tuple[Clip, ...]:
    """The clips that `path` tells of: a JSON or XML file, or a folder of such.

    Raises TruthError when a file cannot be understood, or there is none.
    """
    files = (
        sorted(p for p in path.iterdir() if p.suffix.lower() in (".xml", ".json"))
        if (path.is_dir())
        else [path]
    )
    if not files:
        raise TruthError(f"{path}: holds no .xml or .json file")
    clips = [clip for file in files for clip in _read_file(file)]
    doubles = {clip.stem for clip in clips if [c.stem for c in clips].count(clip.stem) > 1}
    if doubles:
        raise TruthError(f"{path}: told of twice: {', '.join(sorted(doubles))}")
    return tuple(clips)


def seconds(text: str) -> float:
    """`HH:MM:SS`, `MM:SS` or plain seconds, with or without decimals, in seconds.

    Raises ValueError for anything else.
    """
    parts = [float(part) for part in text.strip().split(":")]
    if len(parts) > 3 or any(part < 0 for part in parts) or any(p >= 60 for p in parts[1:]):
        raise ValueError(f"{text!r} is no time like 00:01:30 or 01:30")
    total = 0.0
    for part in parts:
        total = 60 * total + part
    return total


def _read_file(path: Path) -> Iterable[Clip]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TruthError(f"{path}: larger than {MAX_FILE_BYTES} bytes; this is no truth file")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TruthError(f"{path}: cannot be read ({error})") from error
    try:
        return _from_xml(text, path) if text.lstrip().startswith("<") else _from_json(text)
    except TruthError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, ElementTree.ParseError) as error:
        raise TruthError(f"{path}: not a truth file ({error})") from error


def _from_xml(text: str, path: Path) -> list[Clip]:
    root = ElementTree.fromstring(text)
    clips = []
    for node in root.iter("Clip"):
        name = node.findtext("Header/Filename") or path.name
        length = node.findtext("Header/Duration")
        events = [event for alarm in node.iter("Alarm") if (event := _from_alarm(alarm))]
        duration_s = seconds(length) if length else None
        clips.append(Clip(Path(name).stem, tuple(events), duration_s))
    if not clips:
        raise TruthError(f"{path}: holds no Clip element")
    return clips


def _from_alarm(alarm: ElementTree.Element) -> TrueEvent | None:
    label = (alarm.findtext("AlarmDescription") or "").strip()
    types = KISA_LABELS.get(label)
    if types is None:
        # Queueing and PeopleCounting are items of the certification that no rule answers to.
        return None
    return TrueEvent(types, seconds(alarm.findtext("StartTime") or ""))


def _from_json(text: str) -> list[Clip]:
    document: dict[str, Any] = json.loads(text)
    durations = {
        Path(clip["file"]).stem: float(clip["duration_s"]) for clip in document.get("clips", ())
    }
    events: dict[str, list[TrueEvent]] = {stem: [] for stem in durations}
    for item in document["items"]:
        event = TrueEvent((str(item["type"]),), float(item["start_s"]))
        events.setdefault(Path(item["file"]).stem, []).append(event)
    return [Clip(stem, tuple(found), durations.get(stem)) for stem, found in events.items()]
