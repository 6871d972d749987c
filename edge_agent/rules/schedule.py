"""When a rule is armed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from wire.camera_rules import WEEKDAYS, ScheduleSpec


class Schedule:
    """Spans of the week in the site's time zone; without any span, always."""

    def __init__(self, spans: Sequence[ScheduleSpec], site_zone: tzinfo) -> None:
        self._spans = tuple((span, span.begins_on) for span in spans)
        self._site_zone = site_zone

    def armed(self, wall: datetime) -> bool:
        """Whether the rule is armed at `wall` (timezone-aware)."""
        if not self._spans:
            return True
        local = wall.astimezone(self._site_zone)
        yesterday = local - timedelta(days=1)
        clock = local.time()
        for span, season in self._spans:
            if span.start < span.end:
                if _begins(span, season, local) and span.start <= clock < span.end:
                    return True
            elif (_begins(span, season, local) and clock >= span.start) or (
                _begins(span, season, yesterday) and clock < span.end
            ):
                return True
        return False


def _begins(span: ScheduleSpec, season: frozenset[str], day: datetime) -> bool:
    return WEEKDAYS[day.weekday()] in span.days and f"{day:%m-%d}" in season
