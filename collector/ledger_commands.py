"""`polewatch collector ledger`: verified, sealed, exported, and what became of copies."""

from __future__ import annotations

import dataclasses
import getpass
import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from collector import destruction as copies
from collector import ledger, provision_record, sealing
from collector.command_support import (
    COLLECTOR_YAML,
    CollectorConfig,
    database_file,
    readable_errors,
)
from collector.config import CollectorSettings
from collector.store.database import Database, StoreError, connect
from wire.identity import load_authorities
from wire.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Who saw what, and why.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Day = Annotated[str | None, typer.Option(help="A day of the site, YYYY-MM-DD.")]


@app.command(epilog="Example: polewatch collector ledger verify --seals seals.jsonl")
def verify(
    config: CollectorConfig = COLLECTOR_YAML,
    seals: Annotated[
        Path | None, typer.Option("--seals", help="Seals that were kept elsewhere, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Walk the chain and its daily seals; exit code 1 names what was altered."""
    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        run = connect(database_file(settings), read_only=True)
        check = ledger.verify(run)
        lines = sealing.held(run)
        count = len(lines)
        if seals is not None:
            kept = _lines(seals)
            lines += kept
            count += len(kept)
        if check.fault is None:
            authorities = load_authorities(settings.identity / "ca.pem")
            check = dataclasses.replace(check, fault=sealing.fault(run, lines, authorities))
        run.close()
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(check), "seals": count}))
    elif check.fault is None:
        typer.echo(
            f"{check.entries} entries hold, {check.erased} erased, {count} seals; head {check.head}"
        )
    else:
        typer.echo(f"the ledger does not hold: {check.fault}")
    raise typer.Exit(0 if check.fault is None else 1)


@app.command(epilog="Example: polewatch collector ledger seals > seals.jsonl")
def seals(config: CollectorConfig = COLLECTOR_YAML) -> None:
    """Print the daily seals, one a line, to be kept where nobody of the centre can change them."""
    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        run = connect(database_file(settings), read_only=True)
        for line in sealing.held(run):
            typer.echo(line)
        run.close()


@app.command(epilog="Example: polewatch collector ledger export 2026-11.xlsx --from 2026-11-01")
def export(
    file: Annotated[Path, typer.Argument(help="A new file: .csv or .xlsx.")],
    since: Annotated[str | None, typer.Option("--from", help="A day of the site.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
    reads: Annotated[
        bool, typer.Option("--reads", help="Who read personal data, in place of provisions.")
    ] = False,
    config: CollectorConfig = COLLECTOR_YAML,
) -> None:
    """Write the record of provision in the official columns; that it was done is entered too."""
    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        write = {".csv": provision_record.as_csv, ".xlsx": provision_record.as_xlsx}.get(
            file.suffix.lower()
        )
        if write is None:
            raise StoreError(f"{file}: must end with .csv or .xlsx")
        if file.exists():
            raise StoreError(f"{file}: is there already; an export replaces nothing")
        begin, end = (_day(text, settings.zone) for text in (since, until))
        database_file(settings)
        database = Database(settings.data)
        try:
            with database.transaction() as run:
                rows = provision_record.read_rows if reads else provision_record.rows
                found = list(rows(run, settings.zone, since=begin, until=end))
                # Entered first: no copy leaves without an entry.
                fields = {
                    "person": getpass.getuser(), "rows": len(found), "from": since, "to": until,
                    "reads": reads or None,
                }  # fmt: skip
                ledger.append(run, datetime.now(UTC), "ledger.exported", fields)
            columns = provision_record.READ_COLUMNS if reads else provision_record.COLUMNS
            _write_private(file, write(found, columns))
        finally:
            database.close()
    typer.echo(f"{file}: {len(found)} rows")


@app.command(
    epilog="Example: polewatch collector ledger destruction 1187 --planned 2026-12-26, then "
    "--on 2026-12-20 --officer 박"
)
def destruction(
    number: Annotated[int, typer.Argument(help="The entry of the copy that was provided.")],
    planned: Annotated[str | None, typer.Option(help="When it is to be destroyed.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="When it was.")] = None,
    officer: Annotated[str | None, typer.Option(help="Who did it.")] = None,
    config: CollectorConfig = COLLECTOR_YAML,
) -> None:
    """Enter when a copy that was provided is to be destroyed, or was, and by whom."""
    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        database_file(settings)
        database = Database(settings.data)
        try:
            with database.transaction() as run:
                copies.enter(
                    run,
                    datetime.now(UTC),
                    settings.zone,
                    number,
                    planned=planned,
                    on=on,
                    officer=officer,
                    person=getpass.getuser(),
                )
        except copies.DestructionError as error:
            raise StoreError(str(error)) from error
        finally:
            database.close()
    typer.echo(f"entered for {number}")


def _day(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        raise StoreError(f"{text!r} is no day; write it as 2026-11-26") from None


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file}: cannot be read ({error})") from error


def _write_private(file: Path, content: bytes) -> None:
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror})") from error
