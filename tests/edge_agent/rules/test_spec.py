"""What a camera's owner may write, and what is answered to what may not be written."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from edge_agent.rules.base import build_rules
from edge_agent.rules.spec import IMPLEMENTED, CameraRules
from tests.edge_agent.rules.driving import SEOUL, YARD
from wire.event import RuleType

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


@pytest.mark.parametrize("kind", sorted(set(get_args(RuleType)) - set(IMPLEMENTED)))
def test_a_type_without_an_implementation_is_answered_with_those_that_exist(kind: str) -> None:
    message = refusal({"zones": [ZONE], "rules": [RULE | {"type": kind}]})
    assert f"no rule of the type '{kind}'; it has: {', '.join(IMPLEMENTED)}" in message


@pytest.mark.parametrize("kind", IMPLEMENTED)
def test_every_implemented_type_can_be_built(kind: str) -> None:
    rules = CameraRules.model_validate({"zones": [ZONE], "rules": [RULE | {"type": kind}]})
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


def test_every_setting_explains_itself() -> None:
    for name, model in CameraRules.model_json_schema()["$defs"].items():
        for key, setting in model["properties"].items():
            assert setting.get("description"), f"{name}.{key} has no description"
