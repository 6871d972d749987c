"""`polewatch provision site`: arguments and printing only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from provisioning.authority import Authority
from provisioning.commands.output import AsJson, failing, print_json
from provisioning.problems import ProvisionError
from provisioning.site.importing import Defaults, Flaw, import_rows
from provisioning.site.model import is_zone, load_site
from provisioning.site.position import position_flaw
from provisioning.site.sheet import read_sheet
from provisioning.site.store import store
from provisioning.words import t
from wire.names import is_name

site = typer.Typer(no_args_is_help=True, help="What stands where: a file a pole.")
SHOWN = 50


@site.command(epilog="Example: polewatch provision site check sites/pole-001.yaml")
def check(
    file: Annotated[list[Path], typer.Argument(help="Site files.")], as_json: AsJson = False
) -> None:
    """Check site files: every key, the position, the cameras' addresses."""
    wrong: list[ProvisionError] = []
    for path in file:
        try:
            found = load_site(path)
            flaw = position_flaw(found.position.latitude, found.position.longitude)
            if flaw:
                where = found.position.model_dump()
                detail = f"{path}: position: {t(f'site.flaw.{flaw}', **where)}"
                raise ProvisionError("site.invalid", detail)
        except ProvisionError as problem:
            wrong.append(problem)
            if not as_json:
                typer.secho(f"polewatch: {problem}", err=True, fg=typer.colors.RED)
            continue
        if not as_json:
            typer.echo(t("site.good", file=path, pole=found.pole, cameras=len(found.cameras)))
    if as_json:
        print_json({"ok": not wrong, "files": len(file), "wrong": [p.as_json() for p in wrong]})
    if wrong:
        raise typer.Exit(1)


@site.command(
    "import",
    epilog="Example: polewatch provision site import poles.xlsx --city gyeyang "
    "--broker broker.gyeyang.example --out sites --authority authority",
)
def import_(
    table: Annotated[Path, typer.Argument(help="CSV (UTF-8, UTF-16, CP949) or XLSX.")],
    city: Annotated[str, typer.Option(help="The city's name in topics.")],
    out: Annotated[Path, typer.Option(help="Folder for the site files.")] = Path("sites"),
    broker: Annotated[
        str | None, typer.Option(help="HOST or HOST:PORT for rows that name none.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="For rows that name none.")] = "Asia/Seoul",
    authority: Annotated[
        Path | None,
        typer.Option(help="Also enrol every pole that has no box yet with this authority."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make site files from a table of poles, one row a camera: all of it or nothing.

    \b
    Columns: pole, latitude, longitude, camera, url; also address, sub_url, credentials, uplink,
    bytes_per_s, broker, time_zone; Korean headings are known too.
    """
    if not is_name(city):
        raise typer.BadParameter("use 1 to 32 of a-z, 0-9 and '-'", param_hint="--city")
    if not is_zone(time_zone):
        raise typer.BadParameter("use an IANA name such as Asia/Seoul", param_hint="--time-zone")
    with failing(as_json=as_json):
        rows = read_sheet(table)
        found = import_rows(rows, Defaults(city, broker, time_zone))
        if found.flaws:
            _report(table, len(rows), found.flaws, as_json=as_json)
            raise typer.Exit(1)
        opened = None if authority is None else Authority(authority)
        stored = store(found.sites, out, opened)
    cameras = sum(len(one.cameras) for one in found.sites)
    if as_json:
        counts = {"written": stored.written, "unchanged": stored.unchanged}
        numbers = {"rows": len(rows), "poles": len(found.sites), "cameras": cameras}
        print_json({"ok": True, **numbers, **counts, "issued": stored.issued})
        return
    typer.echo(
        t(
            "site.imported",
            poles=len(found.sites),
            cameras=cameras,
            written=stored.written,
            issued=stored.issued,
            out=out,
        )
    )


def _report(table: Path, rows: int, flaws: tuple[Flaw, ...], *, as_json: bool) -> None:
    bad = len({flaw.row for flaw in flaws})
    problem = ProvisionError("site.import", t("site.bad-rows", file=table, bad=bad, rows=rows))
    if as_json:
        listed = [
            {
                "row": flaw.row,
                "column": flaw.column,
                "flaw": flaw.key,
                "text_en": flaw.text("en"),
                "text_ko": flaw.text("ko"),
            }
            for flaw in flaws
        ]
        print_json({"ok": False, **problem.as_json(), "rows": rows, "bad": listed})
        return
    shown = Table(t("site.column.row"), t("site.column.column"), t("site.column.flaw"))
    for flaw in flaws[:SHOWN]:
        shown.add_row(str(flaw.row), flaw.column, flaw.text())
    Console(stderr=True).print(shown)
    if len(flaws) > SHOWN:
        typer.echo(t("site.more", more=len(flaws) - SHOWN), err=True)
    typer.secho(f"polewatch: {problem}", err=True, fg=typer.colors.RED)
