"""Plates: a vehicle whose plate is on a list, or, for a local profile, any that is read in a zone.

What is on no list stays on the box: such findings are for `analyze` and the box's own diary.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from edge_agent.rules.geometry import inside, stance
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Finding, Passage, PlateHit, Sighting
from wire.camera_rules import RuleSpec, ZoneSpec

LINGER_S: Final = 3.0
"""How long a finding stays open after its vehicle was last seen."""

_MOST_OPEN: Final = 64
_MOST_TOLD: Final = 256


@dataclass(slots=True)
class _Open:
    finding: Finding
    track: int
    last_s: float


class Plate:
    """Opens once for every passage and list that it is on; closes when the vehicle is gone."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec | None, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._polygon = None if zone is None else zone.polygon
        self._schedule = schedule
        self._open: list[_Open] = []
        self._told: dict[tuple[str, str], float] = {}
        """When a plate was last told, by list and text."""
        self._now = -math.inf

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        said = []
        if now < self._now:
            said += [self._closed(one) for one in self._open]
            self._open.clear()
            self._told.clear()
        self._now = now
        said += self._close(sighting)
        if self._schedule.armed(sighting.wall):
            for passage in sighting.passages:
                said += self._begin(passage, now)
        return tuple(said)

    def _begin(self, passage: Passage, now: float) -> Iterable[Finding]:
        """One finding for each list that it met; a local profile has one, without any list."""
        if passage.track.box.h < self._spec.min_height or not self._in_zone(passage):
            return
        hits: list[PlateHit | None] = [None]
        if self._spec.plates == "listed":
            hits = [hit for hit in passage.hits if self._heeds(hit)]
        for hit in hits:
            name = ("", passage.read.text) if hit is None else (hit.list_id, hit.listed)
            rested = now - self._told.get(name, -math.inf) >= self._spec.cooldown_s
            if not rested or len(self._open) >= _MOST_OPEN:
                continue
            self._told = {key: at for key, at in self._told.items() if now - at < 86_400}
            if len(self._told) >= _MOST_TOLD:
                self._told.pop(min(self._told, key=lambda key: self._told[key]))
            self._told[name] = now
            finding = self._finding(passage, hit, now)
            kept = None if finding.plate is None else finding.plate.lighter()
            self._open.append(_Open(replace(finding, plate=kept), passage.track.id, now))
            yield finding

    def _heeds(self, hit: PlateHit) -> bool:
        listed = not self._spec.lists or hit.list_id in self._spec.lists
        meant = self._spec.near_matches or not hit.near
        return listed and meant and hit.certainty >= self._spec.min_certainty

    def _in_zone(self, passage: Passage) -> bool:
        # Not the box's lower edge: a zone that ends with the picture does not hold it.
        _, middle, _ = stance(passage.track.box)
        return self._polygon is None or inside(middle, self._polygon)

    def _finding(self, passage: Passage, hit: PlateHit | None, now: float) -> Finding:
        return Finding(
            key=f"{passage.id}-{'' if hit is None else hit.list_id}",
            rule=self._spec.id,
            type=self._spec.type,
            phase="open",
            start_s=passage.start_s,
            alarm_s=now,
            end_s=None,
            confidence=passage.read.confidence if hit is None else hit.certainty,
            severity=self._spec.graded,
            zone=self._spec.zone,
            tracks=(passage.track,),
            box=passage.box,
            plate=replace(passage, hits=() if hit is None else (hit,)),
        )

    def _close(self, sighting: Sighting) -> list[Finding]:
        seen = {track.id for track in sighting.tracks if track.seen}
        for one in self._open:
            if one.track in seen:
                one.last_s = sighting.media_s
        over = [one for one in self._open if sighting.media_s - one.last_s > LINGER_S]
        self._open = [one for one in self._open if one not in over]
        return [self._closed(one) for one in over]

    def _closed(self, one: _Open) -> Finding:
        end_s = max(one.last_s, one.finding.alarm_s)
        return replace(one.finding, phase="close", end_s=end_s)
