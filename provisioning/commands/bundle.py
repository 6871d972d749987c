"""`polewatch provision bundle`: arguments and printing only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from provisioning import bundle as work
from provisioning import doctor
from provisioning.commands.box import CONFIG, PROGRAM, Box, Config, Program, SshKey
from provisioning.commands.output import AsJson, failing, print_json
from provisioning.files import write_private
from provisioning.problems import ProvisionError
from provisioning.words import t
from wire.clock import SystemClock

EXAMPLE = "Example: polewatch provision bundle tech@10.0.0.2 --out pole-001.zip"


def bundle(
    box: Box = None,
    out: Annotated[
        str, typer.Option(help="The archive to write; - is standard output.")
    ] = "polewatch-support.zip",
    config: Config = CONFIG,
    log: Annotated[
        list[Path] | None, typer.Option(help="A log file besides the journal; this machine only.")
    ] = None,
    checks: Annotated[
        bool, typer.Option("--checks/--no-checks", help="Run the box's checks for it.")
    ] = True,
    program: Program = PROGRAM,
    key: SshKey = None,
    as_json: AsJson = False,
) -> None:
    """Make a support archive of a box, without secrets and personal data.

    Keys, passwords, video, pictures, plates and the outbox stay on the box.
    """
    with failing(as_json=as_json):
        if box is None:
            asked = None if not checks else lambda: _checks(config)
            sources = work.Sources(Path(config), tuple(log or ()), asked)
            data = work.gather(sources, SystemClock().now())
        else:
            options = [] if checks else ["--no-checks"]
            words = ["provision", "bundle", "--out", "-", "--config", config, *options]
            line = doctor.remote_line(box, [program, *words], identity=key)
            data = work.fetch(line, doctor.TIMEOUT_S)
        if out == "-":
            sys.stdout.buffer.write(data)
            return
        try:
            write_private(Path(out), data)
        except OSError as error:
            raise ProvisionError("disk.read-only", f"{out}: {error.strerror}") from error
    if as_json:
        print_json({"ok": True, "file": out, "bytes": len(data)})
    else:
        typer.echo(t("bundle.made", file=out, kilobytes=f"{len(data) / 1000:.0f}"))


def _checks(config: str) -> str:
    line = doctor.command_line(config, None, "", turn=False)
    done = subprocess.run(
        line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=doctor.TIMEOUT_S,
    )  # fmt: skip
    return done.stdout or done.stderr
