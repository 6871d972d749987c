"""A plate as it stands in an event: only of what is on a list."""

from __future__ import annotations

import base64

from edge_agent.plates.crop import crop_jpeg
from edge_agent.plates.types import PlateRead
from edge_agent.scene import Passage
from wire.event import PlatePart


def plate_part(passage: Passage) -> PlatePart:
    """The read with the surest list that it met.

    Raises ValueError for a passage that is on no list: nothing of it leaves the pole.
    """
    if not passage.hits:
        raise ValueError("a plate that is on no list never leaves the pole")
    hit, read = passage.hits[0], passage.read
    return PlatePart(
        text=read.text,
        type=read.type,
        confidence=min(1.0, max(0.0, read.confidence)),
        chances=_chances(read),
        color=read.colour,
        list_id=hit.list_id,
        near_match=hit.near,
        listed=hit.listed,
        list_owner=hit.owner,
        list_purpose=hit.purpose,
        certainty=min(1.0, max(0.0, hit.certainty)),
        direction=passage.direction,
        speed=passage.speed,
        looks=passage.looks,
        crop=base64.b64encode(crop_jpeg(passage.crop)).decode(),
    )


def _chances(read: PlateRead) -> tuple[float, ...]:
    """Of each character of the text that it is right; a hyphen stands in the text only.

    Empty where the places do not spell the text.
    """
    spelled = [
        (one, place.best.probability) for place in read.characters for one in place.best.text
    ]
    if "".join(one for one, _ in spelled) != read.text.replace("-", ""):
        return ()
    left = iter(spelled)
    found = [1.0 if one == "-" else next(left)[1] for one in read.text]
    return tuple(round(min(1.0, max(0.0, chance)), 3) for chance in found)
