"""SQL, paths, wildcards and control characters in every string of a device's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.device import SimDevice, finding
from tests.support.intake import WayIn
from tests.wire.samples import SAMPLES
from wire.envelope import sign_bytes

HOSTILE = (
    "'; DROP TABLE event; --", '" OR 1=1 --', "../../../etc/passwd", "/dev/null", "pw/down/#",
    "+", "$SYS/broker", "\0", "a\nb", "\x1b[2J", "\u202etxt.exe", "%00%n%s", "${jndi:x}",
)  # fmt: skip


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the strings of a JSON value are."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from leaves(part, (*path, at))


def replaced(value: Any, path: tuple[Any, ...], text: str) -> Any:
    copy = json.loads(json.dumps(value))
    spot = copy
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = text
    return copy


@pytest.mark.parametrize("kind", ["finding", "loss", "epoch", "camera", "audit"])
def test_no_string_is_more_than_a_string(way_in: WayIn, kind: str) -> None:
    device: SimDevice = way_in.device()
    tables = way_in.rows("SELECT name FROM sqlite_schema ORDER BY name")
    whole = json.loads(device.wrap(SAMPLES[kind], kind, seq=1).model_dump_json(exclude_none=True))
    tokens = []
    for number, path in enumerate(leaves(whole)):
        payload = json.dumps(replaced(whole, path, HOSTILE[number % len(HOSTILE)])).encode()
        tokens.append(sign_bytes(payload, device.identity.name, device.identity.key))
    effects = way_in.events(device, *tokens)
    assert len(tokens) > 10
    assert effects.new_events + effects.refused + len(effects.duplicates) == len(tokens)
    refused = way_in.rows("SELECT count(*) FROM quarantine")[0][0]
    assert isinstance(refused, int)
    assert refused > 5
    assert way_in.rows("SELECT coalesce(sum(times), 0) FROM security_log WHERE quarantine > 0") != [
        (0,)
    ]
    assert way_in.rows("SELECT name FROM sqlite_schema ORDER BY name") == tables
    shown = "".join(str(row) for row in way_in.rows("SELECT detail, topic FROM quarantine"))
    assert shown.isprintable()
    device.seq = 1000
    assert way_in.events(device, device.put(finding())).new_events == 1
