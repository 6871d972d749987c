"""Every MQTT topic of the system, built and parsed here and nowhere else.

Devices write below `pw/up/{site}/{shard}/{device}` and read below `pw/down/…` likewise;
agencies read below `pw/agency/{agency}/in` and write below `pw/agency/{agency}/out`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from wire.names import is_name

UpKind = Literal["event", "still", "state", "window", "health", "reply", "trace"]
AgencyKind = Literal["incident", "still", "ack"]
DownKind = Literal["receipt", "gap", "command"]

_UP_WITH_TAIL = {"still", "reply"}
_UP: dict[str, UpKind] = {kind: kind for kind in get_args(UpKind)}
_DOWN: dict[str, DownKind] = {kind: kind for kind in get_args(DownKind)}


class TopicError(ValueError):
    """A topic that is not one of ours."""


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """Where a device stands in the topic tree."""

    site: str
    shard: str
    device: str

    @property
    def up(self) -> str:
        return f"pw/up/{self.site}/{self.shard}/{self.device}"

    @property
    def down(self) -> str:
        return f"pw/down/{self.site}/{self.shard}/{self.device}"

    @property
    def source(self) -> str:
        """The CloudEvents `source` of what this device signs."""
        return f"/polewatch/{self.site}/{self.device}"

    def event(self) -> str:
        return f"{self.up}/event"

    def still(self, sha256: str) -> str:
        return f"{self.up}/still/{sha256}"

    def state(self) -> str:
        return f"{self.up}/state"

    def window(self) -> str:
        return f"{self.up}/window"

    def health(self) -> str:
        return f"{self.up}/health"

    def reply(self, command_id: str) -> str:
        return f"{self.up}/reply/{command_id}"

    def trace(self) -> str:
        return f"{self.up}/trace"

    def receipt(self) -> str:
        return f"{self.down}/receipt"

    def gap(self) -> str:
        return f"{self.down}/gap"

    def command(self) -> str:
        return f"{self.down}/command"


@dataclass(frozen=True, slots=True)
class UpTopic:
    """A parsed topic that a device wrote to; `tail` is the still's hash or the command's id."""

    address: DeviceAddress
    kind: UpKind
    tail: str | None


@dataclass(frozen=True, slots=True)
class AgencyTopic:
    """A parsed topic of an agency."""

    agency: str
    kind: AgencyKind
    tail: str | None


def parse_up(topic: str) -> UpTopic:
    """Parse a topic that a device published to; raises TopicError naming what is wrong."""
    parts = topic.split("/")
    if len(parts) < 6 or parts[:2] != ["pw", "up"]:
        raise TopicError(f"not a device topic: {topic[:120]!r}")
    site, shard, device, kind = parts[2:6]
    if not (is_name(site) and is_name(device) and len(shard) == 2 and is_name(shard)):
        raise TopicError(f"site, shard or device is not a name: {topic[:120]!r}")
    if kind not in _UP:
        raise TopicError(f"unknown kind {kind[:40]!r} in {topic[:120]!r}")
    tail = parts[6] if len(parts) == 7 else None
    if (tail is not None) != (kind in _UP_WITH_TAIL) or len(parts) > 7:
        raise TopicError(f"wrong number of levels: {topic[:120]!r}")
    return UpTopic(DeviceAddress(site, shard, device), _UP[kind], tail)


def parse_down(topic: str) -> tuple[DeviceAddress, DownKind]:
    """Parse a topic that a device listens to; raises TopicError."""
    parts = topic.split("/")
    if len(parts) != 6 or parts[:2] != ["pw", "down"] or parts[5] not in _DOWN:
        raise TopicError(f"not a topic to a device: {topic[:120]!r}")
    return DeviceAddress(parts[2], parts[3], parts[4]), _DOWN[parts[5]]


def agency_incident(agency: str) -> str:
    """Where an agency receives incidents."""
    return f"pw/agency/{agency}/in/incident"


def agency_still(agency: str, sha256: str) -> str:
    """Where an agency receives the still of an incident, as raw JPEG."""
    return f"pw/agency/{agency}/in/still/{sha256}"


def agency_ack(agency: str) -> str:
    """Where an agency acknowledges deliveries."""
    return f"pw/agency/{agency}/out/ack"


def parse_agency_out(topic: str) -> AgencyTopic:
    """Parse a topic that an agency published to; raises TopicError."""
    parts = topic.split("/")
    if len(parts) != 5 or parts[:2] != ["pw", "agency"] or parts[3:] != ["out", "ack"]:
        raise TopicError(f"not a topic from an agency: {topic[:120]!r}")
    if not is_name(parts[2]):
        raise TopicError(f"agency is not a name: {topic[:120]!r}")
    return AgencyTopic(parts[2], "ack", None)


def service_source(site: str, name: str) -> str:
    """The CloudEvents `source` of what a service of the centre, such as the collector, signs."""
    return f"/polewatch/{site}/{name}"


ALL_UP = "pw/up/#"
ALL_AGENCY_OUT = "pw/agency/+/out/#"


@dataclass(frozen=True, slots=True)
class Rights:
    """MQTT filters that one principal may publish to and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def device_rights(address: DeviceAddress) -> Rights:
    """A device writes its own subtree and reads its own commands; nothing else."""
    return Rights(publish=(f"{address.up}/#",), subscribe=(f"{address.down}/#",))


def agency_rights(agency: str) -> Rights:
    """An agency reads what is meant for it and writes acknowledgements."""
    return Rights(publish=(f"pw/agency/{agency}/out/#",), subscribe=(f"pw/agency/{agency}/in/#",))


def collector_rights() -> Rights:
    """The collector reads all that devices and agencies write and writes to both."""
    return Rights(publish=("pw/down/#", "pw/agency/+/in/#"), subscribe=(ALL_UP, ALL_AGENCY_OUT))


def words_rights() -> Rights:
    """The collector's second session reads what agencies write, and writes as the first one may."""
    return Rights(publish=collector_rights().publish, subscribe=(ALL_AGENCY_OUT,))
