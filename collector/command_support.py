"""What the collector's commands share: where their configuration is, and errors in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from collector.config import CollectorSettings
from collector.serving import ListenError
from collector.signer.accounts import AccountError
from collector.store.database import FILE_NAME, StoreError
from wire.identity import IdentityError
from wire.register import RegisterError
from wire.settings import SettingsError

CollectorConfig = Annotated[
    Path, typer.Option("--config", help="The collector's configuration file.")
]
SignerConfig = Annotated[Path, typer.Option("--config", help="The signer's configuration file.")]
COLLECTOR_YAML = Path("collector.yaml")
SIGNER_YAML = Path("signer.yaml")


@contextlib.contextmanager
def readable_errors() -> Iterator[None]:
    """What a person can mend is said in a line, without a trace."""
    try:
        yield
    except (
        SettingsError,
        IdentityError,
        RegisterError,
        StoreError,
        ListenError,
        AccountError,
    ) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def database_file(settings: CollectorSettings) -> Path:
    """The collector's database; raises StoreError when there is none yet."""
    path = settings.data / FILE_NAME
    if not path.exists():
        raise StoreError(f"{path}: there is no database yet; run the collector first")
    return path
