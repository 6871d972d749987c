"""What an alert says, of whomever: event, text, how bad, and where; read from CAP, or typed in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from collector.areas import NamedArea
from collector.cap.codes import AREA_CODE, EVENT_CODE
from collector.cap.document import Alert, CapCertainty, CapSeverity, Category, Info
from collector.services.case import Body
from collector.services.disaster.zone import Ring, Round, Zone, rectangle, within
from collector.services.place import Area, Point, distance_m
from collector.store.refusals import clean
from collector.store.rows import Certainty
from wire.event import Severity
from wire.incident import AlertPart
from wire.names import Name, WireModel

MOST_CORNERS = 20_000
MOST_SHAPES = 500
LONGEST_M = 20_100_000.0
MOST_TOLD_CORNERS, MOST_TOLD = 1_000, 100
TITLE, TEXT = 120, 2000

Title = Annotated[str, StringConstraints(max_length=TITLE, strip_whitespace=True)]
Long = Annotated[str, StringConstraints(max_length=TEXT, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
Corners = Annotated[tuple[tuple[float, float], ...], Field(min_length=3, max_length=MOST_CORNERS)]

SEVERITIES: dict[CapSeverity, Severity] = {
    "Extreme": "severe",
    "Severe": "severe",
    "Moderate": "moderate",
    "Minor": "minor",
    "Unknown": "moderate",
}
"""What nobody has graded is not taken for a trifle."""
CERTAINTIES: dict[CapCertainty, Certainty] = {
    "Observed": "observed",
    "Likely": "likely",
    "Possible": "possible",
    "Unlikely": "possible",
    "Unknown": "possible",
}
_SEVERITY_ORDER: tuple[CapSeverity, ...] = ("Extreme", "Severe", "Moderate", "Unknown", "Minor")
_CERTAINTY_ORDER: tuple[CapCertainty, ...] = (
    "Observed", "Likely", "Possible", "Unknown", "Unlikely",
)  # fmt: skip


class AreaError(ValueError):
    """An area that cannot be meant; the message names what is wrong and the remedy."""


class Shapes(Body):
    """Where it is: all of them together. WGS84 degrees, the latitude first."""

    polygons: tuple[Corners, ...] = Field((), max_length=MOST_SHAPES)
    circles: tuple[tuple[float, float, Annotated[float, Field(ge=0, le=LONGEST_M)]], ...] = Field(
        (), max_length=MOST_SHAPES, description="[lat, lon, metres around it]"
    )
    codes: tuple[Code, ...] = Field(
        (), max_length=MOST_SHAPES, description="Districts (행정구역코드), ten digits."
    )
    names: tuple[Name, ...] = Field(
        (), max_length=MOST_SHAPES, description="Areas of routing.yaml."
    )


class Told(WireModel):
    """What stands in the newest message of an alert."""

    event: Title
    event_en: Title = ""
    headline: Long = ""
    headline_en: Long = ""
    instruction: Long = ""
    area: Title = ""
    severity: Severity
    certainty: Certainty = "likely"
    category: Category = "Other"
    code: str | None = Field(None, max_length=20, description="KR.eventCode, where it has one.")
    shapes: Shapes = Shapes()


def told_of(message: Alert) -> Told:
    """What a CAP message says; raises AreaError when it says of no place."""
    if not message.infos:
        raise AreaError(f"info: is missing; an {message.msg_type} must say what happens, and where")
    korean = _in_language(message, "ko") or message.infos[0]
    english = _in_language(message, "en")
    codes = [value for name, value in korean.event_codes if name == EVENT_CODE]
    return Told(
        event=_line(korean.event, TITLE),
        event_en=_line(english.event, TITLE) if english else "",
        headline=_text(korean.headline or korean.description),
        headline_en=_text((english.headline or english.description) if english else None),
        instruction=_text(korean.instruction),
        area=_line(", ".join(dict.fromkeys(one.desc for one in korean.areas)), TITLE),
        severity=SEVERITIES[min((i.severity for i in message.infos), key=_SEVERITY_ORDER.index)],
        certainty=CERTAINTIES[
            min((i.certainty for i in message.infos), key=_CERTAINTY_ORDER.index)
        ],
        category=korean.categories[0],
        code=clean(codes[0], 20) if codes else None,
        shapes=_shapes(message),
    )


def part_of(told: Told) -> AlertPart:
    """What agencies are told of it; large areas roughly, for messages are bounded."""
    shapes = told.shapes
    rough = (
        sum(len(one) for one in shapes.polygons) > MOST_TOLD_CORNERS
        or max(len(shapes.polygons), len(shapes.circles)) > MOST_TOLD
    )
    rings = [rectangle(Ring(one).bounds) for one in shapes.polygons] if rough else shapes.polygons
    rounds: tuple[tuple[float, float, float], ...] = shapes.circles
    if len(rings) > MOST_TOLD or len(rounds) > MOST_TOLD:
        around = _zone(shapes.polygons, shapes.circles).bounds
        assert around is not None, "it has shapes"
        rings, rounds = [rectangle(around)], ()
    return AlertPart(
        event=told.event,
        event_en=told.event_en,
        category=told.category,
        code=told.code,
        instruction=told.instruction[:500],
        area=told.area,
        polygons=tuple(tuple(one) for one in rings),
        circles=rounds,
        codes=shapes.codes,
        rough=rough,
    )


def zone_of(
    shapes: Shapes, named: Iterable[NamedArea], city: Area | None, cameras: Collection[str]
) -> tuple[Zone, str | None]:
    """The area, and what is to be said when it does not touch the city (else None).

    `cameras`: district codes of the cameras. Raises AreaError for what is not known, for no area
    at all, and for longitudes that stand first.
    """
    areas = list(named)
    names = {one.name: one for one in areas}
    unknown = [one for one in shapes.names if one not in names]
    if unknown:
        allowed = ", ".join(sorted(names)) or "routing.yaml has none"
        raise AreaError(f"names: there is no area {unknown[0]} (allowed: {allowed})")
    coded = [one for one in areas if any(within(one.code, code) for code in shapes.codes)]
    lost = [
        code
        for code in shapes.codes
        if not any(within(one, code) for one in (*(a.code for a in coded), *cameras))
    ]
    drawn = (*coded, *(names[one] for one in shapes.names))
    rings = [*shapes.polygons, *(one.polygon for one in drawn if one.polygon)]
    rounds = [*shapes.circles, *(one.circle for one in drawn if one.circle)]
    known = tuple(code for code in shapes.codes if code not in lost)
    if not (rings or rounds or known):
        if not lost:
            raise AreaError("area: has neither polygon, circle nor code; draw one")
        return Zone(), (
            f"area: the code {lost[0]} is of no camera and of no area of routing.yaml"
            f" (code); give the camera an area_code, or send a polygon"
        )
    # Before anything is reckoned: numbers beyond all measure have no span.
    _refuse_impossible(rings, rounds, city)
    zone = _zone(rings, rounds, known)
    return zone, None if known or _touches(zone, city) else _outside(zone, city)


def middle_of(zone: Zone, inside: Iterable[Point], city: Area | None) -> Point:
    """A point to rank by and to show: the middle of the area as far as it lies in the city."""
    bounds = zone.bounds
    if bounds is not None:
        if city is not None:
            low = city.nearest(Point(bounds.south, bounds.west))
            high = city.nearest(Point(bounds.north, bounds.east))
            bounds = Area(low.lat, low.lon, high.lat, high.lon)
        return Point((bounds.south + bounds.north) / 2, (bounds.west + bounds.east) / 2)
    held = list(inside)
    if not held:
        assert city is not None, "a district is known by its cameras"
        return Point((city.south + city.north) / 2, (city.west + city.east) / 2)
    return Point(sum(p.lat for p in held) / len(held), sum(p.lon for p in held) / len(held))


def _zone(
    rings: Iterable[tuple[tuple[float, float], ...]],
    rounds: Iterable[tuple[float, float, float]],
    codes: tuple[str, ...] = (),
) -> Zone:
    return Zone(
        tuple(Ring(one) for one in rings),
        tuple(Round(Point(lat, lon), radius) for lat, lon, radius in rounds),
        codes,
    )


def _refuse_impossible(
    rings: list[tuple[tuple[float, float], ...]],
    rounds: list[tuple[float, float, float]],
    city: Area | None,
) -> None:
    """Raises AreaError for what is no place on earth, or has its longitude first."""
    corners = [*(corner for ring in rings for corner in ring), *((a, b) for a, b, _ in rounds)]
    if city is not None and corners:
        mirrored = [(lon, lat) for lat, lon in corners]
        if any(city.holds(Point(*one)) for one in mirrored) and not any(
            city.holds(Point(*one)) for one in corners
        ):
            raise AreaError(
                "area: latitude and longitude are swapped: the other way round it lies in the"
                " city; the latitude must come first"
            )
    for lat, lon in corners:
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            raise AreaError(f"area: {lat:g}, {lon:g} is no place on earth (latitude, longitude)")


def _touches(zone: Zone, city: Area | None) -> bool:
    return city is None or zone.meets(rectangle(city))


def _outside(zone: Zone, city: Area | None) -> str:
    bounds = zone.bounds
    assert bounds is not None, "`zone_of` has looked"
    assert city is not None, "without one every area touches it"
    here = Point((city.south + city.north) / 2, (city.west + city.east) / 2)
    there = bounds.nearest(here)
    away = distance_m(city.nearest(there), there) / 1000
    return f"area: lies {away:.1f} km outside the city; no camera of ours sees it"


def _in_language(message: Alert, language: str) -> Info | None:
    # Left out it is en-US (CAP 1.2, 3.2.2).
    fitting = [one for one in message.infos if (one.language or "en-US").lower()[:2] == language]
    return fitting[0] if fitting else None


def _shapes(message: Alert) -> Shapes:
    areas = [area for info in message.infos for area in info.areas]
    polygons = dict.fromkeys(ring for area in areas for ring in area.polygons)
    circles = dict.fromkeys(
        (one.lat, one.lon, one.radius_km * 1000) for area in areas for one in area.circles
    )
    codes = dict.fromkeys(
        value for area in areas for name, value in area.geocodes if name == AREA_CODE
    )
    for code in codes:
        if not (len(code) == 10 and code.isascii() and code.isdecimal()):
            raise AreaError(f"geocode: {AREA_CODE} {code[:40]!r} must have ten digits")
    try:
        return Shapes(polygons=tuple(polygons), circles=tuple(circles), codes=tuple(codes))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AreaError(f"area: {where}: {first['msg']}") from None


def _text(text: str | None) -> str:
    return _line(text or "", TEXT)


def _line(text: str, length: int) -> str:
    return clean(" ".join(text.split()), length).strip()
