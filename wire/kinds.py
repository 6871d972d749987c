"""Which message body each CloudEvents type carries, and who may sign it."""

from __future__ import annotations

from wire.command import Command, NonceWindow, Reply
from wire.event import AuditEvent, CameraState, EpochStart, Event, LossRecord
from wire.evidence import GopRoot, ManifestSignature
from wire.health import DeviceState, Health
from wire.incident import Incident, IncidentAck
from wire.names import WireModel
from wire.receipt import GapRequest, Receipt
from wire.tracing import TraceSighting

NUMBERED: dict[str, type[WireModel]] = {
    "finding": Event,
    "loss": LossRecord,
    "epoch": EpochStart,
    "camera": CameraState,
    "audit": AuditEvent,
}
"""Signed by devices, numbered by their outbox, on the topic `…/event`."""

UNNUMBERED: dict[str, type[WireModel]] = {
    "state": DeviceState,
    "window": NonceWindow,
    "health": Health,
    "reply": Reply,
    "trace": TraceSighting,
}
"""Signed by devices, newest wins or asked for."""

FROM_COLLECTOR: dict[str, type[WireModel]] = {
    "receipt": Receipt,
    "gap": GapRequest,
    "command": Command,
}
"""Signed by the collector."""

WITH_AGENCIES: dict[str, type[WireModel]] = {
    "incident": Incident,
    "ack": IncidentAck,
}
"""Plain CloudEvents JSON over the agency's own TLS identity."""

RECORDED: dict[str, type[WireModel]] = {
    "gop": GopRoot,
    "manifest": ManifestSignature,
}
"""Signed beside recorded and exported video; never sent by themselves."""

SENT: dict[str, type[WireModel]] = {**NUMBERED, **UNNUMBERED, **FROM_COLLECTOR, **WITH_AGENCIES}
"""What crosses the broker."""

ALL: dict[str, type[WireModel]] = {**SENT, **RECORDED}
