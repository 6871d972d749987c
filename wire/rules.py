"""Rules of one camera on their way: asked for, tried on what is recorded, and applied."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field, model_validator

from wire.camera_rules import CameraRules
from wire.event import BoxParts, Fraction
from wire.names import Id, Moment, Name, Sha256, Text, WireModel

LONGEST_TRIAL_MINUTES = 60
TOLD_AT_ONCE = 50
"""Findings in one answer: some 15 KB."""


def canonical(rules: CameraRules) -> dict[str, Any]:
    """The rules as they were written: what was left out stays left out, for types have defaults."""
    return rules.model_dump(mode="json", by_alias=True, exclude_unset=True)


def rules_sha256(rules: CameraRules) -> str:
    """By which centre and pole know one writing of rules from another; order of keys is none."""
    text = json.dumps(canonical(rules), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class RulesHealth(WireModel):
    """Which rules of a camera are in force."""

    source: Literal["file", "centre"] = Field(description="Who wrote them.")
    revision: int = Field(ge=0, description="The centre's number; 0: those of the box's own file.")
    sha256: Sha256
    since: Moment | None = Field(None, description="When the pole took them from the centre.")


class RulesQuestion(WireModel):
    """Which rules of a camera are in force?"""

    camera: Name


class RulesInForce(WireModel):
    """The rules of a camera that the pole goes by."""

    camera: Name
    told: RulesHealth
    configuration: dict[str, Any] = Field(description="Zones, lines and rules as in the file.")
    reads_plates: bool = Field(description="Whether rules for plates can be taken.")


class RulesChange(WireModel):
    """What the rules of a camera are to be from now on."""

    camera: Name
    revision: int = Field(ge=1, description="Grows with each change of this camera's rules.")
    replaces_sha256: Sha256 = Field(description="Of the rules that whoever changed them saw.")
    configuration: dict[str, Any]


class RulesTrial(WireModel):
    """Rules to be tried on what is recorded, beside those in force."""

    trial_id: Id
    camera: Name
    minutes: int = Field(ge=1, le=LONGEST_TRIAL_MINUTES, description="Back from now.")
    configuration: dict[str, Any]


class TrialQuestion(WireModel):
    """How far is the trial of a camera, and what was found from number `first` on?"""

    camera: Name
    first: int = Field(0, ge=0)


class TrialEnd(WireModel):
    """No more of this trial."""

    camera: Name
    trial_id: Id


class TrialFinding(WireModel):
    """What a rule would have told: times and places only, no picture."""

    rules: Literal["draft", "in-force"]
    rule: Name
    type: str = Field(max_length=40)
    zone: Name | None = None
    detail: str | None = Field(None, max_length=40)
    severity: str = Field(max_length=16)
    started_at: Moment
    alarm_at: Moment
    ended_at: Moment
    confidence: Fraction
    label: str | None = Field(None, max_length=40, description="Of whom or what it is about.")
    box: BoxParts | None = None


class TrialShown(WireModel):
    """How far a trial is."""

    trial_id: Id
    camera: Name
    state: Literal["running", "done", "cancelled", "timed-out", "interrupted", "failed"]
    code: str | None = Field(None, max_length=60)
    detail: Text | None = None
    from_at: Moment | None = Field(None, description="Oldest picture that is looked at.")
    to_at: Moment | None = None
    reached_at: Moment | None = Field(None, description="All before it was looked at.")
    recorded_s: float = Field(0, ge=0, description="Seconds of recording between the two.")
    found: int = Field(0, ge=0)
    left_out: int = Field(0, ge=0, description="Findings beyond what a trial keeps.")
    first: int = Field(0, ge=0)
    findings: tuple[TrialFinding, ...] = Field((), max_length=TOLD_AT_ONCE)

    @model_validator(mode="after")
    def _hangs_together(self) -> TrialShown:
        if self.from_at and self.to_at and self.to_at < self.from_at:
            raise ValueError("to_at lies before from_at")
        return self
