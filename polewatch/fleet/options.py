"""What may be asked of a run, for every command that makes one; imports nothing that takes time."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Kind = Literal["nats", "mosquitto", "cluster"]

Devices = Annotated[int, typer.Option(min=2, max=5000, help="Connections, one a device.")]
Broker = Annotated[
    Kind, typer.Option(help="nats is embedded; cluster is three of it; mosquitto is Debian's.")
]
Seconds = Annotated[float, typer.Option(min=0, max=86_400, help="Of the steady part.")]
Burst = Annotated[int, typer.Option(min=0, max=100_000, help="Messages put at once after it.")]
Backlog = Annotated[
    int, typer.Option(min=0, max=1000, help="Messages that each holds when all come back.")
]
Drain = Annotated[
    float, typer.Option(min=10, max=7200, help="Seconds that burst and storm may take.")
]
