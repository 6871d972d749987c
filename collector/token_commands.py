"""`polewatch collector token`: what programs ask with."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from collector.access import SCOPES
from collector.api_tokens import MOST_DAYS, ApiTokens, TokenBody
from collector.command_support import (
    COLLECTOR_YAML,
    CollectorConfig,
    database_file,
    readable_errors,
)
from collector.config import CollectorSettings
from collector.problems import ProblemError
from collector.store.database import Database, StoreError
from collector.trust import TrustKeeper
from wire.clock import SystemClock
from wire.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="What programs ask the API with.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command(
    epilog="Example: polewatch collector token add cad-112 --agency police "
    "--scope incidents:read --scope cases:write"
)
def add(
    name: Annotated[str, typer.Argument(help="Its name: the ledger shows it as token:NAME.")],
    agency: Annotated[str, typer.Option(help="Whose incidents and cases it reads.")],
    scope: Annotated[list[str], typer.Option(help=f"Of: {', '.join(SCOPES)}; may be repeated.")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")] = "",
    role: Annotated[str, typer.Option(help="officer: its agency's; operator: all.")] = "officer",
    days: Annotated[int, typer.Option(help=f"Until it expires, at most {MOST_DAYS}.")] = 90,
    per_minute: Annotated[int, typer.Option(help="Requests in a minute.")] = 120,
    config: CollectorConfig = COLLECTOR_YAML,
) -> None:
    """Make a token and print it: only its hash is kept, so this is the one time it is seen."""
    given = {
        "name": name, "agency": agency, "owner": owner, "role": role, "scopes": scope,
        "days": days, "per_minute": per_minute,
    }  # fmt: skip
    with readable_errors(), _tokens(config) as tokens:
        try:
            body = TokenBody.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise StoreError(f"{where}: {first['msg']}") from None
        made = tokens.make(body, getpass.getuser())
    typer.echo(made.token)


@app.command("list", epilog="Example: polewatch collector token list")
def show(config: CollectorConfig = COLLECTOR_YAML, as_json: AsJson = False) -> None:
    """All tokens, the newest first; never their secrets."""
    with readable_errors(), _tokens(config) as tokens:
        found = tokens.every()
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False))
        return
    now = datetime.now(UTC)
    for one in found:
        state = "in force" if one.expires_at > now else "expired"
        state = state if one.revoked_at is None else f"revoked by {one.revoked_by}"
        used = "never" if one.used_at is None else one.used_at.isoformat(timespec="minutes")
        typer.echo(
            f"{one.name}: {state}, {one.agency} as {one.role}, {' '.join(one.scopes)}, "
            f"until {one.expires_at.date()}, last used {used}, of {one.owner}"
        )


@app.command(epilog="Example: polewatch collector token revoke cad-112")
def revoke(
    name: Annotated[str, typer.Argument(help="Its name.")],
    config: CollectorConfig = COLLECTOR_YAML,
) -> None:
    """It opens nothing from now on, in a running collector too."""
    with readable_errors(), _tokens(config) as tokens:
        tokens.revoke(name, getpass.getuser())
    typer.echo(f"{name} is revoked")


@contextmanager
def _tokens(config: CollectorConfig) -> Iterator[ApiTokens]:
    settings = load_settings(config, CollectorSettings)
    database_file(settings)
    clock = SystemClock()
    agencies = TrustKeeper(settings.register_file, clock).agencies
    database = Database(settings.data)
    try:
        yield ApiTokens(database, clock, agencies)
    except ProblemError as error:
        raise StoreError(error.detail or error.code) from None
    finally:
        database.close()
