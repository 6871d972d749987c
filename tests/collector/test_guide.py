"""The guide's commented examples are valid."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import ValidationError

from collector.config import CollectorSettings
from collector.endpoints import CapEndpoint, WebhookEndpoint
from collector.routing import Subject, load_routing, route
from collector.services.boards.layout import lay_out
from collector.services.boards.registry import Boards
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
    table = load_routing(GUIDE / "routing.yaml", {"police", "fire", "cleaning", "centre", "city"})
    names = [
        *("crime", "rescue", "night-watch", "cleaning", "stolen", "overdue", "disaster"),
    ]
    assert [route.name for route in table.routes] == names
    assert [one.agency for one in table.escalations] == ["police", "fire"]
    assert table.unconfirmed is not None


@pytest.mark.parametrize(
    ("kind", "group", "told"),
    [
        ("dumping", None, ["cleaning"]),
        ("fire", "forest", ["forest", "fire"]),
        ("smoke", "forest", ["forest", "fire"]),
        ("fire", "market", ["fire"]),
    ],
)
def test_the_administrative_routes_tell_the_department(
    kind: str, group: str | None, told: list[str]
) -> None:
    agencies = {"police", "fire", "cleaning", "forest", "centre"}
    table = load_routing(GUIDE / "routing-administrative.yaml", agencies, {"forest", "market"})
    asked = Subject(kind, "minor", "pole-1", "cam-1", group, datetime.now(UTC), drill=False)
    assert [one.agency for one in route(table, asked, ZoneInfo("Asia/Seoul")).targets] == told


def test_the_boards_example_is_valid_but_for_its_file(tmp_path: Path) -> None:
    example = yaml.safe_load((GUIDE / "boards.yaml").read_text())
    secret = tmp_path / "gate.community"
    secret.write_text("city-boards")
    secret.chmod(0o600)
    example["boards"][0]["snmp"]["community_file"] = str(secret)
    boards = Boards.model_validate(example)
    assert boards.names == {"gate", "square", "station"}
    for board in boards.boards:
        for text in (boards.templates[0].text, boards.templates[0].short):
            assert lay_out(board, (text or "").replace("{place}", "정문")).problems == ()


def test_the_endpoints_of_the_routing_example_are_valid_but_for_their_files() -> None:
    text = (GUIDE / "routing.yaml").read_text()
    commented = text[text.index("# endpoints:") :].replace("\n# ", "\n").removeprefix("# ")
    cap, webhook, off = yaml.safe_load(commented)["endpoints"]
    assert off == {"agency": "cleaning", "channel": "mqtt", "enabled": False}
    for entry in (cap, webhook):
        for file in ("ca_file", "client", "secret_file"):
            entry.pop(file, None)
    assert CapEndpoint.model_validate(cap).event_codes == {"forest/fire": "MFW"}
    with pytest.raises(ValidationError, match=r"1 validation error[\s\S]*secret_file"):
        WebhookEndpoint.model_validate(webhook)
