"""The guide's commented examples are valid."""

from __future__ import annotations

from pathlib import Path

from collector.config import CollectorSettings
from collector.routing import load_routing
from collector.signer.config import SignerSettings
from wire.settings import load_settings

GUIDE = Path(__file__).parents[2] / "docs" / "guide"


def test_the_collectors_example_is_valid() -> None:
    settings = load_settings(GUIDE / "collector.yaml", CollectorSettings)
    assert settings.routing == GUIDE / "routing.yaml"
    assert settings.secure


def test_the_signers_example_is_valid() -> None:
    assert load_settings(GUIDE / "signer.yaml", SignerSettings).grant_minutes == 10


def test_the_routing_example_is_valid() -> None:
    table = load_routing(GUIDE / "routing.yaml", {"police", "fire", "cleaning", "centre"})
    assert [route.name for route in table.routes] == ["crime", "rescue", "night-watch", "cleaning"]
