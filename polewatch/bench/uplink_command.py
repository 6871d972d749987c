"""`polewatch bench uplink`: arguments and printing only."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def uplink(
    video: Annotated[
        Path | None, typer.Option(help="What the camera plays; default: the demo's street.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=90, max=86_400, help="Of each run; figures leave every 30 s.")
    ] = 300,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the result for the page of performance.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What a pole sends in a day, beside streaming its camera: a real agent over real footage.

    Bytes that the broker's TCP acknowledged, in a run with nothing to look for and in one with
    rules that somebody meets all the time.
    """
    from polewatch.bench import uplink as bench
    from polewatch.demo.processes import ProcessError
    from polewatch.demo.site import CLIP
    from polewatch.performance.result import keep as keep_result

    file = video or CLIP
    if not file.is_file():
        raise typer.BadParameter(f"{file} is not there; name another --video")
    try:
        found = bench.measure(file, seconds)
    except ProcessError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    told = bench.kept(found, shlex.join(["polewatch", *sys.argv[1:]]))
    if keep:
        typer.echo(f"kept: {keep_result(told, Path.cwd())}", err=True)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "finding": found.finding, "day": found.day}))
        return
    for figure in told.figures:
        beside = f" ({figure.peer.name}: {figure.peer.value:g})" if figure.peer else ""
        typer.echo(f"{figure.label}: {figure.value} {figure.unit}{beside}; {figure.basis}")
