"""`polewatch plates …`: arguments and printing only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from edge_agent.plates.find import FoundPlate
    from edge_agent.plates.types import PlateRead
    from polewatch.plates.bench import Outcome

app = typer.Typer(no_args_is_help=True, help="Reads plates in pictures; how well that works.")

ThreadsOption = Annotated[int, typer.Option(min=1, max=16, help="Cores for the networks.")]


@app.callback()
def plates() -> None:
    """Reads plates in pictures; how well that works."""


@app.command(epilog="Example: polewatch plates read gate.jpg yard.png --json")
def read(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE…", help="JPEG, PNG, WebP, BMP or GIF files.")
    ],
    crop: Annotated[bool, typer.Option("--crop", help="Each image is one plate.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a file.")] = False,
    threads: ThreadsOption = 1,
) -> None:
    """Locate and read the plates in pictures: of vehicles, and those that are large.

    A file that cannot be read is named on standard error, the others are read all the same, and
    the exit code is 1.
    """
    from models.registry import ModelError, Registry
    from polewatch.plates.picture import PictureError, open_picture
    from polewatch.plates.reading import PictureReader

    try:
        reader = PictureReader(Registry.default(), threads=threads)
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    failed = False
    for path in images:
        try:
            image = open_picture(path)
        except PictureError as error:
            typer.echo(str(error), err=True)
            failed = True
            continue
        if crop:
            one = reader.crop(image)
            seen: tuple[FoundPlate, ...] = (one,) if one and _reported(one.read) else ()
        else:
            seen = reader.scene(image)
        found = [_described(plate) for plate in seen]
        if as_json:
            typer.echo(json.dumps({"file": str(path), "plates": found}, ensure_ascii=False))
            continue
        for plate in found:
            facts = f"{plate['type']}, {plate['color']}, {plate['confidence']:.2f}"
            typer.echo(f"{path}: {plate['text']} ({facts})")
        if not found:
            typer.echo(f"{path}: no plate")
    if failed:
        raise typer.Exit(1)


def _reported(read: PlateRead) -> bool:
    """Of a picture that is said to be a plate: also another country's, as far as it was read."""
    from edge_agent.plates.find import confident

    return confident(read) or (read.type == "foreign" and bool(read.text))


def _described(plate: FoundPlate) -> dict[str, Any]:
    read, box = plate.read, plate.place.box
    return {
        "text": read.text,
        "type": read.type,
        "confidence": round(read.confidence, 4),
        "box": [round(side, 5) for side in (box.x, box.y, box.w, box.h)],
        "corners": [[round(x, 5), round(y, 5)] for x, y in plate.place.quad],
        "color": read.colour,
    }


@app.command(epilog="Example: polewatch plates bench pictures/ --labels pictures/labels.csv")
def bench(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the pictures.")],
    labels: Annotated[
        Path,
        typer.Option(help="CSV with file and text, and perhaps kind (scene or crop) and type."),
    ],
    where: Annotated[
        list[str] | None,
        typer.Option(help="COLUMN=VALUE: only pictures labelled so; may be repeated."),
    ] = None,
    peer: Annotated[bool, typer.Option(help="Read with Tesseract's Korean model too.")] = True,
    wrong: Annotated[bool, typer.Option("--wrong", help="List every wrong read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    threads: ThreadsOption = 1,
) -> None:
    """Accuracy on labelled pictures, beside Tesseract on the same plates in the same run.

    Exact plates with their 95 % interval, characters, and how many plates can be kept, by
    confidence, when 99.5 % or all of them must be right; in all, by type and by width in pixels.
    In a label "?" fits any character, and "|" parts the plates of a scene.
    """
    from models.registry import ModelError, Registry
    from polewatch.plates import bench as plates_bench
    from polewatch.plates import tesseract
    from polewatch.plates.picture import PictureError
    from polewatch.plates.reading import PictureReader

    wanted = dict(one.partition("=")[::2] for one in where or ())
    if any("=" not in one for one in where or ()):
        typer.echo("--where: write COLUMN=VALUE, such as --where kind=crop", err=True)
        raise typer.Exit(2)
    try:
        if peer:
            tesseract.require()
        chosen = plates_bench.read_labels(labels, wanted)
        reader = PictureReader(Registry.default(), threads=threads)
        with _bar(folder.name) as progress:
            outcomes = plates_bench.run(
                folder, chosen, reader, tesseract.read if peer else None, progress
            )
    except (ModelError, PictureError, ValueError, tesseract.TesseractError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(_report(outcomes), ensure_ascii=False))
        return
    for outcome in outcomes:
        _print(outcome)
    if wrong:
        for one in outcomes[0].judged:
            if not one.right:
                said = one.said or "nothing"
                typer.echo(f"{one.file}: {one.truth} read as {said} ({one.confidence:.2f})")


def _report(outcomes: list[Outcome]) -> dict[str, Any]:
    return {
        outcome.reader: {
            "groups": [asdict(row) for row in outcome.rows()],
            "extra": outcome.extra,
            "plates": [asdict(one) | {"right": one.right} for one in outcome.judged],
        }
        for outcome in outcomes
    }


def _print(outcome: Outcome) -> None:
    table = Table(
        "plates", "exact", "95 %", "characters", "kept at 99.5 %", "kept without error",
        title=outcome.reader,
    )  # fmt: skip
    for row in outcome.rows():
        table.add_row(
            f"{row.name} ({row.plates})",
            f"{row.exact / row.plates:.3f}",
            f"{row.low:.3f} to {row.high:.3f}",
            f"{row.characters_right / max(1, row.characters):.4f}",
            *("-" if n is None else f"{n / row.plates:.3f}" for n in (row.covered, row.flawless)),
        )
    Console().print(table)
    if outcome.extra:
        typer.echo(f"{outcome.extra} plates were reported in scenes that no label knows")


@contextmanager
def _bar(name: str) -> Iterator[Any]:
    """A progress bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda share: progress.update(task, completed=share)
