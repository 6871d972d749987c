"""What the collector's commands share: where their configuration is, and errors in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collector.config import CollectorSettings

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
    except Exception as error:
        if not isinstance(error, _mendable()):
            raise
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _mendable() -> tuple[type[Exception], ...]:
    # Imported when there is one: each start would pay for what it does not use.
    from collector.serving import ListenError
    from collector.signer.accounts import AccountError
    from collector.store.database import StoreError
    from wire.identity import IdentityError
    from wire.register import RegisterError
    from wire.settings import SettingsError

    return SettingsError, IdentityError, RegisterError, StoreError, ListenError, AccountError


def database_file(settings: CollectorSettings) -> Path:
    """The collector's database; raises StoreError when there is none yet."""
    from collector.store.database import FILE_NAME, StoreError

    path = settings.data / FILE_NAME
    if not path.exists():
        raise StoreError(f"{path}: there is no database yet; run the collector first")
    return path
