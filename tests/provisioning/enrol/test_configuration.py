"""The agent's configuration that a site file gives."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from provisioning.enrol.configuration import agent_text
from provisioning.problems import ProvisionError
from provisioning.site.model import Site, SiteCamera, site_text
from tests.provisioning.image.bases import SITE

ZONE = {"id": "yard", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]}
RULE = {"id": "anybody", "type": "intrusion", "zone": "yard"}


def watching(**watch: Any) -> Site:
    camera = SiteCamera(id="street", url="rtsp://10.0.0.10/main", watch=watch)
    return SITE.model_copy(update={"cameras": (camera,)})


def test_what_a_camera_watches_for_reaches_the_agent() -> None:
    (camera,) = yaml.safe_load(agent_text(watching(zones=[ZONE], rules=[RULE]), "a7"))["cameras"]
    assert (camera["zones"], camera["rules"]) == ([ZONE], [RULE])


def test_a_rule_without_its_zone_is_refused() -> None:
    with pytest.raises(ProvisionError, match="yard") as caught:
        agent_text(watching(rules=[RULE]), "a7")
    assert caught.value.code == "site.invalid"


def test_only_what_is_known_may_be_said() -> None:
    with pytest.raises(ValidationError, match="not url"):
        watching(url="rtsp://elsewhere/")


def test_a_site_that_says_nothing_of_it_is_written_as_before() -> None:
    assert "watch" not in site_text(SITE)


def test_the_kind_of_box_is_the_agents_to_know() -> None:
    site = watching(zones=[ZONE], rules=[RULE])
    written = yaml.safe_load(agent_text(site.model_copy(update={"profile": "pi"}), "a7"))
    assert written["profile"] == "pi"
    with pytest.raises(ProvisionError, match="profile"):
        agent_text(site.model_copy(update={"profile": "nano"}), "a7")
