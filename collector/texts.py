"""One sentence about an incident, in Korean and English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from wire.event import Severity

TYPES: dict[str, tuple[str, str]] = {
    "intrusion": ("침입", "Intrusion"),
    "loitering": ("배회", "Loitering"),
    "line_crossing": ("경계선 통과", "Line crossing"),
    "fall": ("쓰러짐", "Person fallen"),
    "abandonment": ("유기물", "Abandoned object"),
    "dumping": ("무단투기", "Illegal dumping"),
    "fire": ("화재", "Fire"),
    "smoke": ("연기", "Smoke"),
    "fight": ("싸움", "Fight"),
    "crowd": ("군중 밀집", "Crowd"),
    "stopped_vehicle": ("정지 차량", "Stopped vehicle"),
    "wrong_way": ("역방향 이동", "Wrong way"),
    "plate": ("수배 차량", "Wanted plate"),
    "tamper": ("카메라 훼손", "Camera tampering"),
    "sos": ("긴급 구조 요청", "Call for help"),
    "disaster": ("재난 경보", "Disaster alert"),
}
DETAILS: dict[tuple[str, str], tuple[str, str]] = {
    ("tamper", "covered"): ("가림", "covered"),
    ("tamper", "turned"): ("방향 틀어짐", "turned away"),
    ("tamper", "defocused"): ("초점 흐림", "out of focus"),
    ("tamper", "dark"): ("암흑", "dark"),
    ("tamper", "frozen"): ("화면 정지", "frozen picture"),
    ("sos", "bell"): ("비상벨", "emergency bell"),
}
"""What kind of incident it is, where its type has several."""
_PLATES_SHOWN = 3
SEVERITIES: dict[Severity, tuple[str, str]] = {
    "minor": ("경미", "minor"),
    "moderate": ("보통", "moderate"),
    "severe": ("심각", "severe"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the sentence is made of; `confidence` is a fraction of 1."""

    type: str
    severity: Severity
    confidence: float
    opened_at: datetime
    ended_at: datetime | None
    camera_title: str
    camera_title_en: str
    zone: str | None
    drill: bool
    detail: str | None = None
    """What kind of it, where the type has several; one that is not known yet is shown as it is."""
    plates: tuple[tuple[str, str | None], ...] = ()
    """What was read of each wanted plate, and the list's entry that it met; the last read last."""
    unconfirmed: bool = False
    """A person has yet to look."""


@dataclass(frozen=True, slots=True)
class AlertSentence:
    """What the sentence about an alert of a disaster room is made of."""

    event: str
    event_en: str
    headline: str
    headline_en: str
    area: str
    severity: Severity
    opened_at: datetime
    ended_at: datetime | None
    drill: bool


def alert_sentences(about: AlertSentence, zone: ZoneInfo) -> tuple[str, str]:
    """Korean and English, times in the site's `zone`; at most 500 characters each."""
    name_ko, name_en = type_name("disaster")
    severity_ko, severity_en = SEVERITIES[about.severity]
    began = about.opened_at.astimezone(zone).strftime("%H:%M:%S")
    end_ko = end_en = ""
    if about.ended_at is not None:
        ended = about.ended_at.astimezone(zone).strftime("%H:%M:%S")
        end_ko, end_en = f", {ended} 종료", f", ended {ended}"
    tail_ko, tail_en = f"{began} 발령{end_ko} ({severity_ko})", f"{began}{end_en} ({severity_en})"
    event, event_en = about.event, about.event_en or about.event
    # A long headline must not push time and severity out.
    said = [about.headline, about.headline_en or about.headline]
    ko = ", ".join(one for one in (said[0][:300], about.area, tail_ko) if one)
    en = ", ".join(one for one in (said[1][:300], about.area, tail_en) if one)
    korean = f"{'[훈련] ' if about.drill else ''}{name_ko} {event}: {ko}"
    english = f"{'[DRILL] ' if about.drill else ''}{name_en} {event_en}: {en}"
    return _cut(korean, tail_ko), _cut(english, tail_en)


def _cut(text: str, tail: str) -> str:
    return text if len(text) <= 500 else f"{text[: 498 - len(tail)]}… {tail}"[:500]


def type_name(type: str) -> tuple[str, str]:
    """Korean and English name of a rule type; one that is not known yet is shown as it is."""
    return TYPES.get(type, (type, type))


def sentences(about: Sentence, zone: ZoneInfo) -> tuple[str, str]:
    """Korean and English, times in the site's `zone`; at most 500 characters each."""
    name_ko, name_en = type_name(about.type)
    if about.detail is not None:
        kind = DETAILS.get((about.type, about.detail), (about.detail, about.detail))
        name_ko, name_en = f"{name_ko}({kind[0]})", f"{name_en} ({kind[1]})"
    if about.plates:
        plates_ko, plates_en = _plates(about.plates)
        name_ko, name_en = f"{name_ko} {plates_ko}", f"{name_en} {plates_en}"
    severity_ko, severity_en = SEVERITIES[about.severity]
    began = about.opened_at.astimezone(zone).strftime("%H:%M:%S")
    percent = round(about.confidence * 100)
    where_ko = f" {about.zone} 구역" if about.zone else ""
    where_en = f", zone {about.zone}" if about.zone else ""
    end_ko = end_en = ""
    if about.ended_at is not None:
        ended = about.ended_at.astimezone(zone).strftime("%H:%M:%S")
        end_ko, end_en = f", {ended} 종료", f", ended {ended}"
    korean = (
        f"{'[훈련] ' if about.drill else ''}{'[확인 전] ' if about.unconfirmed else ''}"
        f"{about.camera_title}{where_ko}에서 {began} "
        f"{name_ko} 감지{end_ko} ({severity_ko}, 신뢰도 {percent}%)"
    )
    english = (
        f"{'[DRILL] ' if about.drill else ''}{'[UNCONFIRMED] ' if about.unconfirmed else ''}"
        f"{name_en} at {about.camera_title_en}{where_en}, "
        f"{began}{end_en} ({severity_en}, {percent}% confident)"
    )
    return korean[:500], english[:500]


def _plates(read: tuple[tuple[str, str | None], ...]) -> tuple[str, str]:
    """The newest first; where it is no exact match, what was read and the entry that it is like."""
    told = dict.fromkeys(reversed(read))
    shown = list(told)[:_PLATES_SHOWN]
    korean = [text if _exact(text, like) else f"{text}({like} 유사)" for text, like in shown]
    english = [text if _exact(text, like) else f"{text} (like {like})" for text, like in shown]
    more = len(told) - len(shown)
    more_ko, more_en = (f" 외 {more}대", f" and {more} more") if more else ("", "")
    return ", ".join(korean) + more_ko, ", ".join(english) + more_en


def _exact(text: str, listed: str | None) -> bool:
    """Whether it is the entry; a diplomatic plate's hyphen stands in its text only."""
    return listed is None or text.replace("-", "") == listed
