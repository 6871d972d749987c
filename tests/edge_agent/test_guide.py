"""The snippets of agent.yaml in the guide are valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_agent.config import AgentSettings
from wire.settings import load_settings

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
REST: dict[str, Any] = {
    "site": "city",
    "shard": "00",
    "trust": {"collector": "collector.pem", "signer": "signer.pem"},
    "cameras": [{"id": "yard", "url": "rtsp://10.0.0.1/1"}],
}


def snippets(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (GUIDE / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", ["administrative.md", "facilities.md"])
def test_a_snippet_loads(tmp_path: Path, page: str) -> None:
    (text,) = snippets(page)
    rest = {name: value for name, value in REST.items() if f"\n{name}:" not in f"\n{text}"}
    config = tmp_path / "agent.yaml"
    config.write_text(yaml.safe_dump(rest) + text)
    settings = load_settings(config, AgentSettings)
    kinds = {"facilities.md": len(settings.facilities), "administrative.md": len(settings.cameras)}
    assert kinds[page] == len(re.findall(r"^  - ", text, re.MULTILINE))
