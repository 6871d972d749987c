"""A CAP 1.2 document of somebody else's: bounded, without entities, each mistake named.

It accepts what the schema does, whatever stands in it: documents come from outside.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar, get_args
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from collector.cap import document, shape
from collector.cap.document import (
    NAMESPACE,
    Alert,
    Area,
    CapError,
    Circle,
    Info,
    Pair,
    Position,
    Reference,
    Resource,
)

MAX_BYTES = 1024 * 1024
MAX_POSITIONS = 20_000
"""Of all polygons together; a province's border on a map has a few thousand."""
MAX_AREAS = 500
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d{1,12}(\.\d{0,30})?|\.\d{1,30})", re.ASCII)
_NAMES = re.compile(r'"([^"]*)"|(\S+)')
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"

T = TypeVar("T")


def read_cap(text: bytes) -> Alert:
    """The document; raises CapError naming the element that is wrong and what it must be."""
    if len(text) > MAX_BYTES:
        raise CapError(f"the document has {len(text)} bytes; at most {MAX_BYTES} are read")
    root = _parse(text)
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise CapError(f"the document is a {root.tag[:120]!r}, not an alert of {NAMESPACE}")
    return _Reading().alert(root)


def _parse(text: bytes) -> Element:
    try:
        root: Element = ElementTree.fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise CapError(
            f"the document declares a DTD or entities ({type(error).__name__}); send it without"
        ) from None
    except ParseError as error:
        raise CapError(f"the document is no well-formed XML: {error}") from None
    except (ValueError, LookupError) as error:
        raise CapError(f"the document's encoding cannot be read: {str(error)[:120]}") from None
    return root


class _Reading:
    """One document; counts what must stay bounded over all of it."""

    def __init__(self) -> None:
        self._positions = 0
        self._areas = 0

    def alert(self, root: Element) -> Alert:
        at = _Children(root, shape.ALERT, "alert")
        return Alert(
            identifier=at.name("identifier"),
            sender=at.name("sender"),
            sent=at.one("sent", _time),
            status=at.one("status", _one_of(document.Status)),
            msg_type=at.one("msgType", _one_of(document.MsgType)),
            scope=at.one("scope", _one_of(document.Scope)),
            source=at.maybe("source"),
            restriction=at.maybe("restriction"),
            addresses=tuple(_names(at.maybe("addresses") or "")),
            codes=tuple(at.all("code", str)),
            note=at.maybe("note"),
            references=at.one("references", _references) if at.has("references") else (),
            incidents=tuple(_names(at.maybe("incidents") or "")),
            infos=tuple(self._info(one, path) for one, path in at.elements("info")),
        )

    def _info(self, element: Element, path: str) -> Info:
        at = _Children(element, shape.INFO, path)
        return Info(
            language=at.maybe("language"),
            categories=tuple(at.all("category", _one_of(document.Category))),
            event=at.text("event"),
            response_types=tuple(at.all("responseType", _one_of(document.ResponseType))),
            urgency=at.one("urgency", _one_of(document.Urgency)),
            severity=at.one("severity", _one_of(document.CapSeverity)),
            certainty=at.one("certainty", _one_of(document.CapCertainty)),
            audience=at.maybe("audience"),
            event_codes=tuple(_pair(*one) for one in at.elements("eventCode")),
            effective=at.time("effective"),
            onset=at.time("onset"),
            expires=at.time("expires"),
            sender_name=at.maybe("senderName"),
            headline=at.maybe("headline"),
            description=at.maybe("description"),
            instruction=at.maybe("instruction"),
            web=at.maybe("web"),
            contact=at.maybe("contact"),
            parameters=tuple(_pair(*one) for one in at.elements("parameter")),
            resources=tuple(_resource(*one) for one in at.elements("resource")),
            areas=tuple(self._area(*one) for one in at.elements("area")),
        )

    def _area(self, element: Element, path: str) -> Area:
        self._areas += 1
        if self._areas > MAX_AREAS:
            raise CapError(f"{path}: more than {MAX_AREAS} areas in one document")
        at = _Children(element, shape.AREA, path)
        return Area(
            desc=at.text("areaDesc"),
            polygons=tuple(at.all("polygon", self._polygon)),
            circles=tuple(at.all("circle", _circle)),
            geocodes=tuple(_pair(*one) for one in at.elements("geocode")),
            altitude=at.one("altitude", _number) if at.has("altitude") else None,
            ceiling=at.one("ceiling", _number) if at.has("ceiling") else None,
        )

    def _polygon(self, text: str) -> tuple[Position, ...]:
        parts = text.split()
        self._positions += len(parts)
        if self._positions > MAX_POSITIONS:
            raise CapError(f"more than {MAX_POSITIONS} positions in one document; simplify it")
        if len(parts) < 4:
            raise CapError(f"has {len(parts)} positions; a polygon has at least four")
        found = tuple(_position(one) for one in parts)
        if found[0] != found[-1]:
            raise CapError("is not closed: its first position must also be its last")
        return found


class _Children:
    """The elements within one, in the order and number that the schema permits."""

    def __init__(self, element: Element, children: Sequence[shape.Child], path: str) -> None:
        self._path = path
        self._found: dict[str, list[Element]] = {}
        order = {child.name: number for number, child in enumerate(children)}
        last = 0
        for one in element:
            if path == "alert" and one.tag.startswith(_SIGNATURE):
                continue
            name = one.tag.removeprefix(f"{{{NAMESPACE}}}")
            if name not in order or name == one.tag:
                raise CapError(
                    f"{path}: has an element {one.tag[:80]!r} that CAP 1.2 does not know"
                )
            if order[name] < last:
                raise CapError(
                    f"{path}/{name}: stands behind {children[last].name}; mend the order"
                )
            last = order[name]
            self._found.setdefault(name, []).append(one)
        for child in children:
            count = len(self._found.get(child.name, ()))
            if child.required and not count:
                raise CapError(f"{path}/{child.name}: is missing")
            if count > 1 and not child.many:
                raise CapError(f"{path}/{child.name}: stands {count} times; once is permitted")

    def has(self, name: str) -> bool:
        return name in self._found

    def elements(self, name: str) -> list[tuple[Element, str]]:
        """Elements that hold others, with their path."""
        found = self._found.get(name, [])
        return [(one, f"{self._path}/{name}[{n}]") for n, one in enumerate(found, 1)]

    def all(self, name: str, read: Callable[[str], T]) -> list[T]:
        return [self._read(one, path, read) for one, path in self.elements(name)]

    def one(self, name: str, read: Callable[[str], T]) -> T:
        return self._read(self._found[name][0], f"{self._path}/{name}", read)

    def text(self, name: str) -> str:
        return self.one(name, str)

    def maybe(self, name: str) -> str | None:
        return self.one(name, str) if name in self._found else None

    def name(self, name: str) -> str:
        """As `identifier` and `sender` must be."""
        return self.one(name, _name)

    def time(self, name: str) -> datetime | None:
        return self.one(name, _time) if name in self._found else None

    @staticmethod
    def _read(element: Element, path: str, read: Callable[[str], T]) -> T:
        if len(element):
            raise CapError(f"{path}: must hold text, not {element[0].tag[:80]!r}")
        try:
            return read((element.text or "").strip())
        except CapError as error:
            raise CapError(f"{path}: {error}") from None


def _name(text: str) -> str:
    if not text or re.search(r"[\s,<&]", text):
        raise CapError(f"{text[:80]!r} must be one word without comma, < or &")
    return text


def _one_of(literal: Any) -> Callable[[str], Any]:
    allowed = get_args(literal)

    def read(text: str) -> Any:
        if text not in allowed:
            raise CapError(f"{text[:40]!r} is none of {', '.join(allowed)}")
        return text

    return read


def _time(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise CapError(f"{text[:40]!r} must be a time such as 2026-03-01T21:30:00+09:00")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise CapError(f"{text} is no time: {error}") from None


def _references(text: str) -> tuple[Reference, ...]:
    found = []
    for one in text.split():
        parts = one.split(",")
        if len(parts) != 3:
            raise CapError(f"{one[:120]!r} must be sender,identifier,sent")
        found.append(Reference(_name(parts[0]), _name(parts[1]), _time(parts[2])))
    return tuple(found)


def _names(text: str) -> list[str]:
    return [quoted or plain for quoted, plain in _NAMES.findall(text) if quoted or plain]


def _pair(element: Element, path: str) -> Pair:
    at = _Children(element, shape.PAIR, path)
    return at.text("valueName"), at.text("value")


def _resource(element: Element, path: str) -> Resource:
    at = _Children(element, shape.RESOURCE, path)
    return Resource(
        desc=at.text("resourceDesc"),
        mime_type=at.text("mimeType"),
        size=at.one("size", _size) if at.has("size") else None,
        uri=at.maybe("uri"),
        deref_uri=at.maybe("derefUri"),
        digest=at.maybe("digest"),
    )


def _size(text: str) -> int:
    if not re.fullmatch(r"[-+]?\d{1,18}", text, re.ASCII):
        raise CapError(f"{text[:40]!r} must be a whole number of bytes")
    return int(text)


def _circle(text: str) -> Circle:
    parts = text.split()
    if len(parts) != 2:
        raise CapError(f"{text[:80]!r} must be lat,lon radius")
    lat, lon = _position(parts[0])
    radius = _number(parts[1])
    if not 0 <= radius <= 20_100:
        raise CapError(f"{parts[1][:40]!r} must be kilometres, from 0 to half around the earth")
    return Circle(lat, lon, radius)


def _position(text: str) -> Position:
    parts = text.split(",")
    if len(parts) != 2:
        raise CapError(f"{text[:80]!r} must be lat,lon")
    lat, lon = _number(parts[0]), _number(parts[1])
    if abs(lat) > 90 and abs(lon) <= 90 and abs(lat) <= 180:
        raise CapError(f"{text[:80]} has its longitude first; the latitude must come first")
    if abs(lat) > 90 or abs(lon) > 180:
        raise CapError(f"{text[:80]} is no position: latitude to 90, longitude to 180 degrees")
    return lat, lon


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise CapError(f"{text[:40]!r} must be a plain decimal number")
    value = float(text)
    assert math.isfinite(value)
    return value
