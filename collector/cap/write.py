"""A CAP 1.2 document as XML. Times keep the offset that they come with, and never end in Z."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from collector.cap.document import NAMESPACE, Alert, Area, CapError, Info, Pair, Reference, Resource

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_A_NAME = re.compile(r"[\s,<&]")


def write_cap(alert: Alert) -> bytes:
    """UTF-8 XML, valid against the schema; raises CapError for what CAP 1.2 does not permit."""
    _check(alert)
    root = Element("alert", {"xmlns": NAMESPACE})
    _texts(
        root,
        ("identifier", alert.identifier),
        ("sender", alert.sender),
        ("sent", time_text(alert.sent)),
        ("status", alert.status),
        ("msgType", alert.msg_type),
        ("source", alert.source),
        ("scope", alert.scope),
        ("restriction", alert.restriction),
        ("addresses", _quoted(alert.addresses)),
        *(("code", code) for code in alert.codes),
        ("note", alert.note),
        ("references", " ".join(reference_text(one) for one in alert.references) or None),
        ("incidents", _quoted(alert.incidents)),
    )
    for info in alert.infos:
        _info(SubElement(root, "info"), info)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def time_text(at: datetime) -> str:
    """`2026-03-01T21:30:00+09:00`; raises CapError for a time without offset."""
    if at.utcoffset() is None:
        raise CapError("a time without offset cannot stand in a CAP document")
    return at.isoformat(timespec="seconds")


def _time_or_none(at: datetime | None) -> str | None:
    return None if at is None else time_text(at)


def reference_text(one: Reference) -> str:
    return f"{one.sender},{one.identifier},{time_text(one.sent)}"


def _check(alert: Alert) -> None:
    for name, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not value or _NOT_A_NAME.search(value):
            raise CapError(f"{name}: {value[:80]!r} must have no space, comma, < or &")
    if alert.msg_type != "Alert" and not alert.references:
        raise CapError(f"references: a {alert.msg_type} must name the message that it is about")
    if alert.scope == "Restricted" and not alert.restriction:
        raise CapError("restriction: must say to whom a Restricted message may go")
    if alert.scope == "Private" and not alert.addresses:
        raise CapError("addresses: must name the receivers of a Private message")


def _info(element: Element, info: Info) -> None:
    _texts(
        element,
        ("language", info.language),
        *(("category", category) for category in info.categories),
        ("event", info.event),
        *(("responseType", response) for response in info.response_types),
        ("urgency", info.urgency),
        ("severity", info.severity),
        ("certainty", info.certainty),
        ("audience", info.audience),
    )
    _pairs(element, "eventCode", info.event_codes)
    _texts(
        element,
        ("effective", _time_or_none(info.effective)),
        ("onset", _time_or_none(info.onset)),
        ("expires", _time_or_none(info.expires)),
        ("senderName", info.sender_name),
        ("headline", info.headline),
        ("description", info.description),
        ("instruction", info.instruction),
        ("web", info.web),
        ("contact", info.contact),
    )
    _pairs(element, "parameter", info.parameters)
    for resource in info.resources:
        _resource(SubElement(element, "resource"), resource)
    for area in info.areas:
        _area(SubElement(element, "area"), area)


def _resource(element: Element, one: Resource) -> None:
    _texts(
        element,
        ("resourceDesc", one.desc),
        ("mimeType", one.mime_type),
        ("size", None if one.size is None else str(one.size)),
        ("uri", one.uri),
        ("derefUri", one.deref_uri),
        ("digest", one.digest),
    )


def _area(element: Element, area: Area) -> None:
    _texts(
        element,
        ("areaDesc", area.desc),
        *(("polygon", _positions(polygon)) for polygon in area.polygons),
        *(
            ("circle", f"{_positions([(one.lat, one.lon)])} {_number(one.radius_km)}")
            for one in area.circles
        ),
    )
    _pairs(element, "geocode", area.geocodes)
    _texts(
        element,
        ("altitude", None if area.altitude is None else _number(area.altitude)),
        ("ceiling", None if area.ceiling is None else _number(area.ceiling)),
    )


def _positions(polygon: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_number(lat)},{_number(lon)}" for lat, lon in polygon)


def _number(value: float) -> str:
    """Without exponent; seven decimals are a centimetre."""
    return f"{value:.7f}".rstrip("0").rstrip(".")


def _pairs(element: Element, name: str, pairs: Iterable[Pair]) -> None:
    for value_name, value in pairs:
        _texts(SubElement(element, name), ("valueName", value_name), ("value", value))


def _texts(parent: Element, *texts: tuple[str, str | None]) -> None:
    for name, text in texts:
        if text is not None:
            SubElement(parent, name).text = _NOT_XML.sub("\ufffd", text)


def _quoted(names: Iterable[str]) -> str | None:
    """Names with a space in quotes, as `addresses` and `incidents` want them."""
    return " ".join(f'"{one}"' if " " in one else one for one in names) or None
