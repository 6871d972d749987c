"""`polewatch provision` in this process; its tree of commands is built once for all tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import typer
from click.testing import CliRunner, Result

from provisioning.cli import app

__all__ = ["Result", "program"]


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def program(arguments: Sequence[str]) -> Result:
    """Run it; the result has exit code, output and error output.

    typer's own runner would build the tree anew for every call.
    """
    return CliRunner().invoke(_command(), list(arguments))
