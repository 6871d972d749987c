"""The city's cameras for a place: the camera table and what is heard of each, ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from collector.config import CameraPlace
from collector.problems import ProblemError
from collector.services import place as places
from collector.services.case import Offered, Ranked
from collector.services.disaster.zone import Reach, Zone
from collector.services.place import Area, PlaceError, Point, area_of, bearing_deg, distance_m
from collector.services.ranking import AT_MOST, WITHIN_M, Camera, Sight, rank, sight
from collector.store.rows import CameraRow

Key = tuple[str, str]


class Offering:
    """Which cameras there are, and which of them live now."""

    def __init__(
        self, cameras: Mapping[Key, CameraPlace], heard: Callable[[], Iterable[CameraRow]]
    ) -> None:
        self._cameras = cameras
        self._heard = heard
        self.area: Area | None = area_of(Point(one.lat, one.lon) for one in cameras.values())

    def checked(self, lat: float, lon: float) -> Point:
        """A position in the city; raises ProblemError place.impossible that says what is wrong."""
        try:
            return places.checked(lat, lon, self.area)
        except PlaceError as error:
            raise ProblemError("place.impossible", str(error)) from error

    def best(
        self,
        place: Point,
        *,
        accuracy_m: float = 0.0,
        at_most: int = AT_MOST,
        within_m: float = WITHIN_M,
    ) -> tuple[Offered, ...]:
        """At most so many: those that see the place, then the nearest of those around it.

        Raises ProblemError case.no-camera when there is none within 500 m.
        """
        found = rank(
            place, self.cameras(), accuracy_m=accuracy_m, at_most=at_most, within_m=within_m
        )
        offered = (*found.seeing, *found.around)[:at_most]
        if not offered:
            said = f"there is no camera within {within_m:.0f} m of {place}"
            raise ProblemError("case.no-camera", said)
        return tuple(self._offered(one) for one in offered)

    def nearest(self, place: Point) -> Key:
        """The camera that is nearest, however far; raises ProblemError where there is none."""
        found = min(self.cameras(), key=lambda one: distance_m(one.at, place), default=None)
        if found is None:
            raise ProblemError("case.no-camera", "no camera of the city has a place")
        return found.device, found.camera

    def of_area(self, zone: Zone, middle: Point) -> tuple[Offered, ...]:
        """Every camera that stands in an area or sees into it, in the order of a wall.

        Live ones first, then those within before those beside, nearest to the middle first.
        """
        found = []
        for one in self.cameras():
            known = self._cameras[(one.device, one.camera)]
            reach = zone.reach(one, known.area_code)
            if reach is not None:
                seen = sight(middle, one)
                found.append((reach, self._offered(seen).model_copy(update=_in_area(seen, reach))))
        found.sort(
            key=lambda each: (
                not each[1].live, each[0] != "inside", each[1].distance_m,
                each[1].device, each[1].camera,
            )
        )  # fmt: skip
        return tuple(one for _, one in found)

    def points_within(self, zone: Zone) -> list[Point]:
        """Where the cameras stand that are in an area."""
        return [
            one.at
            for one in self.cameras()
            if zone.reach(one, self._cameras[(one.device, one.camera)].area_code) == "inside"
        ]

    def area_codes(self) -> frozenset[str]:
        """Districts in which cameras stand."""
        return frozenset(one.area_code for one in self._cameras.values() if one.area_code)

    def one(self, key: Key, place: Point) -> Offered | None:
        """One camera for a place, however far; None when it has no place itself."""
        found = next((one for one in self.cameras() if (one.device, one.camera) == key), None)
        return None if found is None else self._offered(sight(place, found))

    def view(self, one: Offered) -> dict[str, float | None]:
        """Where a camera looks and how far; empty for one that stands in the city no more."""
        known = self._cameras.get((one.device, one.camera))
        if known is None:
            return {}
        return {
            "bearing_deg": known.bearing_deg, "fov_deg": known.fov_deg, "range_m": known.range_m,
        }  # fmt: skip

    def for_unit(
        self, known: Iterable[Offered], here: Point, accuracy_m: float, scene: Point
    ) -> Ranked:
        """Cameras that were offered before, for who is `here`: what he comes by next, first.

        Those nearer to the scene than he is come before those behind him, by their distance to
        him; within each, what sees where he is comes before what does not.
        """
        keys = {(one.device, one.camera) for one in known}
        left = distance_m(here, scene)
        sights = [
            sight(here, one, accuracy_m=accuracy_m)
            for one in self.cameras()
            if (one.device, one.camera) in keys
        ]
        sights.sort(
            key=lambda one: (
                distance_m(one.camera.at, scene) > left,
                one.sees == "no",
                one.distance_m,
                one.camera.device,
                one.camera.camera,
            )
        )
        return Ranked(
            distance_m=round(left, 1),
            direction_deg=round(bearing_deg(here, scene), 1),
            cameras=tuple(self._offered(one) for one in sights),
        )

    def cameras(self) -> list[Camera]:
        """All that have a place."""
        live = {(row.device, row.camera): row.online and row.state == "up" for row in self._heard()}
        return [
            Camera(
                device=one.device,
                camera=one.camera,
                at=Point(one.lat, one.lon),
                height_m=one.height_m,
                bearing_deg=one.bearing_deg,
                fov_deg=one.fov_deg,
                range_m=one.range_m,
                width_px=one.width_px,
                live=live.get(key, False),
            )
            for key, one in self._cameras.items()
        ]

    def _offered(self, one: Sight) -> Offered:
        camera = one.camera
        known = self._cameras[(camera.device, camera.camera)]
        return Offered(
            device=camera.device,
            camera=camera.camera,
            title=known.title,
            title_en=known.title_en or known.title,
            lat=camera.at.lat,
            lon=camera.at.lon,
            distance_m=round(one.distance_m, 1),
            direction_deg=round(one.direction_deg, 1),
            sees=one.sees,
            detail=one.detail,
            score=round(one.score, 4),
            reasons=one.reasons,
            reasons_ko=one.reasons_ko,
            live=camera.live,
        )


_REACH: dict[Reach, tuple[str, str]] = {
    "inside": ("stands in the area", "구역 안에 있음"),
    "sees": ("beside the area, sees into it", "구역 밖에서 구역 안을 비춤"),
    "perhaps": (
        "beside the area; where it looks is not written down",
        "구역 밖이며 촬영 방향이 등록되어 있지 않음",
    ),
}


def _in_area(one: Sight, reach: Reach) -> dict[str, object]:
    """What an area makes of a camera, in place of what one point would."""
    english, korean = [_REACH[reach][0]], [_REACH[reach][1]]
    english.append(f"{one.distance_m:.0f} m from its middle")
    korean.append(f"중심에서 {one.distance_m:.0f} m")
    if not one.camera.live:
        english.append("not live now")
        korean.append("현재 연결되지 않음")
    return {
        "sees": "perhaps" if reach == "perhaps" else "yes",
        "score": 1.0 if reach == "inside" else 0.5,
        "reasons": tuple(english),
        "reasons_ko": tuple(korean),
    }
