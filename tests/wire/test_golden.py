"""Messages as they stood at release: what was once written must stay readable and the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.wire.samples import AT, KEY, SAMPLES, uid
from wire import generate, kinds
from wire.envelope import body, cloud_event, sign, verify
from wire.names import WireModel
from wire.show import describe

GOLDEN = Path(__file__).parent / "golden"


def _token(kind: str, message: WireModel) -> bytes:
    numbered = kind in kinds.NUMBERED
    event = cloud_event(
        kind,
        message,
        id=uid(1),
        source="/polewatch/gyeyang/pole-001-1",
        time=AT,
        epoch=uid(4) if numbered else None,
        seq=6 if numbered else None,
    )
    return sign(event, "pole-001-1", KEY)


def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == set(kinds.ALL)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_golden_message_is_written_byte_for_byte_and_read_back(kind: str) -> None:
    path = GOLDEN / f"{kind}.jws"
    token = _token(kind, SAMPLES[kind])
    if os.environ.get("POLEWATCH_WRITE_GOLDEN") == "1":
        path.write_bytes(token + b"\n")
    golden = path.read_bytes().strip()
    assert golden == token
    verified = verify(golden, lambda kid: KEY if kid == "pole-001-1" else None)
    assert body(verified.event, kinds.ALL[kind]) == SAMPLES[kind]


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("*/*.jws")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_messages_of_earlier_minor_versions_stay_readable(path: Path) -> None:
    verified = verify(path.read_bytes().strip(), lambda _: KEY)
    assert verified.event.dataschema.endswith(f":{path.parent.name}")
    assert isinstance(body(verified.event, kinds.ALL[path.stem]), WireModel)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_golden_message_fits_its_published_schema(kind: str) -> None:
    schema = json.loads((generate.FOLDER / f"{kind}.json").read_text())
    message = describe((GOLDEN / f"{kind}.jws").read_bytes())["message"]
    jsonschema.Draft202012Validator(schema).validate(message["data"])
    envelope = json.loads((generate.FOLDER / "cloudevent.json").read_text())
    jsonschema.Draft202012Validator(envelope).validate(message)


def test_generated_files_are_fresh() -> None:
    on_disk = {path.name: path.read_text() for path in generate.FOLDER.iterdir()}
    assert on_disk == generate.files(), "run: python -m wire.generate"


def test_asyncapi_points_only_to_files_and_parts_that_exist() -> None:
    document = yaml.safe_load((generate.FOLDER / "asyncapi.yaml").read_text())
    messages = document["components"]["messages"]
    for message in messages.values():
        if "payload" in message:
            assert (generate.FOLDER / message["payload"]["$ref"]).is_file()
    carried = {m for channel in document["channels"].values() for m in channel["messages"]}
    assert carried == set(messages)
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].rpartition("/")[2] in document["channels"]
