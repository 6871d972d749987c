"""Writes docs/reference/cli.md from the programs themselves: `python -m polewatch.docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from polewatch.cli import PROGRAMS, app, load
from wire.lazy_commands import LazyGroup

PAGE = Path("docs/reference/cli.md")
HEAD = """# Command line

*Status: written by `make docs` from the programs' own help; a test compares the two.*

Exit codes: 0 done, 1 failed, 2 wrong use. `polewatch --debug …` (or `POLEWATCH_DEBUG=1`) adds the
traceback of an error. A program whose extra is not installed says how to install it.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One command that can be run, with the words that lead to it."""

    path: str
    command: Any

    @property
    def help(self) -> str:
        return str(self.command.help or "").strip()

    @property
    def epilogue(self) -> str:
        return str(self.command.epilog or "").strip()


def entries() -> Iterator[Entry]:
    """Every command of every program, in the order of `polewatch --help`."""
    for program in PROGRAMS:
        yield from _walk(f"polewatch {program.name}", load(program))


def page() -> str:
    """The whole reference page as Markdown."""
    parts = [HEAD, "## polewatch", _options(typer.main.get_command(app))]
    for program in PROGRAMS:
        extra = "always there" if program.extra is None else f"extra `{program.extra}`"
        parts.append(f"## polewatch {program.name}\n\n{program.summary} ({extra})")
        for entry in _walk(f"polewatch {program.name}", load(program)):
            if entry.path != f"polewatch {program.name}":
                parts.append(f"### {entry.path}")
            parts += [_paragraphs(entry.help), _usage(entry), _options(entry.command)]
            if entry.epilogue:
                parts.append(_example(entry.epilogue))
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _walk(path: str, command: Any) -> Iterator[Entry]:
    commands = getattr(command, "commands", None)
    if commands is None:
        yield Entry(path, command)
        return
    for name, child in commands.items():
        if not child.hidden:
            whole = command.load(name) if isinstance(command, LazyGroup) else child
            yield from _walk(f"{path} {name}", whole)


def _usage(entry: Entry) -> str:
    words = [entry.path]
    for parameter in entry.command.params:
        if parameter.param_type_name == "argument":
            word = str(parameter.name).upper()
            word = f"{word}…" if parameter.nargs == -1 else word
            words.append(word if parameter.required else f"[{word}]")
    return f"```\n{' '.join([*words, '[OPTIONS]'])}\n```"


def _options(command: Any) -> str:
    rows = []
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or "completion" in str(parameter.name):
            continue
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        if parameter.param_type_name == "argument":
            names = f"`{str(parameter.name).upper()}`"
        rows.append(f"| {names} | {_default(parameter)} | {_cell(parameter.help or '')} |")
    if not rows:
        return ""
    return "\n".join(["| option | default | meaning |", "|---|---|---|", *rows])


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or value is False or callable(value) or value in ("", [], ()):
        return ""
    return f"`{value}`"


def _example(epilogue: str) -> str:
    text = epilogue.removeprefix("Example:").strip()
    return f"Example:\n\n```\n{text}\n```" if epilogue.startswith("Example:") else epilogue


def _paragraphs(text: str) -> str:
    # Click marks paragraphs that it must not wrap by a form feed or backspace.
    return text.replace("\b\n", "").replace("\f", "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    target = Path(__file__).resolve().parents[1] / PAGE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page())
    sys.stdout.write(f"written: {PAGE}\n")
