"""One target in one process, as libFuzzer runs it.

`python -m tests.fuzz.one TARGET FOLDER OPTION…`

libFuzzer ends the process itself, so the caller clears FOLDER away.
"""

from __future__ import annotations

import logging
import random
import sys
from pathlib import Path

import atheris
import structlog

with atheris.instrument_imports(
    include=["wire", "collector", "edge_agent.uplink", "edge_agent.clips.grant", "joserfc"]
):
    from tests.fuzz.targets import Parsers, seeds
from tests.fuzz.mutate import mutated

PLAIN = ("topics", "envelope", "cap")
"""Whose bytes are no JSON."""


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Mostly changes that stay JSON, and libFuzzer's own for the rest."""
    rng = random.Random(seed)
    structured = mutated(data, rng, most) if rng.random() < 0.7 else None
    return bytes(atheris.Mutate(data, most)) if structured is None else structured


def main() -> None:
    target, folder, options = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    corpus = [Path(one) for one in options if not one.startswith("-")]
    if "-merge=1" not in options:
        for number, (name, data) in enumerate(seeds()):
            if name == target:
                (corpus[0] / f"seed-{number}").write_bytes(data)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parse = Parsers(folder).targets()[target]
    own = {} if target in PLAIN else {"custom_mutator": mutate}
    atheris.Setup([sys.argv[0], *options], parse, **own)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
