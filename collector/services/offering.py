"""The city's cameras for a place: the camera table and what is heard of each, ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from collector.config import CameraPlace
from collector.problems import ProblemError
from collector.services import place as places
from collector.services.case import Offered, Ranked
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

    def one(self, key: Key, place: Point) -> Offered | None:
        """One camera for a place, however far; None when it has no place itself."""
        found = next((one for one in self.cameras() if (one.device, one.camera) == key), None)
        return None if found is None else self._offered(sight(place, found))

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
