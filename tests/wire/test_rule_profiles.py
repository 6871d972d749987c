"""Ready rules for administrative cameras: what they stand for, and how they are changed."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from edge_agent.config import CameraSettings
from wire.camera_rules import CameraRules
from wire.rule_profiles import PROFILES, ProfileName
from wire.rules import canonical
from wire.rules_check import checked


def camera(*profiles: str, **more: Any) -> CameraSettings:
    return CameraSettings.model_validate(
        {"id": "park", "url": "rtsp://10.0.0.9/1", "profiles": profiles, **more}
    )


@pytest.mark.parametrize("name", PROFILES)
def test_each_is_a_whole_draft_without_a_fault(name: str) -> None:
    assert set(get_args(ProfileName)) == set(PROFILES)
    ready = {"lines": [], **PROFILES[name]}
    assert checked(ready) == CameraRules.model_validate(ready)
    made = camera(name)
    assert [one.id for one in made.rules] == [one["id"] for one in ready["rules"]]


def test_both_stand_beside_the_cameras_own_rules() -> None:
    own = {"id": "gate", "type": "fall"}
    made = camera("dumping", "forest-fire", rules=[own])
    assert [(one.id, one.type) for one in made.rules] == [
        ("gate", "fall"),
        ("dumping", "dumping"),
        ("forest-smoke", "smoke"),
        ("forest-fire", "fire"),
    ]
    again = CameraSettings.model_validate(
        made.model_dump(mode="json", by_alias=True, exclude_unset=True)
    )
    assert [one.id for one in again.rules] == [one.id for one in made.rules]
    assert canonical(made)["rules"][1]["schedule"] == [{"from": "20:00:00", "to": "06:00:00"}]


def test_a_rule_or_zone_of_the_same_id_stands_instead() -> None:
    corner = {"id": "dumping", "polygon": [[0.5, 0.5], [1, 0.5], [1, 1]]}
    always = {"id": "dumping", "type": "dumping", "zone": "dumping", "seconds": 60}
    made = camera("dumping", zones=[corner], rules=[always])
    (rule,) = made.rules
    assert (rule.lasting_s, rule.schedule) == (60, ())
    assert made.zone("dumping").polygon[0] == (0.5, 0.5)


def test_a_profile_that_there_is_none_of_is_named() -> None:
    with pytest.raises(ValidationError, match="'dumping' or 'forest-fire'"):
        camera("littering")
