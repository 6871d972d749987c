"""The `polewatch` command: one tree of programs, each imported only when it is used.

A pole carries only the agent's extra and a centre only the collector's, yet `polewatch --help`
lists every program on both; one whose extra is missing says how to install it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from polewatch import __version__
from wire.lazy_commands import LazyGroup, Part

HOUSE = {"polewatch", "wire", "edge_agent", "collector", "provisioning", "models"}

SIGNS = {
    "agent": ("aiortc", "onnxruntime", "cv2"),
    "collector": ("fastapi", "uvicorn"),
    "demo": ("aiortc", "fastapi", "aio_rtsp_toolkit"),
}
"""Modules that tell whether an extra is installed; programs import the rest only when they run."""


@dataclass(frozen=True, slots=True)
class Program(Part):
    """One entry of the command tree; its target may also be a function."""

    extra: str | None
    """Which extra brings what it imports."""

    @property
    def remedy(self) -> str:
        package = "polewatch" if self.extra is None else f"polewatch[{self.extra}]"
        return f"pip install '{package}'"


PROGRAMS = (
    Program(
        "demo",
        "The whole of Polewatch at work on this machine.",
        "polewatch.demo.command:demo",
        "demo",
    ),
    Program("agent", "The edge agent on a pole or recorder.", "edge_agent.commands:app", "agent"),
    Program(
        "clip",
        "Evidence: recorded video out, and checked.",
        "edge_agent.clips.commands:app",
        "agent",
    ),
    Program("collector", "The centre: events to incidents.", "collector.commands:app", "collector"),
    Program(
        "broker",
        "Configures brokers and runs the embedded one.",
        "collector.broker.commands:app",
        "collector",
    ),
    Program(
        "provision",
        "The technician's tool: authority, enrolment, checks.",
        "provisioning.cli:app",
        "provision",
    ),
    Program("wire", "The messages on the wire.", "wire.show:app", None),
    Program("plates", "Reads plates in pictures.", "polewatch.plates.commands:app", "agent"),
    Program(
        "fleet",
        "A city's devices, simulated against a real centre.",
        "polewatch.fleet.command:app",
        "collector",
    ),
    Program("bench", "Parts beside named peers.", "polewatch.bench.commands:app", "agent"),
)


class MissingExtraError(Exception):
    """A program whose extra is not installed."""

    def __init__(self, program: Program, module: str) -> None:
        super().__init__(
            f"'polewatch {program.name}' needs the Python package of module {module!r}, "
            f"which is not installed here; {program.remedy}"
        )


def load(program: Program) -> Any:
    """Import a program and return its command.

    Raises MissingExtraError when one of the packages of its extra is absent.
    """
    for sign in SIGNS.get(program.extra or "", ()):
        if importlib.util.find_spec(sign) is None:
            raise MissingExtraError(program, sign)
    module_name, attribute = program.target.split(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        if missing := foreign_module(error):
            raise MissingExtraError(program, missing) from error
        raise
    info = found.info if isinstance(found, typer.Typer) else None
    alone = info is not None and len(found.registered_commands) == 1 and not found.registered_groups
    if alone and found.registered_commands[0].name == program.name:
        command: Any = typer.main.get_command(found)
    elif info is not None:
        command = typer.main.get_group(found)
    else:
        single = typer.Typer(add_completion=False)
        single.command(program.name)(found)
        command = typer.main.get_command(single)
    command.name = program.name
    command.help = command.help or program.summary
    return command


def foreign_module(error: BaseException | None) -> str | None:
    """The absent module when it is not one of this project's own."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return name if name is not None and name.partition(".")[0] not in HOUSE else None


class Programs(LazyGroup):
    """The programs, each with the extra that it needs."""

    parts = PROGRAMS

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if ctx.obj is not None and args:
            ctx.obj.program = next((one for one in PROGRAMS if one.name == args[0]), None)
        return super().resolve_command(ctx, args)

    def load_part(self, part: Part) -> Any:
        assert isinstance(part, Program)
        return load(part)


@dataclass
class Run:
    """What the error report needs to know of this call."""

    debug: bool = False
    program: Program | None = None


app = typer.Typer(
    cls=Programs,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    help="Polewatch watches a city's cameras where they stand.",
    epilog="Example: polewatch demo --headless --seconds 60 --json summary.json",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (or POLEWATCH_DEBUG=1).")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Polewatch watches a city's cameras where they stand."""
    ctx.obj.debug = ctx.obj.debug or debug


def explain(error: Exception) -> str:
    """One line for a person: what went wrong and, where the error knows it, the remedy."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    elif type(error).__module__.partition(".")[0] not in HOUSE:
        text = f"unexpected {type(error).__name__}: {text} (run again with --debug for details)"
    remedy = getattr(error, "remedy", None)
    return f"{text}; {remedy}" if remedy and str(remedy) not in text else text


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave by SystemExit: 0 done, 1 failed, 2 wrong use."""
    run = Run(debug=os.environ.get("POLEWATCH_DEBUG", "") not in {"", "0"})
    command = typer.main.get_command(app)
    try:
        command.main(
            args=None if arguments is None else list(arguments), prog_name="polewatch", obj=run
        )
    except Exception as error:
        if run.debug:
            raise
        missing = foreign_module(error)
        if missing and run.program is not None:
            error = MissingExtraError(run.program, missing)
        typer.secho(f"polewatch: {explain(error)}", err=True, fg=typer.colors.RED)
        sys.exit(2 if isinstance(error, MissingExtraError) else 1)
