"""How every command answers: words for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from provisioning.problems import ProvisionError

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object for programs.")]


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def failing(*, as_json: bool) -> Iterator[None]:
    """Print a ProvisionError in the person's language, or as JSON, and end the command with 1."""
    try:
        yield
    except ProvisionError as problem:
        if as_json:
            print_json({"ok": False, **problem.as_json()})
        else:
            typer.secho(f"polewatch: {problem}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None


def byte_bars(*, quiet: bool) -> Progress:
    """Bars with bytes, rate and remaining time on the error stream; none off a terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )
