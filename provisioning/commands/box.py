"""The options by which every command reaches a box, over ssh or on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Box = Annotated[str | None, typer.Argument(help="USER@HOST for ssh; this machine when left out.")]
Config = Annotated[str, typer.Option(help="The agent's configuration on the box.")]
CONFIG = "/etc/polewatch/agent.yaml"
Program = Annotated[str, typer.Option(help="The program on the box.")]
PROGRAM = "/opt/polewatch/bin/polewatch"
SshKey = Annotated[Path | None, typer.Option(help="The ssh key to use.")]
