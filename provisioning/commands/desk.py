"""Enrolment over the network, at the centre: arguments and printing only."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.table import Table

from provisioning.authority import Authority, AuthorityError
from provisioning.commands.authority import HERE, Folder
from provisioning.commands.output import AsJson, failing, print_json
from provisioning.enrol import keeper as keeping
from provisioning.enrol.desk import Desk
from provisioning.enrol.desk_config import DeskSettings
from provisioning.enrol.door import Door
from provisioning.enrol.refusals import kept
from provisioning.problems import ProvisionError
from provisioning.words import t
from wire import logs
from wire.clock import SystemClock
from wire.identity import IdentityError
from wire.register import RegisterError
from wire.settings import SettingsError, load_settings
from wire.stopping import stop_on_signals

EVERY_S = 1.0
Config = Annotated[Path, typer.Option("--config", help="The desk's configuration file.")]
DESK_YAML = Path("desk.yaml")

log = structlog.get_logger()


def serve(
    config: Config = DESK_YAML,
    print_ready: Annotated[
        bool, typer.Option("--print-ready", help="Print one JSON line once it listens.")
    ] = False,
) -> None:
    """At the centre: enrol boxes over HTTPS, with keys of few days for named boards."""
    logs.configure()
    stop = stop_on_signals()
    with failing(as_json=False):
        try:
            settings = load_settings(config, DeskSettings)
            desk = Desk(settings.keys, settings.sites, settings.data)
            door = Door(settings, desk, SystemClock())
        except SettingsError as error:
            raise ProvisionError("request.invalid", str(error)) from error
        except IdentityError as error:
            raise ProvisionError("identity.invalid", str(error)) from error
        except OSError as error:
            where = error.filename or f"{settings.http.host}:{settings.http.port}"
            raise ProvisionError("desk.unreachable", f"{where}: {error.strerror}") from error
    threading.Thread(target=door.serve_forever, daemon=True).start()
    if print_ready:
        logs.print_ready(http=door.url)
    stop.wait()
    door.shutdown()
    door.server_close()


def refused(config: Config = DESK_YAML, as_json: AsJson = False) -> None:
    """At the centre: what the desk refused, oldest first."""
    with failing(as_json=as_json):
        try:
            lines = list(kept(load_settings(config, DeskSettings).data))
        except SettingsError as error:
            raise ProvisionError("request.invalid", str(error)) from error
    _print_refusals(lines, {"address": "address", "pole": "pole"}, as_json=as_json)


def keep(
    keys: Annotated[Path, typer.Option(help="The desk's keys, written here.")],
    journals: Annotated[Path, typer.Option(help="The desk's journals, read here.")],
    folder: Folder = HERE,
    publish: Annotated[
        Path | None,
        typer.Option(help="Folder for register, certificates and revocations, for all to read."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep the enrolment desk in keys, take in what it enrolled, renew what ends soon."""
    logs.configure()
    stop = stop_on_signals()
    with failing(as_json=as_json):
        keeper = keeping.Keeper(Authority(folder), keys, journals, SystemClock(), publish)
    told = ""
    while True:
        try:
            for one in keeper.step():
                if as_json:
                    print_json(one.as_json())
                elif one.problem is None:
                    typer.echo(t(f"enrol.{one.state}", name=one.entry.name))
            told = ""
        except (AuthorityError, ProvisionError, RegisterError, OSError) as error:
            if once:
                raise
            if str(error) != told:
                log.error("keeper.failed", error=str(error), again_s=EVERY_S)
            told = str(error)
        sys.stdout.flush()
        if once or stop.wait(EVERY_S):
            return


def not_taken(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """What was refused of what the desk brought back: look into each, the desk may be broken."""
    with failing(as_json=as_json):
        lines = list(keeping.refused(Authority(folder)))
    _print_refusals(lines, {"key": "key", "board": "name"}, as_json=as_json)


def _print_refusals(lines: list[dict[str, Any]], columns: dict[str, str], *, as_json: bool) -> None:
    """`columns`: heading and the line's key for what stands between time and refusal."""
    if as_json:
        print_json(lines)
        return
    table = Table(*(t(f"enrol.column.{name}") for name in ("at", *columns, "refusal")))
    for line in lines:
        problem = ProvisionError(line["code"], line["detail"])
        table.add_row(line["at"], *(line[key] for key in columns.values()), str(problem))
    Console().print(table)
