"""Changes to JSON that stay JSON: pydantic's own parser shows a fuzzer no branches to follow."""

from __future__ import annotations

import json
import random
from typing import Any

NASTY: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, 1e308, -0.0,
    "", "a", "\0", "\ud800", "#", "+", "../../x", "'; DROP TABLE event; --", "x" * 600, "٣",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "0000-00-00T00:00:00Z",
    "1970-01-01T00:00:00Z", "2026-03-01T21:30:15", "01a00000-0000-7000-8000-000000000001",
    "c" * 64, [], {}, [[]], {"": {}}, [0] * 3000,
)  # fmt: skip


def mutated(data: bytes, rng: random.Random, most: int) -> bytes | None:
    """`data` with one to three places changed, at most `most` bytes; None when it is no JSON."""
    head, null, tail = data.partition(b"\0")
    try:
        value = json.loads(head)
    except (ValueError, RecursionError):
        return None
    for _ in range(rng.randint(1, 3)):
        value = _changed(value, rng)
    if rng.random() < 0.02:
        value = _deep(value, rng.choice((20, 150, 3000)))
    try:
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return None
    return (text + null + tail)[:most]


def _changed(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.92:
        key = rng.choice(list(value))
        return _in_dict(dict(value), key, rng)
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], _changed(value[at], rng), *value[at + 1 :]]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.4:
        return value + rng.choice((-1, 1, 10**9))
    if isinstance(value, float) and rng.random() < 0.4:
        return value * rng.choice((-1, 0.5, 1e9))
    return rng.choice(NASTY)


def _in_dict(value: dict[str, Any], key: str, rng: random.Random) -> dict[str, Any]:
    what = rng.random()
    if what < 0.08:
        del value[key]
    elif what < 0.12:
        value[rng.choice(("extra", "", "\0", key + "x"))] = rng.choice(NASTY)
    else:
        value[key] = _changed(value[key], rng)
    return value


def _deep(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = {"a": value}
    return value
