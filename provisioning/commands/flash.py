"""`polewatch provision flash`: arguments, the question, bars and the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from provisioning.commands.output import AsJson, byte_bars, failing, print_json
from provisioning.flash import plan
from provisioning.flash.device import OpenDisk
from provisioning.flash.disks import Disk, Machine
from provisioning.flash.image import Content, Image, expected_hash, inspect
from provisioning.flash.run import Outcome, Stage
from provisioning.flash.run import flash as write
from provisioning.problems import ProvisionError
from provisioning.words import t
from wire.clock import SystemClock

EXAMPLE = "Example: polewatch provision flash pole.img.xz /dev/sdb /dev/sdc"


def flash(
    image: Annotated[Path, typer.Argument(help="A disk image: .img, .img.xz, .img.zst, .img.gz.")],
    device: Annotated[
        list[Path] | None,
        typer.Argument(help="Whole disks such as /dev/sdb; files of a card's size also work."),
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option(
            help="Expected SHA-256, packed or unpacked; else what a file IMAGE.sha256 says."
        ),
    ] = None,
    fixed: Annotated[
        list[Path] | None,
        typer.Option(help="A device once more that is not removable and is meant all the same."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write an image to cards, all at once: checked, read back and compared.

    Only removable or explicitly named disks; never the system's, never one that is in use. The
    image is unpacked once before anything is written, so that a damaged or wrong one spoils no
    card. A card that holds less than it says is found out.
    """
    machine = Machine()
    if not device:
        _offer(plan.candidates(machine.disks()))
        raise typer.Exit(2)
    with failing(as_json=as_json):
        disks = plan.find(machine, device)
        plan.check(disks, fixed or [])
        opened = Image(image)
        content = _inspect(opened, sha256 or expected_hash(image), disks, quiet=as_json)
        if not (yes or _confirmed(disks, content)):
            typer.echo(t("flash.not-confirmed"), err=True)
            raise typer.Exit(2)
        outcomes = _write(opened, content, disks, quiet=as_json)
        if as_json:
            print_json(_summary(image, content, outcomes))
        else:
            _print(content, outcomes)
    if any(outcome.problem for outcome in outcomes):
        raise typer.Exit(1)


def _offer(disks: Sequence[Disk]) -> None:
    if not disks:
        typer.echo(t("flash.no-candidates"), err=True)
        return
    typer.echo(t("flash.name-one"), err=True)
    Console(stderr=True).print(_table(disks))


def _inspect(image: Image, expected: str | None, disks: Sequence[Disk], *, quiet: bool) -> Content:
    largest = max(disk.size for disk in disks)
    with byte_bars(quiet=quiet) as bars:
        task = bars.add_task(t("flash.stage.check"), total=image.bytes)
        content = inspect(image, expected, largest, lambda count: bars.advance(task, count))
    plan.check_size(disks, content.size)
    return content


def _confirmed(disks: Sequence[Disk], content: Content) -> bool:
    console = Console(stderr=True)
    console.print(_table(disks))
    console.print(t("flash.about", size=f"{content.size / 1e9:.2f} GB", sha256=content.sha256))
    if not sys.stdin.isatty():
        typer.echo(t("flash.needs-yes"), err=True)
        return False
    return typer.confirm(t("flash.confirm", count=len(disks)), default=False, err=True)


def _write(
    image: Image, content: Content, disks: Sequence[Disk], *, quiet: bool
) -> tuple[Outcome, ...]:
    known = {disk.path: disk for disk in disks}
    with byte_bars(quiet=quiet) as bars:
        shown = _Bars(bars, content.size)
        return write(
            image,
            content,
            tuple(known),
            lambda path: OpenDisk(known[path]),
            shown.report,
            SystemClock(),
        )


class _Bars:
    """One bar a card and stage."""

    def __init__(self, bars: Progress, size: int) -> None:
        self._bars = bars
        self._size = size
        self._tasks: dict[tuple[Path, Stage], TaskID] = {}

    def report(self, path: Path, stage: Stage, count: int) -> None:
        if (path, stage) not in self._tasks:
            name = f"{path}: {t(f'flash.stage.{stage}')}"
            total = None if stage == "probe" else self._size
            self._tasks[path, stage] = self._bars.add_task(name, total=total)
            before = self._tasks.get((path, "probe"))
            if stage != "probe" and before is not None:
                self._bars.update(before, visible=False)
        self._bars.advance(self._tasks[path, stage], count)


def _table(disks: Sequence[Disk]) -> Table:
    table = Table(*(t(f"flash.column.{name}") for name in ("device", "size", "model", "serial")))
    for disk in disks:
        size = plan.gigabytes(disk)
        table.add_row(str(disk.path), size, disk.model or "-", disk.serial or "-")
    return table


def _print(content: Content, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.problem is not None:
            typer.secho(str(outcome.problem), err=True, fg=typer.colors.RED)
            continue
        rates = {
            stage: f"{content.size / 1e6 / max(outcome.seconds[stage], 1e-3):.0f} MB/s"
            for stage in ("write", "compare")
        }
        typer.echo(t("flash.done", device=outcome.device, **rates, sha256=content.sha256))


def _summary(image: Path, content: Content, outcomes: Sequence[Outcome]) -> dict[str, object]:
    return {
        "ok": not any(outcome.problem for outcome in outcomes),
        "image": str(image),
        "bytes": content.size,
        "sha256": content.sha256,
        "file_sha256": content.file_sha256,
        "devices": [_device(outcome) for outcome in outcomes],
    }


def _device(outcome: Outcome) -> dict[str, object]:
    problem: ProvisionError | None = outcome.problem
    return {
        "device": str(outcome.device),
        "ok": problem is None,
        "partitions": outcome.partitions,
        "seconds": {stage: round(spent, 3) for stage, spent in outcome.seconds.items()},
        **({} if problem is None else problem.as_json()),
    }
