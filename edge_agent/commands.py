"""`polewatch agent …`: arguments and printing only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="The edge agent on a pole or recorder.")

RulesOption = Annotated[
    Path, typer.Option("--rules", help="YAML file with zones, lines and rules of one camera.")
]


@app.command(
    epilog="Example: polewatch agent analyze street.mp4 --rules yard.yaml --out street.jsonl"
)
def analyze(
    video: Annotated[Path, typer.Argument(help="A recording that FFmpeg can read.")],
    rules: RulesOption,
    out: Annotated[
        Path | None, typer.Option(help="File for the JSON lines; standard output when left out.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Also write an MP4 with zones, tracks and findings drawn.")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.1, max=30, help="Pictures a second; the configuration's default."),
    ] = None,
    started_at: Annotated[
        datetime | None,
        typer.Option(help="Wall time of the first picture in the site's zone, for schedules."),
    ] = None,
    time_zone: Annotated[str, typer.Option(help="The site's time zone.")] = "Asia/Seoul",
    threads: Annotated[int, typer.Option(min=1, max=16, help="Cores for the detector.")] = 1,
    watchlist: Annotated[
        list[Path] | None,
        typer.Option(help="A text file of plates, one a line, for rules that tell of listed ones."),
    ] = None,
) -> None:
    """Run the camera's pipeline over a recording; one JSON object a line for every finding."""
    from edge_agent.analyze import analyze as run
    from edge_agent.analyze import write_lines
    from edge_agent.config import CameraSettings
    from edge_agent.plates.list_file import read_lists
    from edge_agent.plates.shipped import shipped_finder
    from edge_agent.plates.stage import RecordedPlates
    from edge_agent.recording import RecordingError
    from edge_agent.rules.base import wants_closer_look, wants_fire, wants_plates
    from edge_agent.sight.camera_sight import shipped_detector
    from edge_agent.sight.fire import FireNetwork
    from edge_agent.sight.posture import Posture
    from models.registry import ModelError, Registry
    from wire.camera_rules import CameraRules
    from wire.settings import SettingsError, load_settings

    try:
        asked = load_settings(rules, CameraRules)
        site_zone = _zone(time_zone)
        detector = shipped_detector(Registry.default(), threads=threads)
        asks = wants_closer_look(asked)
        closer = Posture(Registry.default(), threads=threads) if asks else None
        fire = FireNetwork(Registry.default(), threads=threads) if wants_fire(asked) else None
        lists = read_lists(watchlist or [])
        plates = None
        if wants_plates(asked):
            finder = shipped_finder(Registry.default(), threads).finder
            plates = RecordedPlates(finder, lambda read: lists.match(read, None))
        per_second = fps or float(CameraSettings.model_fields["analysis_fps"].default)
        with _bar(video.name) as progress:
            result = run(
                video,
                asked,
                detector,
                closer=closer,
                fire=fire,
                plates=plates,
                site_zone=site_zone,
                per_second=per_second,
                started_at=None if started_at is None else started_at.replace(tzinfo=site_zone),
                annotate=annotate,
                progress=progress,
            )
        text = write_lines(result.findings)
        if out is None:
            sys.stdout.write(text)
        else:
            out.write_text(text, encoding="utf-8")
    except (SettingsError, ModelError, RecordingError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if result.schedules_ignored:
        typer.echo(
            f"{video}: the time of the recording is not known, so rules with a schedule ran as "
            "always armed; give it by --started-at",
            err=True,
        )
    if result.damaged:
        typer.echo(f"{video}: {result.damaged} damaged packets were left out", err=True)


@app.command(epilog="Example: polewatch agent score --truth truth/ --findings findings/")
def score(
    truth: Annotated[Path, typer.Option(help="KISA XML or JSON truth: a file or a folder.")],
    findings: Annotated[
        Path, typer.Option(help="JSON lines of `analyze`: a file, or a folder with one a clip.")
    ],
    before: Annotated[
        float, typer.Option(min=0, help="Seconds before an event's start when an alarm counts.")
    ] = 2.0,
    after: Annotated[
        float, typer.Option(min=0, help="Seconds after an event's start when an alarm counts.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score findings against the truth as the Korean certification does, item by item."""
    from edge_agent.score import score as run
    from edge_agent.truth import TruthError

    try:
        scores = run(truth, findings, before_s=before, after_s=after)
    except TruthError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({"items": [one.as_json() for one in scores]}, ensure_ascii=False))
        return
    table = Table("item", "TP", "FP", "FN", "precision", "recall", "F1", "false/hour")
    for one in scores:
        counts = (one.true_positives, one.false_positives, one.false_negatives)
        rates = (one.precision, one.recall, one.f1, one.false_per_hour)
        table.add_row(one.item, *map(str, counts), *(_rate(rate) for rate in rates))
    Console().print(table)


ConfigOption = Annotated[Path, typer.Option("--config", help="The agent's YAML file.")]


@app.command(epilog="Example: polewatch agent run --config /etc/polewatch/agent.yaml")
def run(
    config: ConfigOption,
    print_ready: Annotated[
        bool, typer.Option("--print-ready", help="Print one JSON line when all is started.")
    ] = False,
) -> None:
    """Run the agent until SIGTERM or Ctrl-C: watch, record, report, serve clips."""
    from edge_agent.__main__ import serve

    raise typer.Exit(serve(config, print_ready))


@app.command(epilog="Example: polewatch agent check --config /etc/polewatch/agent.yaml --json")
def check(
    config: ConfigOption,
    turn: Annotated[
        typer.FileText | None,
        typer.Option(
            help="JSON file with urls, username and credential of a TURN server to try; - is stdin."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Check the box: power, disk, clock, centre, cameras, speed, ring, a viewing session."""
    from dataclasses import asdict

    from pydantic import ValidationError

    from edge_agent.check import run_checks
    from wire.clock import SystemClock
    from wire.codes import fault
    from wire.language import of_environment
    from wire.logs import quiet
    from wire.whep import IceServer

    quiet()
    try:
        server = None if turn is None else IceServer.model_validate_json(turn.read())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise typer.BadParameter(str(first["msg"]), param_hint="--turn") from None
    korean = of_environment() == "ko"
    failed = 0
    for result in run_checks(config, SystemClock(), turn=server):
        failed += not result.ok
        if as_json:
            typer.echo(json.dumps(asdict(result), ensure_ascii=False))
            continue
        typer.echo(f"{'ok  ' if result.ok else 'FAIL'} {result.name}: {result.detail}")
        if result.code is not None:
            known = fault(result.code)
            told = (
                (known.title_ko, known.remedy_ko) if korean else (known.title_en, known.remedy_en)
            )
            typer.echo(f"     {result.number} {told[0]}. {told[1]}")
    if failed:
        raise typer.Exit(1)


@app.command(epilog="Example: polewatch agent top --config /etc/polewatch/agent.yaml")
def top(
    config: ConfigOption,
    once: Annotated[bool, typer.Option("--once", help="Print once and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, once.")] = False,
) -> None:
    """Show the running agent's figures live: cameras, outbox, uplink, drops, faults."""
    from edge_agent.config import load_agent_settings
    from edge_agent.top import show
    from wire.settings import SettingsError

    try:
        folder = load_agent_settings(config).data
        show(folder, once=once, as_json=as_json)
    except (SettingsError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3f}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise typer.BadParameter(f"{name!r} is no IANA time zone such as Asia/Seoul") from None


@contextmanager
def _bar(name: str) -> Iterator[Callable[[float, float | None], None]]:
    """A progress callback; draws a bar on the error stream when that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)

        def advance(done_s: float, total_s: float | None) -> None:
            bar.update(task, completed=done_s, total=total_s)

        yield advance
