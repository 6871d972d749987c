"""`polewatch provision doctor`: arguments and printing only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning import doctor as work
from provisioning.commands.box import CONFIG, PROGRAM, Box, Config, Program, SshKey
from provisioning.commands.output import AsJson, failing, print_json
from provisioning.words import language, t
from wire.clock import SystemClock

EXAMPLE = "Example: polewatch provision doctor tech@10.0.0.2 --out pole-001.json"


def doctor(
    box: Box = None,
    config: Config = CONFIG,
    program: Program = PROGRAM,
    key: SshKey = None,
    turn: Annotated[
        typer.FileText | None,
        typer.Option(help="JSON file with urls, username, credential of a TURN server to try."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the report there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a box for its checks: what works, what does not, its number, what to do about it."""
    with failing(as_json=as_json):
        line = work.command_line(config, box, program, turn=turn is not None, identity=key)
        server = None if turn is None else turn.read()
        name = box or t("doctor.here")
        found = work.diagnose(line, name, SystemClock().now(), turn=server)
        if out is not None:
            work.write_report(out, found)
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)
    if not found.well:
        raise typer.Exit(1)


def _print(found: work.Diagnosis) -> None:
    spoken = language()
    for one in found.findings:
        if one.ok:
            typer.echo(f"{t('doctor.ok')}  {one.name}: {one.detail}")
            continue
        typer.secho(f"{t('doctor.bad')}  {one.name}: {one.detail}", fg=typer.colors.RED)
        typer.echo(f"    {one.number} {one.title(spoken)}. {one.what_to_do(spoken)}")
    failed = sum(not one.ok for one in found.findings)
    typer.echo(t("doctor.sum", box=found.box, failed=failed, checks=len(found.findings)))
