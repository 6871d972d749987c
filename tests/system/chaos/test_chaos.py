"""Twelve seeded rounds on each broker; `make chaos` plays two hundred."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import pytest

from tests.system.chaos.books import balance
from tests.system.chaos.plan import AGENT_POINTS, COLLECTOR_POINTS, ORDERS, OTHERS, plan
from wire.event import LossRecord, SeqRange
from wire.names import new_id

SEEDS = {"nats": 36, "mosquitto": 1567}


@pytest.mark.timeout(620)
@pytest.mark.parametrize("broker", ["nats", "mosquitto"])
def test_the_books_balance_in_every_round(broker: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.system.chaos", "--broker", broker),
            *("--rounds", "6", "--seed", str(SEEDS[broker])),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert len(re.findall(r"^round .* balanced$", done.stdout, re.M)) == 6


def test_the_same_seed_is_the_same_plan_and_all_that_may_happen_does() -> None:
    rounds = plan(7, 200)
    assert rounds == plan(7, 200)
    assert rounds != plan(8, 200)
    kinds = Counter(one.kind for one in rounds)
    assert set(kinds) == {"kill", *OTHERS}
    assert {tuple(kill.who for kill in one.kills) for one in rounds if one.kills} == set(ORDERS)
    points = {kill.point for one in rounds for kill in one.kills}
    assert points == {None, *AGENT_POINTS, *COLLECTOR_POINTS}


def test_what_is_neither_delivered_nor_named_is_found() -> None:
    epoch = new_id()
    delivered, doubled, lost, missing, unknown = (new_id() for _ in range(5))
    loss = LossRecord(
        lost_epoch=epoch,
        ranges=(SeqRange(first=3, last=3),),
        count=1,
        by_severity={},
        reason="age",
    )
    numbers = {delivered: (epoch, 1), doubled: (epoch, 2), lost: (epoch, 3), missing: (epoch, 4)}
    books = balance(numbers, {delivered: 1, doubled: 2, unknown: 1}, [loss])
    assert (books.committed, books.delivered, books.lost) == (4, 2, 1)
    assert books.missing == {missing}
    assert books.doubled == {doubled}
    assert books.unknown == {unknown}
    assert not books.holds
