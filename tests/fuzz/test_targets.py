"""The parsers of the wire on what fuzzing found, and on a few new changes to real messages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import NAMES, Parsers, seeds

CORPUS = Path(__file__).with_name("corpus")
SEEDS = tuple(seeds())
PARSERS: list[Parsers] = []


@pytest.fixture(autouse=True, scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    PARSERS.append(Parsers(tmp_path_factory.mktemp("parsers")))
    yield
    PARSERS.pop().close()


def test_every_parser_has_seeds() -> None:
    assert set(PARSERS[-1].targets()) == set(NAMES) == {name for name, _ in SEEDS}


@pytest.mark.parametrize("name", NAMES)
def test_what_was_found_before_holds(name: str) -> None:
    parse = PARSERS[-1].targets()[name]
    kept = sorted((CORPUS / name).glob("*"))
    assert kept
    for file in kept:
        parse(file.read_bytes())


@given(which=st.sampled_from(SEEDS), seed=st.integers(0, 2**32))
def test_a_changed_message_is_taken_or_refused(which: tuple[str, bytes], seed: int) -> None:
    name, data = which
    changed = mutated(data, random.Random(seed), 8_192)
    PARSERS[-1].targets()[name](data if changed is None else changed)
