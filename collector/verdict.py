"""What a message is worth: decided from topic, bytes and trust alone, before anything is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from joserfc.jwk import OKPKey
from pydantic import ValidationError

from wire import kinds
from wire.envelope import (
    MAX_MESSAGE_BYTES,
    SCHEMA_MAJOR,
    CloudEvent,
    EnvelopeError,
    Verified,
    body,
    verify,
)
from wire.incident import IncidentAck
from wire.names import WireModel
from wire.topics import DeviceAddress, TopicError, UpTopic, parse_agency_out, parse_up

MAX_STILL_BYTES = 64 * 1024
_JPEG_START = b"\xff\xd8\xff"
_AGENCY_PREFIX = "pw/agency/"


class Believed(Protocol):
    """Whom to believe; `collector.trust.TrustKeeper` in the program."""

    def device_key(self, name: str) -> OKPKey | None: ...

    def device_address(self, name: str) -> DeviceAddress | None: ...

    def agencies(self) -> frozenset[str]: ...

    def refused(self, name: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Numbered:
    """A verified message of a device's outbox; `body` is None for a kind that is not known yet."""

    address: DeviceAddress
    verified: Verified
    epoch: str
    seq: int
    body: WireModel | None


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """A verified state, window, health or reply."""

    address: DeviceAddress
    body: WireModel
    tail: str | None


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG whose hash is its topic's; believed only when a verified event names it."""

    address: DeviceAddress
    sha256: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """An agency's word, on the topic that only this agency may write to."""

    agency: str
    ack: IncidentAck


@dataclass(frozen=True, slots=True)
class Refused:
    """A message for the quarantine.

    `signer` is set when a device's signature held, and `number` (epoch, seq, id) when it is one of
    its outbox: the device is then told that it will never be accepted as it is.
    """

    reason: str
    detail: str
    device: str | None = None
    address: DeviceAddress | None = None
    signer: str | None = None
    number: tuple[str, int, str] | None = None


Verdict = Numbered | Unnumbered | Still | Ack | Refused


def judge(topic: str, payload: bytes, trust: Believed) -> Verdict:
    """What `payload` on `topic` is worth. Never raises for what a message may contain."""
    if topic.startswith(_AGENCY_PREFIX):
        return _judge_agency(topic, payload, trust)
    try:
        parsed = parse_up(topic)
    except TopicError as error:
        return Refused("topic", str(error))
    device = parsed.address.device
    enrolled = trust.device_address(device)
    if enrolled is None:
        why = trust.refused(device) or "not enrolled"
        return Refused("stranger", f"device {device}: {why}", device)
    if enrolled != parsed.address:
        return Refused("address", f"{device} belongs to {enrolled.site}/{enrolled.shard}", device)
    if parsed.kind == "still":
        return _judge_still(parsed, payload)
    return _judge_signed(parsed, payload, trust)


def _judge_still(parsed: UpTopic, payload: bytes) -> Verdict:
    address, sha256 = parsed.address, parsed.tail or ""
    if len(payload) > MAX_STILL_BYTES:
        detail = f"still of {len(payload)} bytes, at most {MAX_STILL_BYTES}"
        return Refused("oversized", detail, address.device, address)
    if hashlib.sha256(payload).hexdigest() != sha256:
        return Refused("still-hash", "bytes do not hash to the topic", address.device, address)
    if not payload.startswith(_JPEG_START):
        return Refused("still-format", "is no JPEG", address.device, address)
    return Still(address, sha256, payload)


def _judge_signed(parsed: UpTopic, payload: bytes, trust: Believed) -> Verdict:
    address = parsed.address
    device = address.device

    def only_itself(kid: str) -> OKPKey | None:
        return trust.device_key(kid) if kid == device else None

    try:
        verified = verify(payload, only_itself, source=address.source)
    except EnvelopeError as error:
        return Refused(error.reason, error.detail, device, address)
    event = verified.event
    if parsed.kind == "event":
        return _judge_numbered(parsed, verified)
    if event.kind != parsed.kind:
        detail = f"a {event.kind[:40]!r} on the topic of a {parsed.kind}"
        return Refused("kind", detail, device, address, signer=device)
    try:
        content = body(event, kinds.UNNUMBERED[parsed.kind])
    except EnvelopeError as error:
        return Refused(error.reason, error.detail, device, address, signer=device)
    return Unnumbered(address, content, parsed.tail)


def _judge_numbered(parsed: UpTopic, verified: Verified) -> Verdict:
    address, event = parsed.address, verified.event
    device, seq, epoch = address.device, event.seq, event.epoch
    if seq is None or epoch is None or seq < 1:
        detail = "an event without epoch and number"
        return Refused("unnumbered", detail, device, address, signer=device)
    number = (epoch, seq, event.id)
    if event.kind in kinds.UNNUMBERED or event.kind in kinds.FROM_COLLECTOR:
        detail = f"a {event.kind} has no place among events"
        return Refused("kind", detail, device, address, device, number)
    try:
        if event.major > SCHEMA_MAJOR:
            detail = f"{event.dataschema} is newer than {SCHEMA_MAJOR}.x; kept for an upgrade"
            return Refused("version", detail, device, address, device, number)
        model = kinds.NUMBERED.get(event.kind)
        content = None if model is None else body(event, model)
    except EnvelopeError as error:
        return Refused(error.reason, error.detail, device, address, device, number)
    return Numbered(address, verified, epoch, seq, content)


def _judge_agency(topic: str, payload: bytes, trust: Believed) -> Verdict:
    try:
        parsed = parse_agency_out(topic)
    except TopicError as error:
        return Refused("topic", str(error))
    if parsed.agency not in trust.agencies():
        return Refused("stranger", f"agency {parsed.agency} is not enrolled")
    if len(payload) > MAX_MESSAGE_BYTES:
        return Refused("oversized", f"{len(payload)} bytes, at most {MAX_MESSAGE_BYTES}")
    try:
        event = CloudEvent.model_validate_json(payload)
        ack = body(event, IncidentAck)
    except EnvelopeError as error:
        return Refused(error.reason, error.detail)
    except (ValidationError, RecursionError) as error:
        return Refused("schema", str(error).splitlines()[0][:200])
    if ack.agency != parsed.agency:
        return Refused("source", f"{ack.agency} speaks on the topic of {parsed.agency}")
    return Ack(parsed.agency, ack)
