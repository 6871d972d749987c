"""Which cameras see a place best, and why: pure, from what the camera table says of each.

How much of a person a camera shows falls with distance and field of view; the classes of IEC
62676-4 (pixels per metre) say what that is good for. A place that is known only to some metres
counts by how much of its circle is in view.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from collector.services.place import Point, bearing_deg, distance_m, moved

WITHIN_M = 500.0
"""Of the emergency-video service; farther cameras are not offered (DOMAIN §1)."""
AT_MOST = 5
CLASSES = ((250.0, "identify"), (125.0, "recognise"), (62.5, "observe"), (25.0, "detect"))
"""Pixels per metre from which a person can be … (IEC 62676-4:2014, 6.7)."""
LEAST_PX_PER_M = 12.5
"""Below it nobody can tell a person from anything else (the same table's class monitor)."""
STEEPEST_DEG = 60.0
"""A camera on a mast looks down no steeper: what stands nearer to its foot it does not see."""
RINGS = ((0.0, 1), (0.5, 6), (0.9, 12))
"""Share of the radius and number of points by which the circle of an uncertain place is tried."""

Class = Literal["identify", "recognise", "observe", "detect", "monitor"]
DETAIL_KO: dict[Class, str] = {
    "identify": "신원 확인 가능",
    "recognise": "아는 사람 식별 가능",
    "observe": "인상착의 관찰 가능",
    "detect": "사람 감지 가능",
    "monitor": "움직임만 확인",
}
Sees = Literal["yes", "perhaps", "no"]


@dataclass(frozen=True, slots=True)
class Camera:
    """What of a camera matters here. `bearing_deg` None: nobody wrote down where it looks."""

    device: str
    camera: str
    at: Point
    height_m: float = 5.0
    bearing_deg: float | None = None
    fov_deg: float = 90.0
    """Horizontal angle of view; 360 for one that sees all around."""
    range_m: float = 80.0
    """How far somebody found its picture useful."""
    width_px: int = 1920
    live: bool = True
    """Whether its box is online and the camera up."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One camera's sight of the place. `reasons` are short phrases, in order; so in Korean."""

    camera: Camera
    distance_m: float
    direction_deg: float
    """From the camera to the place, clockwise from north."""
    sees: Sees
    covers: float
    """Share of the circle of the place that is in view, 0 to 1."""
    px_per_m: float
    detail: Class
    score: float
    """0 to 1: `covers` times how much a person shows."""
    reasons: tuple[str, ...]
    reasons_ko: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best that see the place, and the nearest of those around it that look elsewhere."""

    seeing: tuple[Sight, ...]
    around: tuple[Sight, ...]


def rank(
    place: Point,
    cameras: Iterable[Camera],
    *,
    accuracy_m: float = 0.0,
    at_most: int = AT_MOST,
    within_m: float = WITHIN_M,
) -> Ranking:
    """At most so many cameras of each kind whose distance is at most `within_m` metres.

    Cameras that are not live come after those that are; among equals the nearer one comes first.
    """
    near = [one for one in cameras if distance_m(one.at, place) <= within_m]
    sights = [sight(place, one, accuracy_m=accuracy_m) for one in near]
    seeing = sorted((one for one in sights if one.sees != "no"), key=_best_first)
    around = sorted(
        (one for one in sights if one.sees == "no"),
        key=lambda one: (not one.camera.live, one.distance_m, one.camera.device, one.camera.camera),
    )
    return Ranking(tuple(seeing[:at_most]), tuple(around[:at_most]))


def sight(place: Point, camera: Camera, *, accuracy_m: float = 0.0) -> Sight:
    """How one camera sees the place, whose true position is within `accuracy_m` of `place`."""
    away, towards = distance_m(camera.at, place), bearing_deg(camera.at, place)
    points = _points(place, accuracy_m)
    seen = [point for point in points if _in_view(camera, point)]
    covers = len(seen) / len(points)
    # The middle of what is in view stands for it: for a circle that is half outside, the rest.
    px = sum(_px_per_m(camera, distance_m(camera.at, p)) for p in seen) / len(seen) if seen else 0.0
    sees: Sees = "no" if not seen else "yes" if camera.bearing_deg is not None else "perhaps"
    if camera.fov_deg >= 360 and seen:
        sees = "yes"
    share = _share(px)
    score = covers * share * (1.0 if sees == "yes" else 0.5)
    reasons = tuple(_reasons(camera, away, towards, sees, covers, px))
    return Sight(
        camera=camera,
        distance_m=away,
        direction_deg=towards,
        sees=sees,
        covers=covers,
        px_per_m=px,
        detail=detail_of(px),
        score=score,
        reasons=tuple(english for english, _ in reasons),
        reasons_ko=tuple(korean for _, korean in reasons),
    )


def detail_of(px_per_m: float) -> Class:
    """What so many pixels per metre are good for."""
    for least, name in CLASSES:
        if px_per_m >= least:
            return name  # type: ignore[return-value]  # the names of CLASSES are those of Class
    return "monitor"


def _best_first(one: Sight) -> tuple[bool, float, float, str, str]:
    camera = one.camera
    return (not camera.live, -one.score, one.distance_m, camera.device, camera.camera)


def _points(place: Point, accuracy_m: float) -> list[Point]:
    if accuracy_m <= 0:
        return [place]
    return [
        moved(
            place,
            accuracy_m * share * math.sin(2 * math.pi * n / count),
            accuracy_m * share * math.cos(2 * math.pi * n / count),
        )
        for share, count in RINGS
        for n in range(count)
    ]


def _in_view(camera: Camera, point: Point) -> bool:
    away = distance_m(camera.at, point)
    if away > camera.range_m or away < blind_m(camera):
        return False
    if camera.bearing_deg is None or camera.fov_deg >= 360:
        return True
    return _off_axis(camera.bearing_deg, bearing_deg(camera.at, point)) <= camera.fov_deg / 2


def blind_m(camera: Camera) -> float:
    """Around the foot of its mast a camera sees nothing: so many metres."""
    return camera.height_m / math.tan(math.radians(STEEPEST_DEG))


def _off_axis(axis_deg: float, direction_deg: float) -> float:
    return abs((direction_deg - axis_deg + 180) % 360 - 180)


def _px_per_m(camera: Camera, away_m: float) -> float:
    """Of somebody standing there, seen from the camera's height."""
    slant = math.hypot(away_m, camera.height_m)
    if camera.fov_deg >= 180:
        # A fisheye spreads its picture over the angle, not over a plane.
        return camera.width_px / (slant * math.radians(camera.fov_deg))
    return camera.width_px / (2 * slant * math.tan(math.radians(camera.fov_deg) / 2))


def _share(px_per_m: float) -> float:
    """0 where nothing can be told, 1 where a face can; each doubling of pixels counts alike."""
    if px_per_m <= LEAST_PX_PER_M:
        return 0.0
    return min(1.0, math.log(px_per_m / LEAST_PX_PER_M) / math.log(CLASSES[0][0] / LEAST_PX_PER_M))


def _reasons(
    camera: Camera, away: float, towards: float, sees: Sees, covers: float, px: float
) -> Iterable[tuple[str, str]]:
    """English and Korean."""
    yield (
        f"{away:.0f} m away, direction {towards:.0f}°",
        f"거리 {away:.0f} m, 방향 {towards:.0f}°",
    )
    if camera.bearing_deg is None and camera.fov_deg < 360:
        yield "where it looks is not written down", "촬영 방향이 등록되어 있지 않음"
    elif camera.bearing_deg is not None and camera.fov_deg < 360:
        off = _off_axis(camera.bearing_deg, towards)
        within = off <= camera.fov_deg / 2
        view = f"{camera.fov_deg:.0f}°"
        yield (
            f"{off:.0f}° off its axis, {'within' if within else 'outside'} its view of {view}",
            f"중심축에서 {off:.0f}°, 화각 {view} {'안' if within else '밖'}",
        )
    if away > camera.range_m:
        reach = f"{camera.range_m:.0f} m"
        yield f"beyond its range of {reach}", f"유효 거리 {reach}를 벗어남"
    elif away < blind_m(camera):
        blind = f"{blind_m(camera):.0f} m"
        yield (
            f"below it: blind up to {blind} from its mast",
            f"바로 아래: 지주에서 {blind}까지 사각",
        )
    if sees != "no":
        detail = detail_of(px)
        yield f"{px:.0f} pixels per metre: {detail}", f"1 m당 {px:.0f}화소: {DETAIL_KO[detail]}"
    if 0 < covers < 1:
        yield f"{covers:.0%} of the circle in view", f"오차 범위의 {covers:.0%}가 보임"
    if not camera.live:
        yield "not live now", "현재 연결되지 않음"
