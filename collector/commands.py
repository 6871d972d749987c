"""`polewatch collector`: arguments and printing only."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from collector import backup_commands
from collector.command_support import (
    COLLECTOR_YAML,
    SIGNER_YAML,
    CollectorConfig,
    SignerConfig,
    database_file,
    readable_errors,
)
from wire import logs
from wire.clock import SystemClock
from wire.lazy_commands import LazyGroup, Part
from wire.settings import load_settings

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey


class Parts(LazyGroup):
    """What has commands of its own."""

    parts = (
        Part("user", "Who may sign in.", "collector.user_commands:app"),
        Part("ledger", "Who saw what, and why.", "collector.ledger_commands:app"),
        Part("rule", "What agencies may see without an operator.", "collector.rule_commands:app"),
        Part("list", "Lists of wanted and overdue vehicles.", "collector.list_commands:app"),
        Part(
            "assets",
            "Poles, cameras, boxes and what else hangs there.",
            "collector.asset_commands:app",
        ),
        Part("token", "What programs ask the API with.", "collector.token_commands:app"),
    )


app = typer.Typer(
    cls=Parts, no_args_is_help=True, help="The centre: events to incidents, to agencies."
)
app.command(epilog="Example: polewatch collector backup /backup/2026-11-26.sqlite")(
    backup_commands.backup
)
app.command(epilog="Example: polewatch collector restore /backup/2026-11-26.sqlite")(
    backup_commands.restore
)

SWITCH_S = 0.001
"""Python's own 5 ms make whoever verifies a signature, which lets another thread in, wait so long
for each: a fifth of the messages a second in a flood."""

PrintReady = Annotated[
    bool, typer.Option("--print-ready", help="Print one JSON line once all listeners stand.")
]


@app.command(epilog="Example: polewatch collector run --config collector.yaml")
def run(config: CollectorConfig = COLLECTOR_YAML, print_ready_line: PrintReady = False) -> None:
    """Run the collector until SIGTERM or Ctrl-C."""
    # All that imports make stays: to look through it for garbage takes a tenth of the start.
    gc.disable()
    from collector.app import Collector
    from collector.config import CollectorSettings

    gc.freeze()
    gc.enable()
    logs.configure()
    sys.setswitchinterval(SWITCH_S)
    with readable_errors():
        collector = Collector(load_settings(config, CollectorSettings), SystemClock())
        code = collector.run((lambda url: logs.print_ready(http=url)) if print_ready_line else None)
    raise typer.Exit(code)


@app.command(epilog="Example: polewatch collector signer --config signer.yaml")
def signer(config: SignerConfig = SIGNER_YAML, print_ready_line: PrintReady = False) -> None:
    """Run the grant signer, a process of its own, until SIGTERM or Ctrl-C."""
    from collector.serving import WebServer, listen
    from collector.signer.accounts import SignerStore
    from collector.signer.app import build_app
    from collector.signer.config import SignerSettings
    from collector.signer.desk import SignerDesk
    from collector.trust import TrustKeeper
    from wire.identity import Identity

    logs.configure()
    with readable_errors():
        settings = load_settings(config, SignerSettings)
        clock = SystemClock()
        identity = Identity.load(settings.identity)
        trust = TrustKeeper(settings.register_file, clock)
        store = SignerStore(settings.data)
        listener = listen(settings.http.host, settings.http.port)

        def devices() -> tuple[str, ...]:
            trust.refresh()
            return trust.devices()

        def collector_key(name: str) -> OKPKey | None:
            trust.refresh()
            return trust.collector_key(name)

        desk = SignerDesk(settings, identity, store, clock, devices, collector_key)
        tls = settings.http.tls
        server = WebServer(
            build_app(desk),
            listener,
            tls=(str(tls.certificate), str(tls.key)) if tls else None,
            clients_of=str(identity.ca_file) if tls else None,
            on_ready=(lambda: logs.print_ready(http=server.url)) if print_ready_line else None,
        )
        try:
            server.run()
        finally:
            store.close()


@app.command(epilog="Example: polewatch collector route --explain event.json")
def route(
    config: CollectorConfig = COLLECTOR_YAML,
    explain: Annotated[
        Path | None, typer.Option("--explain", help="A finding as JSON, or its CloudEvent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check the routing table, and with --explain say who would be told of an event, and why."""
    from collector.config import CollectorSettings
    from collector.route_explain import explain_route
    from collector.routing import load_routing
    from collector.trust import TrustKeeper

    logs.quiet()
    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        trust = TrustKeeper(settings.register_file, SystemClock())
        table = load_routing(settings.routing, trust.agencies())
        if explain is None:
            typer.echo(f"{settings.routing}: {len(table.routes)} routes, no mistakes")
            return
        typer.echo(explain_route(explain, settings, table, as_json=as_json))


@app.command(epilog="Example: polewatch collector requeue --config collector.yaml")
def requeue(
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Judge signed messages in the quarantine again, after an upgrade. Stop the collector first."""
    from collector.config import CollectorSettings
    from collector.requeue import requeue as requeue_all

    logs.configure()
    with readable_errors():
        taken, left = requeue_all(load_settings(config, CollectorSettings), SystemClock())
    if as_json:
        typer.echo(json.dumps({"taken": taken, "left": left}))
    else:
        typer.echo(f"{taken} taken in, {left} stay in the quarantine")


@app.command(epilog="Example: polewatch collector devices --config collector.yaml")
def devices(
    config: CollectorConfig = COLLECTOR_YAML,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """What came of each device: numbers that are missing, asked for again, and dropped as known."""
    from collector.config import CollectorSettings
    from collector.store.reader import Reader

    with readable_errors():
        settings = load_settings(config, CollectorSettings)
        rows = Reader(database_file(settings), {}).devices()
    if as_json:
        for row in rows:
            counts = {name: getattr(row, name) for name in _COUNTS}
            typer.echo(json.dumps({"device": row.device, "online": row.online, **counts}))
        return
    table = Table("device", "state", *(name.replace("_", " ") for name in _COUNTS))
    for row in rows:
        counts_shown = (str(getattr(row, name)) for name in _COUNTS)
        table.add_row(row.device, "online" if row.online else "offline", *counts_shown)
    Console().print(table)


_COUNTS = ("missing", "gaps_asked", "duplicates")


def run_signer_module() -> None:
    """`python -m collector.signer`."""
    typer.run(signer)
