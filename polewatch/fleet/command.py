"""`polewatch fleet`: arguments and printing only."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from collector.broker.runner import BrokerError
from polewatch.demo.processes import ProcessError
from polewatch.fleet.loopback import LoopbackError
from polewatch.fleet.options import Backlog, Broker, Burst, Devices, Drain, Seconds
from polewatch.fleet.run import play
from polewatch.fleet.simulation import Drained, Killed, Plan, Report, StuckError
from wire import logs

app = typer.Typer(no_args_is_help=True, help="A city's devices, simulated against a real centre.")


@app.callback()
def fleet() -> None:
    """A city's devices, simulated against a real centre."""


@app.command(epilog="Example: polewatch fleet simulate --devices 200 --seconds 20 --backlog 30")
def simulate(
    devices: Devices = 200,
    broker: Broker = "nats",
    seconds: Seconds = 30,
    rate: Annotated[
        float, typer.Option(min=0.1, max=1000, help="Messages a second in it: openings and ends.")
    ] = 50,
    burst: Burst = 5000,
    backlog: Backlog = 10,
    spread: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds within which all come back.")
    ] = 1.0,
    misbehaving: Annotated[
        int, typer.Option(min=0, max=1000, help="Devices that misbehave in the steady part.")
    ] = 10,
    still_kb: Annotated[
        int, typer.Option(min=0, max=60, help="Mean size of a picture; 0 sends none.")
    ] = 40,
    kill: Annotated[
        Killed, typer.Option(help="What is killed in the middle of the storm.")
    ] = "none",
    drain: Drain = 600,
    seed: Annotated[int, typer.Option(help="Of all that is drawn by lot.")] = 1,
    folder: Annotated[
        Path | None, typer.Option(help="Keep database, broker's store and logs here (empty).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Thousands of devices on this machine, against a broker and a collector as they ship.

    Real connections with mutual TLS, real messages: signed, numbered, kept until a signed receipt
    names them. A steady part with everybody's figures every thirty seconds, a burst, then a storm:
    all vanish as in a power cut and come back at once, each with what an hour without a line left.
    At the end stand the books; what does not balance is named, and the exit code is 1. Everything
    is on loopback, keys and data are made for the run and go with it.
    """
    if kill == "node" and broker != "cluster":
        raise typer.BadParameter("a node can be killed where there are several: --broker cluster")
    if kill != "none" and not backlog:
        raise typer.BadParameter("the kill is in the storm, which --backlog 0 leaves out")
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise typer.BadParameter(f"{folder} is not empty; name another --folder")
    logs.configure()
    plan = Plan(
        seconds=seconds, rate=rate, burst=burst, backlog=backlog, spread_s=spread,
        misbehaving=misbehaving if seconds else 0, still_bytes=still_kb * 1000, killed=kill,
        drain_s=drain, seed=seed,
    )  # fmt: skip
    try:
        report = play(devices, broker, plan, lambda line: typer.echo(line, err=True), folder)
    except (LoopbackError, StuckError, BrokerError, ProcessError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        _print(report)
    if report.faults:
        typer.echo(f"the books do not balance: {', '.join(report.faults)}", err=True)
        raise typer.Exit(1)


def _print(report: Report) -> None:
    table = Table("", "", title=f"{report.devices} devices")
    table.add_row("connected in", f"{report.connect_s:.1f} s")
    if report.steady is not None:
        steady = report.steady
        ms = steady.latency_ms
        table.add_row("steady", f"{steady.messages} messages in {steady.seconds:.0f} s")
        table.add_row("device to agency", f"p50 {ms.p50:.0f} ms, p99 {ms.p99:.0f} ms")
        cores = ", ".join(f"{name} {used:.2f}" for name, used in steady.cpu_s_per_s.items())
        table.add_row("cores", cores)
    for name, part in (("burst", report.burst), ("storm", report.storm)):
        if part is not None:
            table.add_row(name, _drained(part))
    memory = ", ".join(f"{name} {used:.0f} MB" for name, used in report.rss_mb.items())
    table.add_row("memory", memory)
    balance, stored = report.balance, report.stored
    if balance is not None and stored is not None:
        table.add_row("put = receipted", f"{balance.put} = {balance.receipted}")
        table.add_row("findings = delivered", f"{balance.findings} = {balance.delivered}")
        table.add_row("delivered twice, lost", f"{balance.doubled}, {balance.undelivered}")
        table.add_row("repeated and dropped", f"{balance.repeated} to agencies")
        table.add_row("", f"{stored.duplicates} to the collector")
        kept = ", ".join(f"{reason} {n}" for reason, n in sorted(stored.quarantined.items()))
        table.add_row("refused and kept", kept or "none")
    Console().print(table)


def _drained(part: Drained) -> str:
    return (
        f"{part.messages} messages, receipted in {part.receipted_s:.1f} s ({part.per_s:.0f} a"
        f" second), delivered in {part.delivered_s:.1f} s"
    )
