"""Rules that arrive from the centre: applied whole, kept over a restart, or refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge_agent.check import check_rules
from edge_agent.config import AgentSettings
from edge_agent.drawn.desk import RulesDesk
from edge_agent.drawn.vault import RulesVault, effective, rules_folder, rules_of
from edge_agent.uplink.commands import CommandFailedError
from wire.camera_rules import CameraRules
from wire.clock import SimulatedClock
from wire.command import Command, ConfigApply
from wire.names import new_id
from wire.rules import RulesChange

YARD = {"id": "yard", "polygon": [[0.1, 0.1], [0.6, 0.1], [0.6, 0.6]]}
OTHER = {"id": "gate", "polygon": [[0.3, 0.3], [0.9, 0.3], [0.9, 0.9]]}
FILE = {"zones": [YARD], "rules": [{"id": "in", "type": "intrusion", "zone": "yard"}]}
DRAWN = {"zones": [OTHER], "lines": [], "rules": [{"id": "in", "type": "crowd", "zone": "gate"}]}
NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)


class Box:
    """A desk as a start of the agent makes it, and what it did."""

    def __init__(self, settings: AgentSettings) -> None:
        self.vault = RulesVault(rules_folder(settings.data))
        self.counts = rules_of(settings, self.vault)
        self.told: list[tuple[str, str | None]] = []
        self.watched: list[CameraRules] = []
        clock = SimulatedClock(NOW)
        self.desk = RulesDesk(settings, self.vault, self.counts, clock, self._audit)
        self.desk.watches(lambda _camera, rules: lambda: self.watched.append(rules), ())

    def _audit(self, action: str, **fields: Any) -> None:
        self.told.append((action, fields.get("code")))

    def apply(self, **changed: Any) -> None:
        usual = {
            "camera": "cam-1",
            "revision": 1,
            "replaces_sha256": self.desk.told("cam-1").sha256,
            "configuration": DRAWN,
        }
        change = RulesChange.model_validate(usual | changed)
        self.desk.apply(
            Command(
                command_id=new_id(), device="pole", boot_id=new_id(), window_id=new_id(),
                nonce=1, expires_monotonic_s=1, action=ConfigApply(change=change),
            )
        )  # fmt: skip

    def refusal(self, **changed: Any) -> str:
        with pytest.raises(CommandFailedError) as refused:
            self.apply(**changed)
        return refused.value.code


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    camera = {"id": "cam-1", "url": "rtsp://10.0.0.1/1", **FILE}
    document = {
        "site": "testcity",
        "shard": "00",
        "trust": {"collector": tmp_path / "c.pem", "signer": tmp_path / "s.pem"},
        "data": tmp_path / "data",
        "cameras": [camera],
    }
    return AgentSettings.model_validate(document)


def test_what_is_applied_is_watched_for_told_and_outlives_a_restart(
    settings: AgentSettings,
) -> None:
    box = Box(settings)
    assert (box.desk.told("cam-1").source, box.desk.told("cam-1").revision) == ("file", 0)
    before = box.desk.sha256()
    box.apply()
    assert [rules.rules[0].type for rules in box.watched] == ["crowd"]
    assert box.told == [("config.applied", None)]
    assert box.desk.sha256() != before
    again = Box(settings)
    told = again.desk.told("cam-1")
    assert (told.source, told.revision, told.since) == ("centre", 1, NOW)
    assert told == box.desk.told("cam-1")
    (camera,) = effective(settings, again.counts).cameras
    assert [zone.id for zone in camera.zones] == ["gate"]
    assert camera.url == "rtsp://10.0.0.1/1"


def test_the_technician_reads_whose_rules_count(settings: AgentSettings) -> None:
    box = Box(settings)
    assert check_rules(box.counts, ()).detail == "cam-1: 1 rules of this file"
    box.apply(revision=3)
    told = check_rules(Box(settings).counts, ()).detail
    assert told.startswith("cam-1: 1 rules of the centre, revision 3 since 2026-11-26 07:00 UTC:")
    assert "do not count" in told


def test_an_order_that_comes_twice_changes_nothing(settings: AgentSettings) -> None:
    box = Box(settings)
    seen = box.desk.told("cam-1").sha256
    box.apply(replaces_sha256=seen)
    box.apply(replaces_sha256=seen)
    assert len(box.watched) == 1


def test_what_was_drawn_on_other_rules_or_is_older_is_refused(settings: AgentSettings) -> None:
    box = Box(settings)
    assert box.refusal(replaces_sha256="0" * 64) == "rules.stale"
    box.apply(revision=5)
    assert box.refusal(revision=5, configuration=FILE) == "rules.stale"
    assert box.desk.told("cam-1").revision == 5
    assert len(box.watched) == 1


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("rules.no-camera", {"camera": "cam-2"}),
        ("rules.invalid", {"configuration": {"rules": [{"id": "in", "type": "crowd"}]}}),
        (
            "rules.no-plates",
            {"configuration": {"rules": [{"id": "p", "type": "plate"}], "zones": []}},
        ),
    ],
)
def test_what_is_bad_is_refused_with_its_reason_and_the_old_rules_stand(
    settings: AgentSettings, code: str, changed: dict[str, Any]
) -> None:
    box = Box(settings)
    assert box.refusal(**changed) == code
    assert box.told == [("config.refused", code)]
    assert box.watched == []
    assert box.desk.told("cam-1").source == "file"
    assert Box(settings).desk.told("cam-1").source == "file"


def test_what_cannot_be_kept_does_not_count(settings: AgentSettings) -> None:
    box = Box(settings)
    settings.data.mkdir(parents=True)
    rules_folder(settings.data).write_text("a file where the folder belongs")
    assert box.refusal() == "disk.full"
    assert box.watched == []


def test_kept_rules_that_cannot_be_read_are_a_fault_and_the_file_stands(
    settings: AgentSettings,
) -> None:
    Box(settings).apply()
    kept = rules_folder(settings.data) / "cam-1.json"
    document = json.loads(kept.read_text())
    kept.write_text(json.dumps(document | {"camera": "cam-9"}))
    box = Box(settings)
    assert (box.desk.told("cam-1").source, box.desk.faults) == ("file", {"rules.lost"})
    assert check_rules(box.counts, box.vault.unreadable).code == "rules.lost"
    box.apply(revision=2)
    assert box.desk.faults == set()
