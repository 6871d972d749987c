"""The demo's short live picture in the terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from polewatch.demo.books import Books
from wire.health import Health

SEOUL = ZoneInfo("Asia/Seoul")


def sign_in(address: str, person: str, password: str) -> RenderableType:
    """Where the console is and who may enter."""
    text = Text.assemble(
        "console  ", (address, "bold underline"), "\nsign in  ", (person, "bold"), " / ",
        (password, "bold"), "\nend      Ctrl-C",
    )  # fmt: skip
    return Panel(text, title="Polewatch", expand=False)


def render(books: Books, health: Health | None) -> Group:
    """Camera and uplink, then what reached the agencies."""
    return Group(_figures(health), _alarms(books))


def _figures(health: Health | None) -> RenderableType:
    if health is None:
        return Text("waiting for the first figures of the agent …", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for camera in health.cameras:
        state = camera.state if camera.code is None else f"{camera.state} ({camera.code})"
        table.add_row(
            f"camera {camera.camera}",
            state,
            f"{camera.fps:.1f} fps, {camera.analysed_fps:.1f} analysed, {camera.tracks} tracks",
        )
    camera_bytes = sum(camera.bytes_received for camera in health.cameras)
    ratio = f"1 : {camera_bytes / health.mqtt_bytes:.0f}" if health.mqtt_bytes else "-"
    table.add_row(
        "uplink",
        ratio,
        f"{_size(health.mqtt_bytes)} of events for {_size(camera_bytes)} of camera,"
        f" {_size(health.clip_bytes)} of clips",
    )
    waiting = health.outbox.depth
    table.add_row(
        "events",
        str(health.outbox.committed),
        f"{health.outbox.receipts} receipted, {waiting} waiting",
    )
    return table


def _alarms(books: Books) -> RenderableType:
    counts = ", ".join(f"{name} {count}" for name, count in sorted(books.deliveries().items()))
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left")
    table.title = f"acknowledged by agencies: {counts or 'none yet'}"
    for column in ("time", "agency", "incident", ""):
        table.add_column(column, style="dim" if not column else None)
    for said in books.recent:
        table.add_row(_clock(said), said["agency"], said["text"], f"{said['latency_ms']:.0f} ms")
    return table


def _clock(said: dict[str, Any]) -> str:
    return datetime.fromisoformat(said["opened_at"]).astimezone(SEOUL).strftime("%H:%M:%S")


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1e6:.1f} MB"
