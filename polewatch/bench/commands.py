"""`polewatch bench …`: arguments and printing only."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from polewatch.bench.centre_command import centre
from polewatch.bench.uplink_command import uplink


class GatePart(StrEnum):
    """What `bench gate` measures."""

    both = "both"
    costs = "costs"
    events = "events"
    memory = "memory"


app = typer.Typer(no_args_is_help=True, help="Parts of Polewatch beside named peers, in one run.")

DATA = Path("../shared/data")
LABELS = Path("tests/accuracy/labels")
STREET = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")


@app.callback()
def bench() -> None:
    """Parts of Polewatch beside named peers, in one run."""


@app.command(epilog="Example: polewatch bench track --campus data/tracking/TUD-Campus")
def track(
    campus: Annotated[
        Path, typer.Option(help="Folder of TUD-Campus: img1/ and gt_motmetrics.txt.")
    ] = DATA / "tracking" / "TUD-Campus",
    street: Annotated[Path, typer.Option(help="vtest.avi of Debian's opencv-doc.")] = STREET,
    labels: Annotated[
        tuple[Path, Path],
        typer.Option(help="Labels of the street clip: those seen while tuning, those held back."),
    ] = (LABELS / "vtest.json", LABELS / "vtest-2.json"),
    peers: Annotated[bool, typer.Option(help="Run norfair and trackers' ByteTrack too.")] = True,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Runs to take the time from.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The tracker beside norfair and trackers' ByteTrack on the same detections.

    MOTA, IDF1 and ID switches at IoU 0.5; time of one core for a frame, of the tracker as it ships
    with what it takes to look at people. Peers get their best settings of a list, chosen on the
    data itself; this project's are as they ship: chosen on TUD-Campus, in the knowledge of vtest's
    figures, without those of vtest-2; what is done by looks on the street after its 20th second.
    """
    from edge_agent.recording import RecordingError
    from models.registry import ModelError
    from polewatch.bench import track as bench_track
    from polewatch.bench.environment import PeerError

    try:
        detector = bench_track.detector_for_bench()
        sequences = [
            bench_track.campus(campus, detector),
            *bench_track.streets(street, labels, detector),
        ]
        names = list(bench_track.PEER_SETTINGS) if peers else []
        results = {
            sequence.name: [
                bench_track.own(sequence, repeats),
                bench_track.own(sequence, repeats, looks=False),
                *(bench_track.peer(name, sequence, repeats) for name in names),
            ]
            for sequence in sequences
        }
    except (OSError, ValueError, RecordingError, ModelError, PeerError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({n: [asdict(row) for row in rows] for n, rows in results.items()}))
        return
    for name, rows in results.items():
        table = Table("tracker", "MOTA", "IDF1", "switches", "µs/frame", "time ratio", title=name)
        for row in rows:
            s = row.score
            quality = (f"{s.mota:.3f}", f"{s.idf1:.3f}", str(s.switches))
            table.add_row(row.tracker, *quality, f"{row.us:.0f}", f"{rows[0].us / row.us:.2f}")
        Console().print(table)


@app.command(epilog="Example: polewatch bench sight --json")
def sight(
    street: Annotated[Path, typer.Option(help="vtest.avi of Debian's opencv-doc.")] = STREET,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How many times faster than real time one core watches one camera.

    The shipped sight, tracker and rules about people beside decoding alone and beside the detector
    on every picture; on the clip as it is and on four moments of it side by side.
    """
    from edge_agent.recording import RecordingError
    from models.registry import ModelError
    from polewatch.bench.sight import WAYS, measure

    try:
        rows = measure(street)
    except (OSError, RecordingError, ModelError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        told = [asdict(row) | {"times_real": round(row.times_real, 2)} for row in rows]
        typer.echo(json.dumps(told))
        return
    table = Table("clip", "way", "pictures", "CPU s", "x real time")
    for row in rows:
        figures = (str(row.pictures), f"{row.cpu_s:.1f}", f"{row.times_real:.1f}")
        table.add_row(row.clip, WAYS[row.way], *figures)
    Console().print(table)


@app.command(epilog="Example: polewatch bench plates --crops data/plates/korean/crops")
def plates(
    crops: Annotated[Path, typer.Option(help="Folder of pictures of one plate each.")] = DATA
    / "plates"
    / "korean"
    / "crops",
    scenes: Annotated[Path, typer.Option(help="Folder of pictures with vehicles.")] = DATA
    / "plates"
    / "korean"
    / "scenes",
    most: Annotated[int, typer.Option(min=5, max=10_000, help="Pictures of each at most.")] = 60,
    peer: Annotated[bool, typer.Option(help="Time Tesseract's Korean model too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Reading and locating plates on one thread, beside Tesseract on the same plates.

    Milliseconds of one core, and the memory of a process that does nothing else; how right they are
    is what `polewatch plates bench` measures.
    """
    from models.registry import ModelError
    from polewatch.bench import plates as bench_plates
    from polewatch.plates.picture import PictureError
    from polewatch.plates.tesseract import TesseractError

    try:
        speeds = bench_plates.measure(crops, scenes, most, peer=peer)
    except (OSError, ModelError, PictureError, TesseractError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps([asdict(speed) for speed in speeds]))
        return
    table = Table("step", "ms, median", "nine of ten under", "MB", "time ratio")
    for speed in speeds:
        ratio = f"{speed.ms / speeds[0].ms:.1f}"
        table.add_row(
            speed.name, f"{speed.ms:.1f}", f"{speed.slow_ms:.1f}", f"{speed.megabytes:.0f}", ratio
        )
    Console().print(table)


@app.command(epilog="Example: polewatch bench ring --json")
def ring(
    cameras: Annotated[int, typer.Option(min=1, max=16, help="1080p25 cameras at once.")] = 4,
    seconds: Annotated[float, typer.Option(min=4, max=3600, help="Measured, each way.")] = 20.0,
    peer: Annotated[bool, typer.Option(help="Let ffmpeg record the same cameras too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What recording costs, beside ffmpeg copying the same RTSP cameras to segments.

    CPU seconds a second of all cameras together, reading from the network included. The ring also
    indexes, hashes and signs; each part is measured by itself as well.
    """
    from polewatch.bench import ring as bench_ring
    from polewatch.bench.environment import PeerError

    try:
        found = bench_ring.measure(cameras, seconds, peer=peer)
    except (OSError, PeerError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"ratio": found.ratio}))
        return
    table = Table("recording", "CPU s per s", "ratio")
    table.add_row("polewatch ring", f"{found.cpu_s_per_s:.4f}", "1.00")
    if found.peer is not None and found.ratio is not None:
        table.add_row(found.peer.name, f"{found.peer.cpu_s_per_s:.4f}", f"{1 / found.ratio:.2f}")
    for part in found.parts:
        table.add_row(f"  {part.name}", f"{part.cpu_s_per_s:.4f}", "")
    Console().print(table)
    typer.echo(
        f"{found.cameras} cameras of {found.mbit_per_s:.1f} Mbit/s, {found.pictures} pictures"
        f" of {found.expected}, {found.rss_mb:.0f} MB"
    )


@app.command(epilog="Example: polewatch bench clips --json")
def clips(
    tries: Annotated[int, typer.Option(min=5, max=200, help="First pictures to wait for.")] = 30,
    seconds: Annotated[float, typer.Option(min=3, max=60, help="Length of each view.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What a viewer of a 1080p camera costs, how soon the first picture comes, what is lost.

    Passed on as the camera sent it, beside the same decoded and encoded anew, and beside
    GStreamer's webrtcbin. Milliseconds from asking to the first whole picture, on this machine.
    """
    import tempfile

    from polewatch.bench.clips import ClipsBenchError, measure
    from polewatch.bench.environment import PeerError

    try:
        with tempfile.TemporaryDirectory(prefix="polewatch-bench-") as folder:
            found = measure(Path(folder), tries, seconds)
    except (OSError, ClipsBenchError, PeerError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    table = Table("way", "CPU s for a second", "first picture ms, p50", "p95", "lost", "fps")
    cost, first = found.passthrough_cpu_s_per_s, found.first_frame_ms
    clip = found.first_frame_clip_ms
    lost, fps = f"{found.frames_lost} of {found.frames_seen}", f"{found.fps:.1f}"
    table.add_row("live", f"{cost:.3f}", f"{first.p50:.0f}", f"{first.p95:.0f}", lost, fps)
    table.add_row("clip", "", f"{clip.p50:.0f}", f"{clip.p95:.0f}")
    table.add_row("encoded anew", f"{found.reencode_cpu_s_per_s:.3f}")
    peer = found.peer
    ms = peer.first_frame_ms
    table.add_row(peer.name, f"{peer.cpu_s_per_s:.3f}", f"{ms.p50:.0f}", f"{ms.p95:.0f}")
    Console().print(table)


@app.command(epilog="Example: polewatch bench crowd --viewers 20 --json")
def crowd(
    viewers: Annotated[int, typer.Option(min=1, max=64, help="Viewers at once.")] = 20,
    seconds: Annotated[float, typer.Option(min=3, max=300, help="Of each measurement.")] = 20,
    mbit: Annotated[float, typer.Option(min=0.5, max=20, help="Of each main stream.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What many viewers of one box get, and what they cost its analysis.

    Four 1080p cameras with substreams, the agent on one core; the analysis beside
    itself with nobody watching. Viewers count packets and decode nothing.
    """
    import tempfile

    from polewatch.bench.crowd import CrowdError, measure
    from polewatch.demo.processes import ProcessError

    try:
        with tempfile.TemporaryDirectory(prefix="polewatch-bench-") as folder:
            found = measure(Path(folder), viewers, seconds, round(mbit * 1e6))
    except (OSError, CrowdError, ProcessError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"analysis_drop": round(found.analysis_drop, 4)}))
        return
    table = Table("", "nobody watches", f"{found.viewers} viewers")
    analysed = f"{found.analysed_before:.1f}", f"{found.analysed_during:.1f}"
    table.add_row("pictures analysed a second", *analysed)
    table.add_row("of its core", f"{found.agent_cpu_before:.2f}", f"{found.agent_cpu_during:.2f}")
    table.add_row("pictures a second, fewest", "", f"{found.slowest_fps:.1f}")
    table.add_row("packets lost", "", str(found.lost))
    table.add_row("Mbit/s", "", f"{found.mbit_per_s:.0f}")
    Console().print(table)


@app.command(epilog="Example: polewatch bench gate --json")
def gate(
    part: Annotated[
        GatePart, typer.Option(help="What it costs, which events it costs, both, or its memory.")
    ] = GatePart.both,
    seconds: Annotated[float, typer.Option(min=5, max=600, help="Of each live measurement.")] = 20,
    street: Annotated[Path, typer.Option(help="vtest.avi of Debian's opencv-doc.")] = STREET,
    conditions: Annotated[
        list[str] | None, typer.Option("--condition", help="Of the street; all when left out.")
    ] = None,
    footage: Annotated[
        list[Path] | None, typer.Option(help="Real recordings to watch too: H.264 or H.265.")
    ] = None,
    peer: Annotated[bool, typer.Option(help="Let Debian's motion watch the cameras too.")] = True,
    keep: Annotated[bool, typer.Option(help="Keep the result for the performance page.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What decoding on demand saves beside decoding everything and Debian's motion, and misses.

    Costs: one 1080p camera that shows nobody and one that shows people, live, all sides recording.
    Events: composed streets whose people were kept apart from those that settings were chosen on.
    With `--keep` each condition is kept as it is done, beside those of earlier runs.
    Memory: packets held back of a 1080p camera whose keyframes are rare.
    """
    import tempfile
    import time

    from edge_agent.recording import RecordingError
    from models.registry import ModelError
    from polewatch.accuracy.measurement import commit_of
    from polewatch.bench import gate as bench
    from polewatch.bench.environment import PeerError
    from polewatch.bench.gate_kept import keep_events
    from polewatch.bench.gate_memory import measure_memory
    from polewatch.bench.gate_result import keep_conditions, keep_costs
    from polewatch.bench.gate_watches import Events, measure_events, measure_footage

    bench.quiet_logs()
    say = Console(stderr=True).print
    try:
        with tempfile.TemporaryDirectory(prefix="polewatch-bench-") as name:
            folder = Path(name)
            costs = (
                bench.measure_costs(folder, seconds, peer=peer, say=say)
                if part in (GatePart.costs, GatePart.both)
                else None
            )
            if part is GatePart.memory:
                typer.echo(json.dumps(asdict(measure_memory(folder))))
                return
            # Of all that follows: what is kept first changes the working folder.
            commit = commit_of(Path.cwd()) if keep else ""
            if keep and costs is not None:
                say(f"kept: {keep_costs(*costs, Path.cwd())}")
            began_s, events = time.monotonic(), list[Events]()
            only = conditions or ()
            streets = (
                measure_events(street, folder, use="report", only=only, say=say)
                if part in (GatePart.events, GatePart.both)
                else ()
            )
            for one in itertools.chain(streets, measure_footage(footage or (), say=say)):
                events.append(one)
                say(str(one))
                if keep:
                    say(f"kept: {keep_events(one, Path.cwd(), commit)}")
            if keep and events:
                took_s = time.monotonic() - began_s
                say(f"kept: {keep_conditions(Path.cwd(), events, took_s, commit)}")
    except (OSError, ValueError, RecordingError, ModelError, PeerError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    idle, busy, sub = costs or (None, None, None)
    found = bench.GateBench(idle, busy, sub, tuple(events))
    if as_json:
        typer.echo(json.dumps(found.summary() | asdict(found)))
        return
    table = Table("camera", "gated", "all decoded", "motion", "decoding alone", "decoded", "gate")
    for title, row in (("idle", found.idle), ("busy", found.busy), ("substream", found.busy_sub)):
        if row is not None:
            other = "" if row.motion is None else f"{row.motion:.3f}"
            figures = (f"{row.gated:.4f}", f"{row.all:.3f}", other, f"{row.decoding:.3f}")
            table.add_row(title, *figures, f"{row.decoded_share:.1%}", row.gate)
    if costs is not None:
        Console().print(table)
    table = Table("street", "alarms", "missed", "added", "later by at most", "decoded", "gate")
    for one in found.events:
        counts = (str(one.expected), str(one.missed), str(one.added))
        latest = f"{max(one.delays_s, default=0.0):.1f} s"
        table.add_row(one.condition, *counts, latest, f"{one.decoded_share:.0%}", one.gate)
    if found.events:
        Console().print(table)
    typer.echo(json.dumps(found.summary()))


@app.command(epilog="Example: polewatch bench nvr --cameras 16 --json")
def nvr(
    cameras: Annotated[int, typer.Option(min=1, max=64, help="1080p cameras.")] = 16,
    busy: Annotated[int, typer.Option(min=0, max=64, help="Of them, those with people.")] = 2,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="Measured.")] = 30,
    keep: Annotated[bool, typer.Option(help="Keep the result for the performance page.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """A recorder's worth of cameras in one process: whether it keeps up, and what it takes."""
    import tempfile

    from polewatch.bench import nvr as bench
    from polewatch.performance.result import keep as keep_result

    say = Console(stderr=True).print
    try:
        with tempfile.TemporaryDirectory(prefix="polewatch-bench-") as folder:
            found = bench.measure(Path(folder), cameras, busy, seconds, say)
    except OSError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if keep:
        say(f"kept: {keep_result(bench.as_result(found), Path.cwd())}")
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"keeps_up": found.keeps_up}))
        return
    table = Table("", f"{found.cameras} cameras, {found.busy} busy")
    for figure in bench.as_result(found).figures:
        table.add_row(figure.label, "not measured" if figure.value is None else f"{figure.value:g}")
    Console().print(table)


@app.command(epilog="Example: polewatch bench budget --keep")
def budget(
    seconds: Annotated[float, typer.Option(min=3, max=600, help="Of each of ten rows.")] = 10,
    keep: Annotated[bool, typer.Option(help="Keep the result for the performance page.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How the cost of a box grows with cameras, people and resolution; four minutes.

    Says nothing of an Arm board: run it on one to know.
    """
    import tempfile

    from models.registry import ModelError
    from polewatch.bench import budget as bench
    from polewatch.performance.result import keep as keep_result

    say = Console(stderr=True).print
    try:
        with tempfile.TemporaryDirectory(prefix="polewatch-bench-") as folder:
            found = bench.measure(Path(folder), seconds, say)
    except (OSError, ModelError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    told = bench.as_result(found, seconds)
    if keep:
        say(f"kept: {keep_result(told, Path.cwd())}")
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
        return
    table = Table("box", "CPU s/s", "")
    for figure in told.figures:
        table.add_row(figure.label, f"{figure.value:g}", figure.basis)
    Console().print(table)


@app.command(epilog="Example: polewatch bench soak --hours 0.2")
def soak(
    hours: Annotated[float, typer.Option(min=0.05, max=168, help="How long.")] = 2.0,
    keep: Annotated[bool, typer.Option(help="Keep the result for the performance page.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Four cameras with viewers, cuts and restarts for hours; fails when anything grows."""
    import tempfile

    from polewatch.bench import soak as bench
    from polewatch.bench.crowd import CrowdError
    from polewatch.demo.processes import ProcessError
    from polewatch.performance.result import keep as keep_result

    say = Console(stderr=True).print
    try:
        with tempfile.TemporaryDirectory(prefix="polewatch-bench-") as folder:
            found = bench.measure(Path(folder), hours, say)
    except (OSError, CrowdError, ProcessError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    told = bench.as_result(found)
    if keep:
        say(f"kept: {keep_result(told, Path.cwd())}")
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        table = Table("", "", "from")
        for figure in told.figures:
            table.add_row(figure.label, f"{figure.value:g}", figure.basis)
        Console().print(table)
    if grown := bench.broken(told.figures):
        typer.echo(f"soak: {', '.join(grown)}", err=True)
        raise typer.Exit(1)


app.command(epilog="Example: polewatch bench centre --broker mosquitto --keep")(centre)
app.command(epilog="Example: polewatch bench uplink --seconds 300")(uplink)
