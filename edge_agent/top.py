"""The running agent's figures, as it leaves them in its data folder every few seconds."""

from __future__ import annotations

import time
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge_agent.health import FILE_NAME
from wire.health import Health

REFRESH_S = 1.0


def show(folder: Path, *, once: bool, as_json: bool) -> None:
    """Print the newest figures, or follow them until Ctrl-C. Raises OSError when there are none."""
    if as_json:
        typer.echo(read(folder).model_dump_json())
        return
    console = Console()
    if once:
        console.print(picture(read(folder), None))
        return
    before: Health | None = None
    with Live(console=console, auto_refresh=False) as live:
        try:
            while True:
                health = read(folder)
                live.update(picture(health, before), refresh=True)
                if before is None or health.monotonic_s > before.monotonic_s:
                    before = health
                time.sleep(REFRESH_S)
        except KeyboardInterrupt:
            return


def read(folder: Path) -> Health:
    """The newest figures; raises OSError naming the remedy when there are none."""
    path = folder / FILE_NAME
    try:
        return Health.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise OSError(f"{path} does not exist: has the agent been started here?") from error
    except ValidationError as error:
        raise OSError(f"{path} is of another version of the agent") from error


def picture(health: Health, before: Health | None) -> Group:
    """Cameras in a table, the rest in lines below it."""
    table = Table(
        "camera",
        "state",
        "size",
        "fps",
        "decoded",
        "gate",
        "analysed",
        "tracks",
        "received",
        "ring",
    )
    for camera in health.cameras:
        table.add_row(
            camera.camera,
            camera.state if camera.code is None else f"{camera.state} {camera.code}",
            f"{camera.width}x{camera.height}",
            f"{camera.fps:.1f}",
            f"{camera.decoded_fps:.1f}",
            camera.gate if camera.gate == "off" else f"{camera.gate}, {camera.gate_wakes} wakes",
            f"{camera.analysed_fps:.1f}",
            str(camera.tracks),
            f"{camera.bytes_received / 1e6:.1f} MB",
            f"{camera.ring_bytes / 1e6:.1f} MB, fits {camera.ring_hours:.1f} h",
        )
    outbox = health.outbox
    lines = [
        f"CPU {_cpu(health, before):.2f} s per s, memory {health.rss_mb:.0f} MB,"
        f" disk free {health.disk_free_mb / 1000:.1f} GB, clock {health.quality}",
        f"outbox {outbox.depth} waiting, {outbox.parked} parked, {outbox.lost} lost,"
        f" oldest {outbox.oldest_s:.0f} s; uplink {health.mqtt_bytes / 1000:.0f} kB,"
        f" clips {health.clip_bytes / 1e6:.1f} MB in {health.sessions} sessions open",
    ]
    if health.dropped:
        lines.append("dropped " + ", ".join(f"{k} {v}" for k, v in health.dropped.items()))
    if health.faults:
        lines.append("faults " + ", ".join(health.faults))
    return Group(table, _stages(health, before), Text("\n".join(lines)))


def _stages(health: Health, before: Health | None) -> Table:
    """What each stage costs now, dearest first; from the start where nothing is known before."""
    last = {} if before is None else before.stages
    since_s = health.uptime_s if before is None else health.monotonic_s - before.monotonic_s
    rates = {
        name: (seconds - last.get(name, 0.0)) / max(since_s, 1e-3)
        for name, seconds in health.stages.items()
    }
    whole = sum(rates.values()) or 1.0
    table = Table("stage", "CPU ms per s", "share")
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{1000 * rate:.1f}", f"{rate / whole:.0%}")
    return table


def _cpu(health: Health, before: Health | None) -> float:
    if before is None or health.monotonic_s <= before.monotonic_s:
        return health.cpu_s / max(health.uptime_s, 1e-3)
    return (health.cpu_s - before.cpu_s) / (health.monotonic_s - before.monotonic_s)
