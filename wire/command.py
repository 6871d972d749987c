"""Commands to a device: bound to it, to its boot, to a nonce of its window; used once.

A device publishes its window retained. A command names the window, a nonce below `size` that was
not used, and the moment on the device's monotonic clock at which it expires, so that commands work
before the device knows the time.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wire.event import MAX_CROP
from wire.facility import FacilityState, FacilitySwitch
from wire.hold import CaseHold, CaseRelease, EventRelease
from wire.names import Id, Name, Text, WireModel
from wire.plates import PlateAnswer, PlateCropQuestion, PlateSearch, WatchlistDelta
from wire.recording import Recording, RecordingQuestion
from wire.rules import (
    RulesChange,
    RulesInForce,
    RulesQuestion,
    RulesTrial,
    TrialEnd,
    TrialQuestion,
    TrialShown,
)
from wire.tracing import TraceOrder
from wire.whep import WhepAnswer, WhepCandidate, WhepControl, WhepOffer, WhepStatus, WhepWithdrawal

NONCES_PER_WINDOW = 4096


class NonceWindow(WireModel):
    """Retained offer of nonces (kind `window`)."""

    boot_id: Id
    window_id: Id
    size: int = Field(ge=1, le=65_536)
    monotonic_s: float = Field(ge=0, description="The device's monotonic clock when it was issued.")
    encryption_key: str | None = Field(
        None,
        max_length=64,
        description="This boot's X25519 key in base64url, for what only the device may read.",
    )


class WhepOfferCommand(WireModel):
    name: Literal["whep.offer"] = "whep.offer"
    offer: WhepOffer


class WhepCandidateCommand(WireModel):
    name: Literal["whep.candidate"] = "whep.candidate"
    candidate: WhepCandidate


class WhepControlCommand(WireModel):
    name: Literal["whep.control"] = "whep.control"
    control: WhepControl


class WhepWithdraw(WireModel):
    """A permit was withdrawn or a case closed."""

    name: Literal["whep.withdraw"] = "whep.withdraw"
    withdrawal: WhepWithdrawal


class ConfigApply(WireModel):
    """A camera's rules, with the hash of what they replace."""

    name: Literal["config.apply"] = "config.apply"
    change: RulesChange


class RulesShow(WireModel):
    name: Literal["rules.show"] = "rules.show"
    question: RulesQuestion


class RulesTry(WireModel):
    """Runs on the pole by itself; `rules.trial.show` asks how far it is."""

    name: Literal["rules.try"] = "rules.try"
    trial: RulesTrial


class RulesTrialShow(WireModel):
    name: Literal["rules.trial.show"] = "rules.trial.show"
    question: TrialQuestion


class RulesTrialEnd(WireModel):
    name: Literal["rules.trial.end"] = "rules.trial.end"
    end: TrialEnd


class EpochBegin(WireModel):
    """The collector saw a fork: begin a new epoch."""

    name: Literal["epoch.begin"] = "epoch.begin"
    forked_epoch: Id


class PlateSearchCommand(WireModel):
    name: Literal["plates.search"] = "plates.search"
    search: PlateSearch


class PlateCropCommand(WireModel):
    name: Literal["plates.crop"] = "plates.crop"
    question: PlateCropQuestion


class WatchlistCommand(WireModel):
    name: Literal["watchlist.delta"] = "watchlist.delta"
    delta: WatchlistDelta


class TraceBegin(WireModel):
    name: Literal["trace.begin"] = "trace.begin"
    trace: TraceOrder


class TraceEnd(WireModel):
    """It is over; a pole that has no such trace says so with the same answer."""

    name: Literal["trace.end"] = "trace.end"
    trace_id: Id
    case: str = Field(min_length=1, max_length=80)


class HoldPlace(WireModel):
    name: Literal["hold.place"] = "hold.place"
    hold: CaseHold


class HoldRelease(WireModel):
    name: Literal["hold.release"] = "hold.release"
    release: CaseRelease


class HoldEnd(WireModel):
    """The collector closed the incident."""

    name: Literal["hold.end"] = "hold.end"
    events: EventRelease


class RecordingShow(WireModel):
    name: Literal["recording.show"] = "recording.show"
    question: RecordingQuestion


class IdentityCertificate(WireModel):
    """The device's own certificate of a later term; no secret, and useless to anybody else."""

    name: Literal["identity.certificate"] = "identity.certificate"
    certificate: str = Field(max_length=20_000, description="PEM chain, the device's own first.")


class FacilitySwitchCommand(WireModel):
    name: Literal["facility.switch"] = "facility.switch"
    switch: FacilitySwitch


Action = Annotated[
    WhepOfferCommand
    | WhepCandidateCommand
    | WhepControlCommand
    | WhepWithdraw
    | ConfigApply
    | RulesShow
    | RulesTry
    | RulesTrialShow
    | RulesTrialEnd
    | EpochBegin
    | PlateSearchCommand
    | PlateCropCommand
    | WatchlistCommand
    | TraceBegin
    | TraceEnd
    | HoldPlace
    | HoldRelease
    | HoldEnd
    | RecordingShow
    | IdentityCertificate
    | FacilitySwitchCommand,
    Field(discriminator="name"),
]


class Command(WireModel):
    """One command (kind `command`), signed by the collector."""

    command_id: Id
    device: Name
    boot_id: Id
    window_id: Id
    nonce: int = Field(ge=0, lt=65_536)
    expires_monotonic_s: float = Field(ge=0)
    action: Action


class Reply(WireModel):
    """The device's answer (kind `reply`), on the topic of the command's id."""

    command_id: Id
    ok: bool
    code: str | None = Field(None, max_length=60, description="A code of wire.codes when not ok.")
    message: Text | None = None
    monotonic_s: float = Field(ge=0)
    whep: WhepAnswer | None = None
    session: WhepStatus | None = None
    recording: Recording | None = None
    plates: PlateAnswer | None = None
    crop: str | None = Field(None, max_length=MAX_CROP, description="plates.crop: JPEG in base64.")
    rules: RulesInForce | None = None
    trial: TrialShown | None = None
    facility: FacilityState | None = None
    held_bytes: int | None = Field(
        None, ge=0, description="hold.place: size of the span, with what is yet to be recorded."
    )
