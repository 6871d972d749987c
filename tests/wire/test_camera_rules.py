"""What a camera's owner may write, and what is answered to what may not be written."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.rules.base import build_rules
from tests.edge_agent.rules.driving import SEOUL, YARD
from tests.edge_agent.rules.driving import document as asking
from wire.camera_rules import RULE_TYPES, CameraRules

ZONE = {"id": "yard", "polygon": YARD}
RULE = {"id": "r", "type": "intrusion", "zone": "yard"}


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as raised:
        CameraRules.model_validate(document)
    return str(raised.value)


def test_the_documented_example_is_read() -> None:
    rules = CameraRules.model_validate(
        {
            "zones": [{"id": "yard", "polygon": [[0.0, 0.66], [0.34, 0.66], [0.34, 1.0]]}],
            "lines": [{"id": "gate", "points": [[0.2, 0.5], [0.6, 0.5]]}],
            "rules": [
                {"id": "yard-intrusion", "type": "intrusion", "zone": "yard"},
                {
                    "id": "yard-loiter",
                    "type": "loitering",
                    "zone": "yard",
                    "seconds": 10,
                    "schedule": [{"days": ["mon", "fri"], "from": "22:00", "to": "05:00"}],
                    "severity": "minor",
                    "cooldown_s": 60,
                    "min_height": 0.05,
                },
            ],
        }
    )
    assert [built.id for built in build_rules(rules, SEOUL)] == ["yard-intrusion", "yard-loiter"]


def test_nothing_asked_for_is_allowed() -> None:
    assert build_rules(CameraRules(), SEOUL) == ()


def test_an_unknown_zone_is_answered_with_those_that_exist() -> None:
    other = ZONE | {"id": "gate"}
    message = refusal({"zones": [ZONE, other], "rules": [RULE | {"zone": "garden"}]})
    assert "rule 'r': there is no zone 'garden'; the zones are: yard, gate" in message


def test_a_zone_needed_is_asked_for() -> None:
    rule = {"id": "r", "type": "intrusion"}
    assert "a rule of the type 'intrusion' needs a zone" in refusal({"rules": [rule]})


@pytest.mark.parametrize("kind", RULE_TYPES)
def test_every_type_can_be_built(kind: str) -> None:
    rules = CameraRules.model_validate(asking({"type": kind}))
    assert len(build_rules(rules, SEOUL)) == 1


@pytest.mark.parametrize("kind", ["zones", "rules"])
def test_two_of_the_same_name_are_refused(kind: str) -> None:
    document: dict[str, list[Any]] = {"zones": [ZONE], "rules": [RULE]}
    document[kind] = document[kind] * 2
    assert f"two {kind[:-1]}s are called" in refusal(document)


@pytest.mark.parametrize(
    ("spoiled", "hint"),
    [
        ({"zone": "Yard"}, "zone"),
        ({"colour": "red"}, "colour"),
        ({"seconds": 5}, "takes no seconds"),
        ({"line": "gate"}, "takes no line"),
        ({"cooldown_s": -1}, "cooldown_s"),
        ({"cooldown_s": float("nan")}, "cooldown_s"),
        ({"min_height": 1.5}, "min_height"),
        ({"severity": "grave"}, "severity"),
        ({"labels": []}, "labels"),
        ({"labels": ["ghost"]}, "labels"),
        ({"schedule": [{"from": "25:00", "to": "05:00"}]}, "from"),
        ({"schedule": [{"from": "22:00"}]}, "to"),
        ({"schedule": [{"days": ["monday"], "from": "22:00", "to": "05:00"}]}, "days"),
        ({"schedule": [{"from": "22:00+09:00", "to": "05:00"}]}, "without an offset"),
    ],
)
def test_a_wrong_setting_of_a_rule_is_named(spoiled: dict[str, Any], hint: str) -> None:
    assert hint in refusal({"zones": [ZONE], "rules": [RULE | spoiled]})


@pytest.mark.parametrize(
    "polygon",
    [
        [[0, 0], [1, 1]],
        [[0, 0], [0.5, 0.5], [1, 1]],
        [[0, 0], [2, 0], [0, 2]],
        [[0, 0], [0.5, float("nan")], [1, 0]],
        [[0.5, 0.5]] * 3,
        [[0, 0]] * 65,
    ],
)
def test_a_polygon_that_is_none_is_refused(polygon: list[list[float]]) -> None:
    assert "polygon" in refusal({"zones": [{"id": "yard", "polygon": polygon}]})


def test_a_line_that_leads_nowhere_is_refused() -> None:
    line = {"id": "gate", "points": [[0.5, 0.5], [0.5, 0.5]]}
    assert "two points in a row are the same" in refusal({"lines": [line]})


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ({"type": "line_crossing"}, "'line_crossing' needs a line"),
        ({"type": "line_crossing", "line": "gate", "zone": "yard"}, "takes no zone: the line says"),
        ({"type": "line_crossing", "line": "gate", "direction": "north"}, "'left_to_right'"),
        ({"type": "line_crossing", "line": "door"}, "no line 'door'; the lines are: gate"),
        ({"type": "line_crossing", "line": "gate", "seconds": 3}, "takes no seconds"),
        ({"type": "wrong_way"}, "needs a zone with a direction, or a line along the road"),
        ({"type": "wrong_way", "zone": "yard"}, "the zone 'yard' has no direction; give it an"),
        ({"type": "wrong_way", "zone": "street", "line": "gate"}, "leave one out"),
        (
            {"type": "wrong_way", "zone": "street", "direction": "both"},
            "takes no direction; give it to the zone as an arrow",
        ),
        ({"type": "crowd"}, "'crowd' needs a zone"),
        ({"type": "crowd", "zone": "yard", "count": 1}, "count"),
        ({"type": "loitering", "zone": "yard", "count": 3}, "takes no count"),
        ({"type": "stopped_vehicle"}, "'stopped_vehicle' needs a zone"),
        (
            {"type": "stopped_vehicle", "zone": "yard", "labels": ["person"]},
            "takes vehicles only as labels: car, bus, truck, motorcycle, bicycle",
        ),
        ({"type": "tamper", "zone": "yard"}, "takes no zone: it is about the whole picture"),
        ({"type": "tamper", "min_height": 0.1}, "takes no min_height"),
        ({"type": "tamper", "line": "gate"}, "takes no line"),
        ({"type": "fight", "line": "gate"}, "takes no line"),
    ],
)
def test_what_a_type_needs_and_does_not_take_is_said(rule: dict[str, Any], hint: str) -> None:
    given = asking({"type": "intrusion"}) | {"rules": [{"id": "r"} | rule]}
    assert hint in refusal(given)


def test_an_arrow_without_a_length_is_refused() -> None:
    zone = ZONE | {"direction": [[0.5, 0.5], [0.5, 0.501]]}
    assert "draw it over at least 0.01 of the frame" in refusal({"zones": [zone]})


def test_what_is_left_out_depends_on_the_type() -> None:
    kinds = ("line_crossing", "crowd", "stopped_vehicle", "wrong_way", "tamper")
    rules = CameraRules.model_validate(
        asking(*({"id": k.replace("_", "-"), "type": k} for k in kinds))
    ).rules
    assert [rule.rest_s for rule in rules] == [0, 10, 10, 10, 10]
    assert [rule.lasting_s for rule in rules] == [0, 5, 60, 1, 5]
    assert [rule.heeded[0] for rule in rules] == ["person", "person", "car", "car", "person"]
    assert rules[1].crowd == 5


def test_every_setting_explains_itself() -> None:
    for name, model in CameraRules.model_json_schema()["$defs"].items():
        for key, setting in model["properties"].items():
            assert setting.get("description"), f"{name}.{key} has no description"
