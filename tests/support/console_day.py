"""A shift's incidents and cameras in every state, for looking at the console."""

from __future__ import annotations

from datetime import timedelta

from tests.support.console_store import Delivered, FilledStore, Told
from wire.event import Severity


def a_day(store: FilledStore) -> list[str]:
    """Fill the store; ids of the incidents in the order told."""
    for device in ("pole-001-1", "pole-014-1", "pole-022-2"):
        store.device(device)
    store.device("pole-031-1", online=False)
    for place in (0, 1, 4):
        store.camera(place)
    store.camera(2, "degraded", "camera.stalled")
    store.camera(3, "down", "camera.unreachable")
    return [store.tell(one) for one in (*_earlier(), *_now())]


def _told(
    type: str, severity: Severity, place: int, minutes: float, seconds: float | None, **more: object
) -> Told:
    lasts = None if seconds is None else timedelta(seconds=seconds)
    told = Told(type, severity, place, timedelta(minutes=minutes), lasts)
    for name, value in more.items():
        setattr(told, name, value)
    return told


def _earlier() -> tuple[Told, ...]:
    failed = Delivered("city", "failed", error="기관 서버가 응답하지 않음", attempts=50)
    fire = Delivered("fire", seconds=0.4, answer="accepted", officer="박소방")
    return (
        _told("loitering", "minor", 1, 190, 41, picture=120, box=1, confidence=0.71),
        _told("plate", "severe", 4, 150, 4, picture=None, zone=None, confidence=0.96),
        _told("dumping", "minor", 2, 122, 66, picture=240, deliveries=(failed,)),
        _told("intrusion", "moderate", 0, 95, 22, picture=120, confidence=0.9),
        _told("fall", "severe", 3, 61, 38, picture=240, deliveries=(fire, Delivered("police"))),
        _told("loitering", "minor", 0, 44, 30, box=1, drill=True),
        _told("stopped_vehicle", "minor", 4, 31, 300, picture=None, zone="lane-2"),
        _told("intrusion", "moderate", 1, 12, 19, state="acknowledged"),
    )


def _now() -> tuple[Told, ...]:
    accepted = Delivered("police", answer="accepted", officer="이경위")
    waiting = Delivered("centre", "sent")
    return (
        _told("loitering", "minor", 2, 3, None, picture=120, box=1, deliveries=()),
        _told("intrusion", "moderate", 0, 0.8, None, picture=240, box=1, confidence=0.88),
        _told("fight", "severe", 2, 0.35, None, picture=120, deliveries=(accepted, waiting)),
    )
