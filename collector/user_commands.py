"""`polewatch collector user`: who may sign in, and who may export."""

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

from collector.command_support import SIGNER_YAML, SignerConfig, readable_errors
from collector.signer.accounts import Account, SignerStore
from collector.signer.codes import new_secret, remove_secret
from collector.signer.config import SignerSettings
from collector.store.database import StoreError
from wire.clock import SystemClock
from wire.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Who may sign in.")


@app.command(
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


@app.command(epilog="Example: polewatch collector user totp kim --svg kim.svg --config signer.yaml")
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
