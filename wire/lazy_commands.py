"""Groups of commands that import a part only when it is used: the rest would cost each start."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class Part:
    """A group of commands and where it lives."""

    name: str
    summary: str
    target: str
    """`module:attribute`, a typer application."""


class LazyGroup(TyperGroup):
    """Lists its parts by their summaries beside its own commands; a subclass names `parts`."""

    parts: ClassVar[tuple[Part, ...]] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for part in self.parts:
            self.add_command(TyperGroup(name=part.name, help=part.summary))

    def load(self, name: str) -> Any:
        """The command of that name with all that is below it; None when there is none."""
        part = next((part for part in self.parts if part.name == name), None)
        return self.commands.get(name) if part is None else self.load_part(part)

    def load_part(self, part: Part) -> Any:
        """Import it and return its command."""
        module, attribute = part.target.split(":")
        command: Any = typer.main.get_group(getattr(importlib.import_module(module), attribute))
        command.name, command.help = part.name, part.summary
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else self.load(name), rest
