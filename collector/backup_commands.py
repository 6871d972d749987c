"""`polewatch collector backup` and `restore`."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from collector.command_support import (
    COLLECTOR_YAML,
    CollectorConfig,
    database_file,
    readable_errors,
)
from wire.clock import SystemClock
from wire.settings import load_settings

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: AsJson = False,
) -> None:
    """Copy the database as it is now, checked, while the collector goes on running."""
    from collector.backup import back_up
    from collector.config import CollectorSettings

    with readable_errors(), Progress(console=Console(stderr=True), disable=_quiet()) as bar:
        settings = load_settings(config, CollectorSettings)
        task = bar.add_task("pages", total=None)
        found = back_up(
            database_file(settings),
            file,
            lambda left, all_: bar.update(task, total=all_, completed=all_ - left),
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found)))
    else:
        typer.echo(
            f"{found.file}: {found.events} events, {found.incidents} incidents,"
            f" {found.ledger_entries} ledger entries (head {found.ledger_head})"
        )


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the database's place; the old one goes aside. Stop the collector first."""
    from collector.backup import inspect
    from collector.backup import restore as put_back
    from collector.config import CollectorSettings

    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        schema, events, incidents, entries, head = inspect(file)
        aside = put_back(file, settings.data, SystemClock().now())
    if as_json:
        told = {
            "schema": schema, "events": events, "incidents": incidents, "ledger_entries": entries,
            "ledger_head": head, "aside": aside and str(aside),
        }  # fmt: skip
        typer.echo(json.dumps(told))
    else:
        kept = f"; what was there lies in {aside}" if aside else ""
        typer.echo(f"restored {events} events, {incidents} incidents{kept}")


def _quiet() -> bool:
    return not sys.stderr.isatty()
