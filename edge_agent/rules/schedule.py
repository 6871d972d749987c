"""When a rule is armed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from wire.camera_rules import WEEKDAYS, ScheduleSpec


class Schedule:
    """Spans of the week in the site's time zone; without any span, always."""

    def __init__(self, spans: Sequence[ScheduleSpec], site_zone: tzinfo) -> None:
        self._spans = tuple(spans)
        self._site_zone = site_zone

    def armed(self, wall: datetime) -> bool:
        """Whether the rule is armed at `wall` (timezone-aware)."""
        if not self._spans:
            return True
        local = wall.astimezone(self._site_zone)
        today = WEEKDAYS[local.weekday()]
        yesterday = WEEKDAYS[(local - timedelta(days=1)).weekday()]
        clock = local.time()
        for span in self._spans:
            if span.start < span.end:
                if today in span.days and span.start <= clock < span.end:
                    return True
            elif (today in span.days and clock >= span.start) or (
                yesterday in span.days and clock < span.end
            ):
                return True
        return False
