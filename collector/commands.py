"""`polewatch collector`: arguments and printing only."""

from __future__ import annotations

import io
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import segno
import typer
from joserfc.jwk import OKPKey
from rich.console import Console
from rich.table import Table

from collector import (
    asset_commands,
    backup_commands,
    ledger_commands,
    list_commands,
    rule_commands,
    token_commands,
)
from collector.app import Collector
from collector.command_support import (
    COLLECTOR_YAML,
    SIGNER_YAML,
    CollectorConfig,
    SignerConfig,
    database_file,
    readable_errors,
)
from collector.config import CollectorSettings
from collector.requeue import requeue as requeue_all
from collector.route_explain import explain_route
from collector.routing import load_routing
from collector.serving import WebServer, listen
from collector.signer.accounts import Account, SignerStore
from collector.signer.app import build_app
from collector.signer.codes import new_secret, remove_secret
from collector.signer.config import SignerSettings
from collector.signer.desk import SignerDesk
from collector.store.database import StoreError
from collector.store.reader import Reader
from collector.trust import TrustKeeper
from wire import logs
from wire.clock import SystemClock
from wire.identity import Identity
from wire.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The centre: events to incidents, to agencies.")
user = typer.Typer(no_args_is_help=True, help="Who may sign in.")
app.add_typer(user, name="user")
app.add_typer(ledger_commands.app, name="ledger")
app.add_typer(rule_commands.app, name="rule")
app.add_typer(list_commands.app, name="list")
app.add_typer(asset_commands.app, name="assets")
app.add_typer(token_commands.app, name="token")
app.command(epilog="Example: polewatch collector backup /backup/2026-11-26.sqlite")(
    backup_commands.backup
)
app.command(epilog="Example: polewatch collector restore /backup/2026-11-26.sqlite")(
    backup_commands.restore
)

PrintReady = Annotated[
    bool, typer.Option("--print-ready", help="Print one JSON line once all listeners stand.")
]


@app.command(epilog="Example: polewatch collector run --config collector.yaml")
def run(config: CollectorConfig = COLLECTOR_YAML, print_ready_line: PrintReady = False) -> None:
    """Run the collector until SIGTERM or Ctrl-C."""
    logs.configure()
    with readable_errors():
        collector = Collector(load_settings(config, CollectorSettings), SystemClock())
        code = collector.run((lambda url: logs.print_ready(http=url)) if print_ready_line else None)
    raise typer.Exit(code)


@app.command(epilog="Example: polewatch collector signer --config signer.yaml")
def signer(config: SignerConfig = SIGNER_YAML, print_ready_line: PrintReady = False) -> None:
    """Run the grant signer, a process of its own, until SIGTERM or Ctrl-C."""
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


@user.command(
    epilog="Example: polewatch collector user add kim --agency police --role officer "
    "--config signer.yaml"
)
def add(
    name: Annotated[str, typer.Argument(help="As it will stand in grants and in the ledger.")],
    agency: Annotated[str, typer.Option("--agency", help="Whom the person belongs to.")],
    role: Annotated[list[str], typer.Option("--role", help="May be given more than once.")],
    config: SignerConfig = SIGNER_YAML,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Make an account, or give it a new password; without --password-stdin one is made up."""
    with readable_errors():
        settings = load_settings(config, SignerSettings)
        password = sys.stdin.readline().rstrip("\n") if password_stdin else _make_password()
        store = SignerStore(settings.data)
        try:
            store.add(Account(name, agency, tuple(role)), password, SystemClock().now())
        finally:
            store.close()
    shown = None if password_stdin else password
    if as_json:
        typer.echo(json.dumps({"name": name, "agency": agency, "password": shown}))
    elif shown is None:
        typer.echo(f"{name} may sign in")
    else:
        typer.echo(f"{name} may sign in with the password (shown only now): {shown}")


@user.command(
    epilog="Example: polewatch collector user totp kim --svg kim.svg --config signer.yaml"
)
def totp(
    name: Annotated[str, typer.Argument(help="Whose account.")],
    config: SignerConfig = SIGNER_YAML,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write the QR code as a picture too.")
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="End the person's codes, and with them exports.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Let a person export: a new secret for an authenticator app, shown only now.

    A secret from before ends with it, as after a lost phone.
    """
    with readable_errors():
        store = SignerStore(load_settings(config, SignerSettings).data)
        try:
            if remove:
                remove_secret(store, name, SystemClock().now())
                typer.echo(f"{name} may not export any more")
                return
            address = new_secret(store, name, SystemClock().now())
        finally:
            store.close()
    code = segno.make(address, error="m")
    if svg is not None:
        picture = io.BytesIO()
        code.save(picture, kind="svg", scale=6)
        _write_private(svg, picture.getvalue())
    if as_json:
        typer.echo(json.dumps({"name": name, "address": address}))
        return
    typer.echo(f"Scan this with {name}'s authenticator app (shown only now):")
    code.terminal(compact=True)
    typer.echo(address)


@app.command(epilog="Example: polewatch collector route --explain event.json")
def route(
    config: CollectorConfig = COLLECTOR_YAML,
    explain: Annotated[
        Path | None, typer.Option("--explain", help="A finding as JSON, or its CloudEvent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check the routing table, and with --explain say who would be told of an event, and why."""
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


def _write_private(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _make_password() -> str:
    # Without letters and digits that are taken for one another; 5 bits a character, 80 bits.
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    parts = ["".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4)]
    return "-".join(parts)
