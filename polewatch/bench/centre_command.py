"""`polewatch bench centre`: arguments and printing only."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from polewatch.fleet.options import Backlog, Broker, Burst, Devices, Drain, Seconds

DEVICES = 2067
"""Gyeyang-gu's cameras, each as if it were a box of its own."""
LEAST_OF_PAHO = 0.08
"""Of the peer's messages a second, in the quick form: what a regression falls below."""


def centre(
    broker: Broker = "nats",
    devices: Devices = DEVICES,
    seconds: Seconds = 60,
    burst: Burst = 5000,
    backlog: Backlog = 87,
    drain: Drain = 900,
    quick: Annotated[
        bool, typer.Option("--quick", help="A ratio alone, in seconds; fails when it is poor.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the result for the page of performance.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """One collector with its broker under a city's load, beside its ceilings in the same run.

    The ceilings: the broker alone, and a subscriber by paho that writes to SQLite and checks
    nothing. The load is that of `polewatch fleet simulate`; 87 messages a device are an hour of 50
    a second over 2,067 devices. Of a cluster one node is killed in the storm. The books must
    balance, else the exit code is 1.
    """
    from collector.broker.runner import BrokerError
    from polewatch.bench import centre as bench
    from polewatch.demo.processes import ProcessError
    from polewatch.fleet.loopback import LoopbackError
    from polewatch.fleet.simulation import Killed, Plan, StuckError
    from polewatch.performance.result import keep as keep_result
    from wire import logs

    if keep and (quick or devices != DEVICES):
        raise typer.BadParameter(f"what is kept is of {DEVICES} devices, and not --quick")
    killed: Killed = "node" if broker == "cluster" else "none"
    plan = Plan(seconds=seconds, burst=burst, backlog=backlog, drain_s=drain, killed=killed)
    logs.configure()
    try:
        found = bench.measure(
            broker,
            bench.QUICK_DEVICES if quick else devices,
            bench.QUICK if quick else plan,
            lambda line: typer.echo(line, err=True),
        )
    except (LoopbackError, StuckError, BrokerError, ProcessError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    told = bench.kept(found, shlex.join(["polewatch", *sys.argv[1:]]))
    if keep:
        typer.echo(f"kept: {keep_result(told, Path.cwd())}", err=True)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "of_paho_sqlite": found.of_paho_sqlite}))
    else:
        for figure in told.figures:
            beside = f" ({figure.peer.name}: {figure.peer.value:g})" if figure.peer else ""
            typer.echo(f"{figure.label}: {figure.value} {figure.unit}{beside}; {figure.basis}")
    poor = quick and (found.of_paho_sqlite or 0) < LEAST_OF_PAHO
    if poor:
        typer.echo(
            f"less than {LEAST_OF_PAHO:g} of paho to SQLite: look for what cost it", err=True
        )
    if poor or found.fleet.faults:
        raise typer.Exit(1)
