"""`polewatch collector assets`: the registry of what the city owns on its poles."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from collector.command_support import (
    COLLECTOR_YAML,
    CollectorConfig,
    database_file,
    readable_errors,
)
from collector.config import CollectorSettings
from collector.services.boards.registry import load_boards
from collector.services.estate.desk import EstateDesk
from collector.services.estate.export import HEADINGS, TITLE, asset_rows
from collector.services.estate.report import HEADINGS as AVAILABILITY
from collector.services.estate.report import TOTAL, month_report, percent, report_rows
from collector.services.estate.table import AssetTableError, read_file
from collector.store import estate
from collector.store.database import Database, StoreError
from collector.store.reader import Reader
from wire.clock import SystemClock
from wire.settings import load_settings
from wire.sheet import SheetError
from wire.sheet_out import Cell, csv_bytes, xlsx_bytes

MOST_BYTES = 100 * 1024 * 1024

app = typer.Typer(no_args_is_help=True, help="Poles, cameras, boxes and what else hangs there.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command("import", epilog="Example: polewatch collector assets import 자산대장.xlsx --check")
def import_table(
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8, UTF-16, CP949) or XLSX.")],
    check: Annotated[bool, typer.Option(help="Say what it would do, and do nothing.")] = False,
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: AsJson = False,
) -> None:
    """Take a table into the registry: all of it, or nothing and every bad row is told."""
    with readable_errors(), _opened(config) as (settings, database, reader):
        try:
            table = read_file(str(file), _bytes(file))
        except (SheetError, AssetTableError) as error:
            raise StoreError(f"{file}: {error}") from error
        boards = load_boards(settings.boards).ids if settings.boards else ()
        desk = EstateDesk(reader.cameras, boards)
        with database.transaction() as run:
            taken = desk.take(run, table, getpass.getuser(), SystemClock().now(), only_check=check)
    for bad in taken.bad:
        typer.echo(f"{file}, row {bad.row}: {bad.reason}", err=True)
    if as_json:
        typer.echo(taken.model_dump_json())
    elif taken.bad_rows:
        typer.echo(f"{file}: {taken.bad_rows} bad rows; nothing was taken", err=True)
    else:
        would = "would be " if check else ""
        typer.echo(f"{taken.added} {would}new, {taken.changed} {would}changed, {taken.same} same")
        if taken.ignored:
            typer.echo(f"not understood, left out: {', '.join(taken.ignored)}")
    if taken.bad_rows:
        raise typer.Exit(1)


@app.command("export", epilog="Example: polewatch collector assets export 자산대장.xlsx")
def export_table(
    file: Annotated[Path, typer.Argument(help="To be written: .csv or .xlsx.")],
    config: CollectorConfig = COLLECTOR_YAML,
) -> None:
    """Write the whole registry as a table, which `import` takes back."""
    with readable_errors(), _opened(config) as (_, database, _reader):
        with database.reading() as run:
            rows = asset_rows(estate.all_of(run))
        write_table(file, TITLE, HEADINGS, rows)
    typer.echo(f"{file}: {len(rows)} assets")


@app.command(
    epilog="Example: polewatch collector assets availability 2026-11 --out 가동률-2026-11.xlsx"
)
def availability(
    month: Annotated[str, typer.Argument(help="Of the site's calendar, like 2026-11.")],
    out: Annotated[
        Path | None, typer.Option(help="Write all cameras there: .csv or .xlsx.")
    ] = None,
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: AsJson = False,
) -> None:
    """How much of a month the centre had each camera's picture; sums by purpose and of all."""
    with readable_errors(), _opened(config) as (settings, database, reader):
        now = SystemClock().now()
        try:
            with database.reading() as run:
                report = month_report(run, reader.cameras(), month, settings.zone, now)
        except ValueError as error:
            raise StoreError(str(error)) from None
        rows = report_rows(report)
        if out is not None:
            write_table(out, f"가동률 {month}", AVAILABILITY, rows)
    if as_json:
        typer.echo(json.dumps([dict(zip(AVAILABILITY, row, strict=True)) for row in rows]))
        return
    for name, count, share in (*report.purposes, (TOTAL, len(report.cameras), report.total)):
        rate = "-" if share.rate is None else f"{percent(share)} %"
        typer.echo(f"{name or '목적 미등록'}: {count} cameras, {rate}, {share.outages} outages")


def write_table(file: Path, title: str, headings: tuple[str, ...], rows: list[list[Cell]]) -> None:
    """As the file's ending says; raises StoreError for another ending, or no room."""
    if file.suffix == ".csv":
        data = csv_bytes(headings, rows)
    elif file.suffix == ".xlsx":
        data = xlsx_bytes(title, headings, rows)
    else:
        raise StoreError(f"{file}: its name must end with .csv or .xlsx")
    try:
        file.write_bytes(data)
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise StoreError(f"{file}: larger than {MOST_BYTES // 1024**2} MB")
        return file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error


@contextmanager
def _opened(config: Path) -> Iterator[tuple[CollectorSettings, Database, Reader]]:
    settings = load_settings(config, CollectorSettings)
    database_file(settings)
    database = Database(settings.data)
    reader = Reader(database.path, settings.places())
    try:
        yield settings, database, reader
    finally:
        reader.close()
        database.close()
