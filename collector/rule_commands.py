"""`polewatch collector rule`: what agencies may see without an operator, signed beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from collector.command_support import SIGNER_YAML, SignerConfig, readable_errors
from collector.signer.accounts import SignerStore
from collector.signer.config import SignerSettings
from collector.signer.permit import StandingRule
from collector.signer.permits import Permits
from wire.clock import SystemClock
from wire.identity import Identity
from wire.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="What agencies may see without an operator.")


@app.command(epilog="Example: polewatch collector rule add violent-crime.yaml --config signer.yaml")
def add(
    file: Annotated[Path, typer.Argument(help="The rule as YAML.")],
    config: SignerConfig = SIGNER_YAML,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Sign a standing rule with the signer's key, put it in force, print the document."""
    with readable_errors(), _permits(config) as permits:
        rule = load_settings(file, StandingRule)
        document = permits.add_rule(rule, SystemClock().now())
    typer.echo(json.dumps({"rule": rule.rule, "document": document}) if as_json else document)


@app.command("list", epilog="Example: polewatch collector rule list --config signer.yaml")
def show(
    config: SignerConfig = SIGNER_YAML,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The rules that are in force and whose signature holds."""
    with readable_errors(), _permits(config) as permits:
        for rule in permits.rules():
            if as_json:
                typer.echo(rule.model_dump_json())
            else:
                typer.echo(
                    f"{rule.rule}: {rule.agency}, {', '.join(rule.services)}, until"
                    f" {rule.valid_until.isoformat()}, {rule.document}"
                )


@app.command(epilog="Example: polewatch collector rule withdraw violent-crime --config signer.yaml")
def withdraw(
    name: Annotated[str, typer.Argument(help="The rule's name.")],
    config: SignerConfig = SIGNER_YAML,
) -> None:
    """End a rule, and every permit that was given under it."""
    with readable_errors(), _permits(config) as permits:
        permits.withdraw_rule(name, SystemClock().now())
    typer.echo(f"rule {name} permits nothing any more")


@contextmanager
def _permits(config: Path) -> Iterator[Permits]:
    settings = load_settings(config, SignerSettings)
    identity = Identity.load(settings.identity)
    store = SignerStore(settings.data)
    try:
        yield Permits(store, identity)
    finally:
        store.close()
