"""Who is told, why, and what a wrong table says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from collector.routing import Routing, Subject, Target, load_routing, route
from collector.routing_file import RoutingFile
from wire.settings import SettingsError

SEOUL = ZoneInfo("Asia/Seoul")
AGENCIES = ("police", "fire", "centre")
# A Sunday, 21:30 in Seoul.
SUBJECT = Subject(
    type="intrusion",
    severity="moderate",
    device="pole-001-1",
    camera="gate",
    group="parks",
    began_at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    drill=False,
)


def table(*routes: dict[str, object], otherwise: tuple[str, ...] = ()) -> Routing:
    return Routing.model_validate({"routes": list(routes), "otherwise": otherwise})


def one(**conditions: object) -> Routing:
    return table({"name": "one", "agencies": ["police"], **conditions})


def agencies(routing: Routing, subject: Subject = SUBJECT) -> list[str]:
    return [target.agency for target in route(routing, subject, SEOUL).targets]


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"types": ["intrusion", "fight"]}, True),
        ({"types": ["fire"]}, False),
        ({"severities": ["severe"]}, False),
        ({"cameras": ["pole-001-1/gate"]}, True),
        ({"cameras": ["pole-001-1/*"]}, True),
        ({"cameras": ["pole-002-1/*"]}, False),
        ({"groups": ["parks"]}, True),
        ({"groups": ["schools"]}, False),
        ({"hours": [{"from": "21:00", "to": "22:00"}]}, True),
        ({"hours": [{"from": "22:00", "to": "21:00"}]}, False),
        ({"hours": [{"from": "21:30", "to": "05:00", "days": ["sun"]}]}, True),
        ({"hours": [{"from": "21:30", "to": "05:00", "days": ["sat"]}]}, False),
    ],
)
def test_every_condition(conditions: dict[str, object], fits: bool) -> None:
    assert agencies(one(**conditions)) == (["police"] if fits else [])


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    night = one(hours=[{"from": "22:00", "to": "05:00", "days": ["sun"]}])
    monday_3am = replace(SUBJECT, began_at=datetime(2026, 3, 1, 18, tzinfo=UTC))
    assert agencies(night, monday_3am) == ["police"]
    sunday_3am = replace(SUBJECT, began_at=datetime(2026, 2, 28, 18, tzinfo=UTC))
    assert agencies(night, sunday_3am) == []


def test_all_routes_that_fit_add_up_without_doubles() -> None:
    routing = table(
        {"name": "a", "agencies": ["police", "centre"]},
        {"name": "b", "agencies": ["centre", "fire"]},
        otherwise=("fire",),
    )
    assert agencies(routing) == ["police", "centre", "fire"]


def test_what_fits_nothing_goes_to_the_rest() -> None:
    routing = table({"name": "a", "agencies": ["fire"], "types": ["fire"]}, otherwise=("centre",))
    assert route(routing, SUBJECT, SEOUL).targets == (Target("centre", "mqtt"),)


def test_a_drill_can_be_kept_off_a_route() -> None:
    assert agencies(one(drills=False), replace(SUBJECT, drill=True)) == []


def test_the_reason_names_the_condition_that_is_missed() -> None:
    reasons = route(one(types=["fire"]), SUBJECT, SEOUL).reasons
    assert reasons[0].missed == "type intrusion is none of fire"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("routes: [{name: a, agencies: [polce]}]", "polce is not enrolled (allowed: centre, fire"),
        ("routes: [{name: a, agencies: [police], tpyes: [x]}]", "did you mean 'types'"),
        ("routes: [{name: a, agencies: []}]", "at least 1 item"),
        ("routes: []", "at least 1 item"),
        ("routes: [{name: a, agencies: [police], severities: [bad]}]", "'minor', 'moderate'"),
        ("routes: [{name: a, agencies: [police], cameras: [gate]}]", "device/camera or device/*"),
        (
            "routes: [{name: a, agencies: [police], hours: [{from: 22:00, to: '05:00'}]}]",
            "quoted time",
        ),
        (
            "routes: [{name: a, agencies: [police]}, {name: a, agencies: [fire]}]",
            "stand twice: a",
        ),
        ("routes: [{name: a, agencies: [police], channels: [fax]}]", "'mqtt'"),
        ("routes: [{name: a, agencies: [police]}]\notherwise: [nobody]", "nobody is not enrolled"),
    ],
)
def test_a_wrong_table_says_where_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_routing(path, AGENCIES)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_changed_file_counts_at_once_and_a_broken_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"

    def write(*agencies: str) -> None:
        route = {"name": "a", "agencies": list(agencies)}
        path.write_text(yaml.safe_dump({"routes": [route]}))

    write("police")
    file = RoutingFile(path, lambda: AGENCIES)
    assert agencies(file.current()) == ["police"]
    write("police", "fire")
    assert agencies(file.current()) == ["police", "fire"]
    path.write_text("routes: [")
    assert agencies(file.current()) == ["police", "fire"]
    path.unlink()
    assert agencies(file.current()) == ["police", "fire"]
