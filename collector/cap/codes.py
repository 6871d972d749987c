"""What each type of incident is in CAP and in the Korean event codes (DOMAIN §5)."""

from __future__ import annotations

from dataclasses import dataclass

from collector.cap.document import CapCertainty, CapSeverity, Category, Urgency
from collector.store.rows import Certainty
from wire.event import Severity

KOREA = "대한민국정부1.2"
"""`code` of Korean government messages."""
EVENT_CODE = "KR.eventCode"
AREA_CODE = "행정구역코드"
"""`valueName` of a ten-digit district code."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Category, Korean event code, and how soon somebody must act."""

    category: Category
    code: str
    urgency: Urgency


KINDS: dict[str, Kind] = {
    "fire": Kind("Fire", "FRW", "Immediate"),
    "smoke": Kind("Fire", "FRW", "Immediate"),
    "fall": Kind("Health", "CEM", "Immediate"),
    "fight": Kind("Security", "LEW", "Immediate"),
    "intrusion": Kind("Security", "LEW", "Immediate"),
    "plate": Kind("Security", "LEW", "Immediate"),
    "abandonment": Kind("Security", "LAE", "Expected"),
    "loitering": Kind("Security", "ADR", "Expected"),
    "dumping": Kind("Env", "ADR", "Expected"),
    "sos": Kind("Rescue", "CEM", "Immediate"),
    # An alert carries its own category and code; these stand where it names none.
    "disaster": Kind("Other", "ADR", "Immediate"),
    # The table of the domain ends here; these are ours.
    "crowd": Kind("Safety", "ADR", "Expected"),
    "line_crossing": Kind("Security", "ADR", "Expected"),
    "stopped_vehicle": Kind("Transport", "ADR", "Expected"),
    "tamper": Kind("Security", "ADR", "Expected"),
    "wrong_way": Kind("Transport", "ADR", "Immediate"),
}
UNKNOWN = Kind("Other", "ADR", "Unknown")
"""A type that is not known yet is told all the same."""

SEVERITIES: dict[Severity, CapSeverity] = {
    "minor": "Minor",
    "moderate": "Moderate",
    "severe": "Severe",
}
CERTAINTIES: dict[Certainty, CapCertainty] = {
    "possible": "Possible",
    "likely": "Likely",
    "observed": "Observed",
}
