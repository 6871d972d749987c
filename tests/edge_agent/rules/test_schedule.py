"""Schedules: weekdays and times in the site's zone, over midnight too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from edge_agent.rules.schedule import Schedule
from tests.edge_agent.rules.driving import SEOUL
from wire.camera_rules import ScheduleSpec
from wire.rule_profiles import FIRE_SEASONS


def schedule(*spans: dict[str, Any]) -> Schedule:
    return Schedule([ScheduleSpec.model_validate(span) for span in spans], SEOUL)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL).astimezone(UTC)


def test_without_a_span_always() -> None:
    assert schedule().armed(at("2026-06-01T03:00"))


@pytest.mark.parametrize(
    ("moment", "armed"),
    [
        ("2026-06-01T08:59:59", False),
        ("2026-06-01T09:00:00", True),
        ("2026-06-01T17:59:59", True),
        ("2026-06-01T18:00:00", False),
        ("2026-06-02T12:00:00", False),
    ],
)
def test_a_span_of_one_day_is_open_at_its_end(moment: str, armed: bool) -> None:
    office = schedule({"days": ["mon"], "from": "09:00", "to": "18:00"})
    assert office.armed(at(moment)) is armed


@pytest.mark.parametrize(
    ("moment", "armed"),
    [
        ("2026-06-05T21:59", False),
        ("2026-06-05T22:00", True),
        ("2026-06-06T04:59", True),
        ("2026-06-06T05:00", False),
        ("2026-06-06T23:00", False),
        ("2026-06-05T03:00", False),
    ],
)
def test_a_span_over_midnight_belongs_to_the_day_it_begins_on(moment: str, armed: bool) -> None:
    friday_night = schedule({"days": ["fri"], "from": "22:00", "to": "05:00"})
    assert friday_night.armed(at(moment)) is armed


def test_equal_ends_mean_a_whole_day() -> None:
    day = schedule({"days": ["mon"], "from": "06:00", "to": "06:00"})
    assert not day.armed(at("2026-06-01T05:59"))
    assert day.armed(at("2026-06-01T06:00"))
    assert day.armed(at("2026-06-02T05:59"))
    assert not day.armed(at("2026-06-02T06:00"))


def test_several_spans_add_up() -> None:
    both = schedule(
        {"days": ["mon"], "from": "09:00", "to": "10:00"},
        {"days": ["tue"], "from": "09:00", "to": "10:00"},
    )
    assert both.armed(at("2026-06-01T09:30"))
    assert both.armed(at("2026-06-02T09:30"))
    assert not both.armed(at("2026-06-03T09:30"))


def test_the_clock_of_the_site_counts_not_the_machines() -> None:
    night = schedule({"from": "22:00", "to": "05:00"})
    assert night.armed(datetime(2026, 6, 1, 14, 0, tzinfo=UTC))
    assert night.armed(datetime(2026, 6, 1, 9, 30, tzinfo=ZoneInfo("America/New_York")))
    assert not night.armed(datetime(2026, 6, 1, 22, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "armed"),
    [
        ("2026-01-31T23:59", False),
        ("2026-02-01T00:00", True),
        ("2026-05-15T23:59", True),
        ("2026-05-16T00:00", False),
        ("2026-10-31T12:00", False),
        ("2026-11-01T00:00", True),
        ("2026-12-16T00:00", False),
    ],
)
def test_forests_are_watched_in_their_seasons(moment: str, armed: bool) -> None:
    assert schedule(*FIRE_SEASONS).armed(at(moment)) is armed


@pytest.mark.parametrize(
    ("moment", "armed"),
    [
        ("2026-12-15T23:00", True),
        ("2027-02-28T23:00", True),
        ("2027-03-01T05:59", True),
        ("2027-03-01T22:00", False),
        ("2026-07-01T23:00", False),
    ],
)
def test_a_season_may_run_over_new_year_and_its_last_night_to_the_end(
    moment: str, armed: bool
) -> None:
    winter = schedule({"from": "22:00", "to": "06:00", "season": ["12-01", "02-28"]})
    assert winter.armed(at(moment)) is armed


@pytest.mark.parametrize("day", ["13-01", "02-30", "2-1", "Feb 1"])
def test_what_is_no_day_of_a_year_is_refused(day: str) -> None:
    with pytest.raises(ValidationError, match="season"):
        ScheduleSpec.model_validate({"from": "00:00", "to": "00:00", "season": [day, "05-15"]})
