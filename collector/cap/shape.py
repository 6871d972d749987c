"""Which elements stand in a CAP 1.2 document, in which order and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Child:
    """An element within another; `many` may stand more than once."""

    name: str
    required: bool = False
    many: bool = False


def _children(text: str) -> tuple[Child, ...]:
    """`name` once, `name?` at most once, `name+` at least once, `name*` as often as wanted."""
    return tuple(
        Child(one.rstrip("?+*"), required=one[-1] not in "?*", many=one[-1] in "+*")
        for one in text.split()
    )


ALERT = _children(
    "identifier sender sent status msgType source? scope restriction? addresses? code* note?"
    " references? incidents? info*"
)
INFO = _children(
    "language? category+ event responseType* urgency severity certainty audience? eventCode*"
    " effective? onset? expires? senderName? headline? description? instruction? web? contact?"
    " parameter* resource* area*"
)
RESOURCE = _children("resourceDesc mimeType size? uri? derefUri? digest?")
AREA = _children("areaDesc polygon* circle* geocode* altitude? ceiling?")
PAIR = _children("valueName value")
