"""`python -m tests.system.chaos --rounds 200 --seed 7 --broker nats`: a line a round, then the sum.

Runs in a mount namespace of its own, for the pole's small disk.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog

from tests.support.broker import make_city
from tests.system.chaos.brokers import make
from tests.system.chaos.plan import plan
from tests.system.chaos.run import Result, Runner
from tests.system.chaos.town import Town

INSIDE = "POLEWATCH_CHAOS_INSIDE"
BROKERS = ("nats", "mosquitto", "cluster")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos", description=__doc__)
    parser.add_argument("--broker", choices=BROKERS, required=True)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="rounds of this kind alone")
    parser.add_argument("--keep", type=Path, help="folder for the logs; else they go")
    arguments = parser.parse_args()
    if INSIDE not in os.environ:
        return _inside()
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        return _rounds(arguments, arguments.keep)
    with tempfile.TemporaryDirectory() as folder:
        return _rounds(arguments, Path(folder))


def _inside() -> int:
    """The same once more, where mounting is allowed and seen by nobody else."""
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, "-m", "tests.system.chaos",
         *sys.argv[1:]],
        env={**os.environ, INSIDE: "1"}, check=False,
    )  # fmt: skip
    return done.returncode


def _rounds(arguments: argparse.Namespace, folder: Path) -> int:
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    began = time.monotonic()
    city = make_city(folder / "authority")
    rng = random.Random(arguments.seed)
    town = Town(folder, city, make(arguments.broker, city, folder / "broker", rng), arguments.seed)
    results: list[Result] = []
    try:
        runner = Runner(town)
        for one in plan(arguments.seed, arguments.rounds):
            if arguments.only in (None, one.kind):
                results.append(runner.play(one))
                print(_line(results[-1]), flush=True)
                if results[-1].fault is not None:
                    # Later rounds would only repeat it.
                    break
    finally:
        town.close()
    print(_sum(arguments, results, time.monotonic() - began), flush=True)
    return 0 if results and results[-1].fault is None else 1


def _line(result: Result) -> str:
    books = result.balance
    return (
        f"round {result.round.number:3} {str(result.round)[:70]:70} committed {books.committed:5}"
        f" delivered {books.delivered:5} lost {books.lost:3} redelivered {result.redelivered:3}"
        f" repeated {result.repeated:2} {result.took_s:4.1f} s"
        f" {'balanced' if result.fault is None else 'FAILED: ' + result.fault}"
    )


def _sum(arguments: argparse.Namespace, results: list[Result], took_s: float) -> str:
    books = results[-1].balance
    balanced = sum(one.fault is None for one in results)
    points = Counter(point for one in results for point in one.reached)
    reached = ", ".join(f"{point} {times}" for point, times in sorted(points.items()))
    return (
        f"killed at: {reached or 'no point'}\n"
        f"balance ({arguments.broker}, seed {arguments.seed}): {balanced} of {len(results)} rounds"
        f" balanced; committed {books.committed} = delivered {books.delivered}"
        f" + lost and named {books.lost} + missing {len(books.missing)};"
        f" doubled {len(books.doubled)}, unknown {len(books.unknown)};"
        f" redelivered {sum(one.redelivered for one in results)} to the collector,"
        f" {sum(one.repeated for one in results)} to the agency, all dropped by id;"
        f" {took_s:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
