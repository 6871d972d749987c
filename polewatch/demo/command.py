"""`polewatch demo`: broker, camera, agent, collector, console and receivers on one machine."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from polewatch.demo.books import Summary
from polewatch.demo.clip import ClipError
from polewatch.demo.processes import ProcessError
from polewatch.demo.run import (
    CONSOLE_PORT,
    Demo,
    run_headless,
    write_ready,
)
from polewatch.demo.site import PERSON, Broker
from polewatch.demo.status import render, sign_in
from wire.stopping import stop_on_signals

REFRESH_S = 0.5


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="No live picture; pulls a clip and sums up.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=20, help="End after so long; headless default 60.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the headless summary here.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep keys, database, ring and logs in this folder.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Console's port; another when it is taken.")
    ] = CONSOLE_PORT,
    broker: Annotated[
        Broker, typer.Option(help="nats is embedded; mosquitto must be installed.")
    ] = "nats",
    ready: Annotated[
        Path | None, typer.Option(help="For scripts: write address and sign-in here when up.")
    ] = None,
) -> None:
    """Show the whole of Polewatch at work: a real camera stream in, a police message and clip out.

    Example: polewatch demo --headless --seconds 60 --json summary.json
    """
    screen = Console()
    stop = stop_on_signals()
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="polewatch-")))
        try:
            with screen.status("starting broker, camera, collector and agent …"):
                running = stack.enter_context(
                    Demo(folder.resolve(), console_port=port, broker=broker)
                )
            if ready is not None:
                write_ready(ready, running)
            if headless:
                _report(screen, run_headless(running, seconds or 60.0, stop), json_file)
            else:
                _watch(screen, running, seconds, stop)
        except (ProcessError, ClipError, OSError) as error:
            screen.print(f"demo: {error}", style="red", markup=False, highlight=False)
            raise typer.Exit(1) from error


def _watch(screen: Console, running: Demo, seconds: float | None, stop: threading.Event) -> None:
    deadline = None if seconds is None else time.monotonic() + seconds
    screen.print(sign_in(running.console, PERSON, running.secret))
    with Live(console=screen, refresh_per_second=4, transient=False) as live:
        while not stop.wait(REFRESH_S):
            running.tick()
            live.update(render(running.books, running.books.health()))
            if deadline is not None and time.monotonic() >= deadline:
                break


def _report(screen: Console, summary: Summary, json_file: Path | None) -> None:
    text = summary.model_dump_json(indent=2)
    if json_file is not None:
        json_file.write_text(text + "\n")
    screen.print(text, highlight=False)
