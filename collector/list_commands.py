"""`polewatch collector list`: lists of wanted and overdue vehicles."""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from collector.command_support import COLLECTOR_YAML, CollectorConfig, readable_errors
from collector.config import CollectorSettings
from collector.confirming import AT_ONCE_FROM
from collector.problems import ProblemError
from collector.services.vehicle_lists.desk import ListDesk, Terms
from collector.services.vehicle_lists.shown import shown
from collector.services.vehicle_lists.table import REPORT, ListError, read_table
from collector.store.database import Database, StoreError
from collector.trust import TrustKeeper
from wire.clock import SystemClock
from wire.names import is_name
from wire.settings import load_settings
from wire.sheet import SheetError, lines
from wire.sheet_out import csv_bytes

MAX_BYTES = 100 * 1024 * 1024

app = typer.Typer(no_args_is_help=True, help="Lists of wanted and overdue vehicles.")
ListName = Annotated[str, typer.Argument(help="The list's name.")]


@app.command(
    epilog="Example: polewatch collector list put overdue overdue.xlsx --owner city "
    "--purpose '지방세 체납 차량' --basis '지방세징수법 제33조' --until 2026-12-31T23:59:59+09:00"
)
def put(
    name: ListName,
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8, UTF-16, CP949) or XLSX.")],
    owner: Annotated[str, typer.Option(help="The agency that answers for it.")],
    purpose: Annotated[str, typer.Option(help="What it is for.")],
    basis: Annotated[str, typer.Option(help="Legal basis.")],
    until: Annotated[str, typer.Option(help="When poles delete it, with its zone.")],
    accept_bad: Annotated[bool, typer.Option(help="Take the good rows when some are bad.")] = False,
    at_once_from: Annotated[
        float,
        typer.Option(help="A read this certain goes to agencies without a person's confirmation."),
    ] = AT_ONCE_FROM,
    confirm_each: Annotated[
        bool, typer.Option(help="A person confirms each read, however certain.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="CSV that is to hold every bad row and its reason.")
    ] = None,
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Have a list say exactly what a table says; the first thousand bad rows are told."""
    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        try:
            if not is_name(name):
                raise StoreError(f"{name}: a list is called like [a-z0-9-]{{1,32}}")
            table = read_table(lines(str(file), _bytes(file)))
            terms = Terms(
                owner=owner,
                purpose=purpose,
                basis=basis,
                expires_at=datetime.fromisoformat(until),
                at_once_from=None if confirm_each else at_once_from,
            )
            for bad in table.first_bad():
                typer.echo(f"{file}, row {bad.row}: {bad.reason}", err=True)
            if report is not None:
                _write(report, csv_bytes(REPORT, table.report()))
            clock = SystemClock()
            trust = TrustKeeper(settings.register_file, clock)
            desk, database = ListDesk(trust.agencies), Database(settings.data)
            try:
                with database.transaction() as run:
                    taken = desk.put(
                        run, name, terms, table, getpass.getuser(), clock.now(),
                        accept_bad=accept_bad,
                    )  # fmt: skip
            finally:
                database.close()
        except (ListError, SheetError, ProblemError) as error:
            raise StoreError(f"{file}: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            raise StoreError(f"--{first['loc'][0]}: {first['msg']}") from error
        except ValueError as error:
            raise StoreError(f"--until: {error}") from error
    if as_json:
        typer.echo(taken.model_dump_json())
        return
    also = "".join(f", {count} also on {other}" for other, count in taken.also_on.items())
    typer.echo(
        f"{name}: {taken.entries} plates ({taken.added} new, {taken.removed} gone,"
        f" {taken.repeated} repeated, {taken.bad_rows} bad rows{also})"
    )


@app.command("show", epilog="Example: polewatch collector list show")
def show_lists(
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The lists, and how many poles hold each as it is now."""
    with readable_errors():
        database = Database(load_settings(config, CollectorSettings).data)
        try:
            with database.reading() as run:
                lists = shown(run)
        finally:
            database.close()
    for one in lists:
        if as_json:
            typer.echo(one.model_dump_json())
            continue
        over = ", ended" if one.ended else ""
        sure = "each" if one.at_once_from is None else f"below {one.at_once_from:g}"
        typer.echo(
            f"{one.list_id}: {one.entries} plates of {one.owner}, until"
            f" {one.expires_at.isoformat()}, on {one.poles} poles, {one.behind} behind,"
            f" confirmed by a person: {sure}{over}"
        )


@app.command("end", epilog="Example: polewatch collector list end overdue")
def end(name: ListName, config: CollectorConfig = COLLECTOR_YAML) -> None:
    """Delete a list here; poles give it up as they are there."""
    with readable_errors():
        database = Database(load_settings(config, CollectorSettings).data)
        try:
            with database.transaction() as run:
                ListDesk(frozenset).end(run, name, getpass.getuser(), SystemClock().now())
        except ProblemError as error:
            raise StoreError(str(error)) from error
        finally:
            database.close()
    typer.echo(f"list {name} counts no more")


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise StoreError(f"{file}: larger than {MAX_BYTES // 1024**2} MB")
        return file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error
