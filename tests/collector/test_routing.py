"""Who is told, why, and what a wrong table says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from collector.routing import Routing, Subject, load_routing, route
from collector.routing_file import RoutingFile
from collector.targets import Target
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
    position=(37.54, 126.74),
)
AREAS = [
    {"name": "north", "polygon": [[37.53, 126.73], [37.55, 126.73], [37.55, 126.75]]},
    {"name": "market", "circle": [37.545, 126.74, 600]},
    {"name": "harbour", "circle": [37.45, 126.6, 2000]},
]


def table(*routes: dict[str, object], otherwise: tuple[str, ...] = ()) -> Routing:
    return Routing.model_validate({"routes": list(routes), "otherwise": otherwise, "areas": AREAS})


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
        ({"areas": ["market"]}, True),
        ({"areas": ["harbour", "market"]}, True),
        ({"areas": ["harbour"]}, False),
        ({"hours": [{"from": "21:00", "to": "22:00"}]}, True),
        ({"hours": [{"from": "22:00", "to": "21:00"}]}, False),
        ({"hours": [{"from": "21:30", "to": "05:00", "days": ["sun"]}]}, True),
        ({"hours": [{"from": "21:30", "to": "05:00", "days": ["sat"]}]}, False),
    ],
)
def test_every_condition(conditions: dict[str, object], fits: bool) -> None:
    assert agencies(one(**conditions)) == (["police"] if fits else [])


@pytest.mark.parametrize(
    ("lat", "lon", "held"),
    [
        (37.545, 126.735, True),
        (37.535, 126.745, False),
        (37.551, 126.735, False),
        (37.545, 126.729, False),
    ],
)
def test_a_polygon_holds_what_lies_between_its_corners(lat: float, lon: float, held: bool) -> None:
    north = one(areas=["north"])
    assert bool(agencies(north, replace(SUBJECT, position=(lat, lon)))) == held
    assert agencies(north, replace(SUBJECT, position=None)) == []


def test_a_receiver_may_name_its_channel() -> None:
    routing = one(agencies=["police", "fire/cap"], channels=["webhook"])
    assert route(routing, SUBJECT, SEOUL).targets == (
        Target("police", "webhook"),
        Target("fire", "cap"),
    )


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    night = one(hours=[{"from": "22:00", "to": "05:00", "days": ["sun"]}])
    monday_3am = replace(SUBJECT, began_at=datetime(2026, 3, 1, 18, tzinfo=UTC))
    assert agencies(night, monday_3am) == ["police"]
    sunday_3am = replace(SUBJECT, began_at=datetime(2026, 2, 28, 18, tzinfo=UTC))
    assert agencies(night, sunday_3am) == []


def test_all_routes_that_fit_add_up_without_doubles() -> None:
    routing = table(
        {"name": "a", "agencies": ["police", "centre"]},
        {"name": "b", "agencies": ["centre", "fire"], "severities": ["moderate"]},
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
        ("routes: [{name: a, agencies: []}]", "tells nobody"),
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
        ("routes: [{name: a, agencies: [police/fax]}]", "agencies[0]: string should match"),
        ("routes: [{name: a, agencies: [fire/cap]}]", "fire has no endpoint for cap"),
        ("routes: [{name: a, agencies: [police], types: [intrusoin]}]", "did you mean 'intrusion'"),
        ("routes: [{name: a, agencies: [police], areas: [moon]}]", "there is no area moon"),
        ("routes: [{name: a, agencies: [police], groups: [zoo]}]", "no camera group zoo"),
        (
            "routes: [{name: a, agencies: [police]}, {name: b, agencies: [fire]}]",
            "routes a and b have the same conditions",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\n"
            "areas: [{name: n, circle: [126.7, 37.5, 100]}]",
            "longitude first; write [lat, lon]",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\nareas: [{name: n, polygon: [[37.5, 126.7]]}]",
            "at least three corners",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\n"
            "escalations: [{agency: police, within_s: 60, to: [sheriff]}]",
            "escalations[0].to: sheriff is not enrolled",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\n"
            "escalations: [{agency: police, within_s: 60, to: [centre, centre]}]",
            "names a rung twice",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\nescalations:\n"
            "  - {agency: police, within_s: 60, to: [centre]}\n"
            "  - {agency: police, within_s: 9, to: [fire], severities: [severe]}",
            "police is escalated in two ways",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\nendpoints:\n"
            "  - {agency: fire, channel: cap, url: 'http://x', sender: s, sender_name: s}",
            "must be https://",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\nendpoints:\n"
            "  - {agency: fire, channel: webhook, url: 'https://x', secret_file: none.txt}",
            "none.txt cannot be read",
        ),
        (
            "routes: [{name: a, agencies: [police]}]\nendpoints:\n"
            "  - {agency: fire, channel: cap, url: 'https://x', sender: a b, sender_name: s}",
            "endpoints[0].cap.sender",
        ),
        ("routes: [{name: a, agencies: [police]}]\notherwise: [nobody]", "nobody is not enrolled"),
    ],
)
def test_a_wrong_table_says_where_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_routing(path, AGENCIES, {"parks"})
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
