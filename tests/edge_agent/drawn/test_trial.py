"""Trials that are refused, cut off, or unknown; what one finds is the system tests' to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import AgentSettings
from edge_agent.drawn.desk import RulesDesk
from edge_agent.drawn.trial import KEPT_S, MARK, TrialDesk
from edge_agent.drawn.vault import RulesVault, rules_of
from edge_agent.uplink.commands import CommandFailedError
from wire.clock import SimulatedClock
from wire.command import Action, Command, RulesTrialShow, RulesTry
from wire.names import new_id
from wire.rules import RulesTrial, TrialQuestion, TrialShown


def command(action: Action) -> Command:
    return Command(
        command_id=new_id(), device="pole", boot_id=new_id(), window_id=new_id(),
        nonce=1, expires_monotonic_s=1, action=action,
    )  # fmt: skip


class Box:
    """A trial desk of a box whose camera has recorded nothing."""

    def __init__(self, folder: Path) -> None:
        settings = AgentSettings.model_validate(
            {
                "site": "testcity", "shard": "00",
                "trust": {"collector": folder / "c.pem", "signer": folder / "s.pem"},
                "data": folder, "cameras": [{"id": "cam-1", "url": "rtsp://10.0.0.1/1"}],
            }
        )  # fmt: skip
        vault = RulesVault(folder / "rules")
        self.clock = SimulatedClock()
        self.told: list[tuple[str, str | None]] = []
        rules = RulesDesk(settings, vault, rules_of(settings, vault), self.clock, self._audit)
        self.desk = TrialDesk(folder / "rules", rules, {}, self.clock, self._audit)
        self.desk.start()

    def _audit(self, action: str, **fields: Any) -> None:
        self.told.append((action, fields.get("code")))

    def show(self) -> TrialShown:
        question = TrialQuestion(camera="cam-1")
        shown = self.desk.show(command(RulesTrialShow(question=question))).trial
        assert shown is not None
        return shown

    def refusal(self, configuration: dict[str, Any], camera: str = "cam-1") -> str:
        trial = RulesTrial(
            trial_id=new_id(), camera=camera, minutes=60, configuration=configuration
        )
        with pytest.raises(CommandFailedError) as refused:
            self.desk.begin(command(RulesTry(trial=trial)))
        return refused.value.code


def test_what_cannot_be_tried_is_refused_with_its_reason(tmp_path: Path) -> None:
    box = Box(tmp_path)
    assert box.refusal({}) == "trial.no-recording"
    assert box.refusal({}, "cam-9") == "rules.no-camera"
    assert box.refusal({"rules": [{"id": "r", "type": "crowd"}]}) == "rules.invalid"
    assert box.told == []
    with pytest.raises(CommandFailedError, match=r"trial\.unknown"):
        box.show()


def test_a_trial_that_a_restart_cut_off_is_told_as_that_for_an_hour(tmp_path: Path) -> None:
    running = TrialShown(trial_id=new_id(), camera="cam-1", state="running")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / MARK).write_text(running.model_dump_json())
    box = Box(tmp_path)
    assert (box.show().trial_id, box.show().state) == (running.trial_id, "interrupted")
    assert box.told == [("rules.trial-ended", "trial.interrupted")]
    box.clock.advance(KEPT_S + 1)
    with pytest.raises(CommandFailedError, match=r"trial\.unknown"):
        box.show()
    assert Box(tmp_path).told == [], "it is told once"
