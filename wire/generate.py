"""Writes `wire/schema/`: a JSON Schema for every message and one AsyncAPI document.

Run `python -m wire.generate` after a change of a message; a test fails while the files are stale.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from wire import kinds
from wire.envelope import MAX_MESSAGE_BYTES, SCHEMA_MAJOR, SCHEMA_MINOR, TYPE_PREFIX, CloudEvent
from wire.evidence import Manifest
from wire.grant import Grant, GrantRequest, PersonToken
from wire.names import WireModel

FOLDER = Path(__file__).parent / "schema"

_CHANNELS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("deviceEvents", "pw/up/{site}/{shard}/{device}/event", tuple(kinds.NUMBERED), "device"),
    ("deviceState", "pw/up/{site}/{shard}/{device}/state", ("state",), "device"),
    ("deviceWindow", "pw/up/{site}/{shard}/{device}/window", ("window",), "device"),
    ("deviceHealth", "pw/up/{site}/{shard}/{device}/health", ("health",), "device"),
    ("deviceTraces", "pw/up/{site}/{shard}/{device}/trace", ("trace",), "device"),
    ("deviceReplies", "pw/up/{site}/{shard}/{device}/reply/{command_id}", ("reply",), "device"),
    ("receipts", "pw/down/{site}/{shard}/{device}/receipt", ("receipt",), "collector"),
    ("gaps", "pw/down/{site}/{shard}/{device}/gap", ("gap",), "collector"),
    ("commands", "pw/down/{site}/{shard}/{device}/command", ("command",), "collector"),
    ("incidents", "pw/agency/{agency}/in/incident", ("incident",), "collector"),
    ("acks", "pw/agency/{agency}/out/ack", ("ack",), "agency"),
)
_STILLS = (
    ("deviceStills", "pw/up/{site}/{shard}/{device}/still/{sha256}", "device"),
    ("incidentStills", "pw/agency/{agency}/in/still/{sha256}", "collector"),
)


def json_schemas() -> dict[str, dict[str, Any]]:
    """File name to JSON Schema (draft 2020-12), for every body and for the envelope."""
    documents: dict[str, type[WireModel]] = {
        **kinds.ALL,
        "grant": Grant,
        "grant-request": GrantRequest,
        "person-token": PersonToken,
        "export-manifest": Manifest,
    }
    schemas = {f"{kind}.json": _schema(kind, model) for kind, model in documents.items()}
    envelope = CloudEvent.model_json_schema()
    schemas["cloudevent.json"] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:polewatch:cloudevent",
        **envelope,
    }
    return schemas


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of all topics."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, address, carried, sender in _CHANNELS:
        channels[name] = {
            "address": address,
            "parameters": {part: {} for part in _parameters(address)},
            "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in carried},
        }
        operations[f"{sender}Sends{name[0].upper()}{name[1:]}"] = _operation(name, sender)
    for name, address, sender in _STILLS:
        channels[name] = {
            "address": address,
            "parameters": {part: {} for part in _parameters(address)},
            "messages": {"still": {"$ref": "#/components/messages/still"}},
        }
        operations[f"{sender}Sends{name[0].upper()}{name[1:]}"] = _operation(name, sender)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Polewatch",
            "version": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}",
            "description": (
                "MQTT 3.1.1 over mutual TLS. What matters is published with QoS 1; devices listen "
                "with QoS 0, for it is repeated. Devices and the collector sign: the payload is "
                "a compact JWS (EdDSA) over a CloudEvent whose data is the message named here. "
                f"Signed messages hold at most {MAX_MESSAGE_BYTES} bytes. Agencies get and send "
                "plain CloudEvents JSON."
            ),
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": _messages()},
    }


def _messages() -> dict[str, Any]:
    messages: dict[str, Any] = {
        "still": {
            "contentType": "image/jpeg",
            "summary": "At most 64 KiB; its hash is the topic's.",
        }
    }
    for kind, model in kinds.SENT.items():
        signed = kind not in kinds.WITH_AGENCIES
        messages[kind] = {
            "name": TYPE_PREFIX + kind,
            "contentType": "application/jose" if signed else "application/cloudevents+json",
            "summary": (model.__doc__ or "").strip().splitlines()[0],
            "payload": {"$ref": f"./{kind}.json"},
        }
    return messages


def _operation(channel: str, sender: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": f"Sent by the {sender}.",
    }


def _parameters(address: str) -> list[str]:
    return [part[1:-1] for part in address.split("/") if part.startswith("{")]


def _schema(kind: str, model: type[WireModel]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:polewatch:{kind}:{SCHEMA_MAJOR}.{SCHEMA_MINOR}",
        **model.model_json_schema(),
    }


def files() -> dict[str, str]:
    """Every generated file's name and text."""
    texts = {
        name: json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for name, schema in json_schemas().items()
    }
    texts["asyncapi.yaml"] = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True)
    return texts


def main() -> None:
    """Write the folder anew."""
    FOLDER.mkdir(exist_ok=True)
    wanted = files()
    for stale in {path.name for path in FOLDER.iterdir()} - set(wanted):
        (FOLDER / stale).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
