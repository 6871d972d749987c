"""The gate's figures as the performance page has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from polewatch.bench.gate import Costs, GateBench
from polewatch.bench.gate_kept import KeptEvents, kept_events
from polewatch.bench.gate_scenes import CONDITIONS
from polewatch.bench.gate_watches import Events
from polewatch.performance.result import Figure, Peer, keep, result

CPU: Final = "CPU s/s"
ALL: Final = "all decoded, detector 5/s"


def keep_costs(idle: Costs, busy: Costs, sub: Costs, root: Path) -> Path:
    """Keep what the cameras cost; the file."""
    of = result(
        "gate-costs",
        "pole",
        "Decoding on demand: CPU of one 1080p camera",
        command="polewatch bench gate --part costs --keep",
        condition=(
            "two rules about people; reading by RTSP and recording included on every side, "
            "which read the same camera at the same time. The idle camera is a drawn scene "
            "with a sensor's noise, the busy one the demo's street made larger"
        ),
        figures=_costs(idle, busy, sub),
    )
    return keep(of, root)


def keep_conditions(root: Path, ran: Sequence[Events], runtime_s: float, commit: str) -> Path:
    """Keep one result of all conditions that were ever kept; the file.

    `ran` are those of this run, which took so long, of `commit`. Raises ValueError naming a bad
    file.
    """
    names = [condition.name for condition in CONDITIONS]
    order = {name: number for number, name in enumerate(names)}
    rows = sorted(kept_events(root), key=lambda one: order.get(one.events.condition, len(order)))
    of = result(
        "gate-events",
        "pole",
        "Decoding on demand: events",
        command="polewatch bench gate --part events --keep",
        condition=(
            "the empty street of OpenCV's clip into which people walk one by one, as a camera of "
            "each condition would send it, 768x576 at 10 pictures a second; alarms of the watch "
            "that decodes everything are the measure. Settings were chosen on other ways through "
            "the street than are reported here (`polewatch/bench/gate_people.json`). Named by "
            "files: real recordings, as their own encoder made them. Each condition names when, "
            "of which commit and where it was measured"
        ),
        figures=_events(rows),
        notes=_notes(rows, names, ran, runtime_s),
        commit=commit,
    )
    return keep(of, root)


def _notes(
    rows: Sequence[KeptEvents], names: Sequence[str], ran: Sequence[Events], runtime_s: float
) -> tuple[str, ...]:
    known = {one.events.condition for one in rows}
    left = [name for name in names if name not in known]
    newest = ", ".join(sorted(one.condition for one in ran))
    notes = [f"The newest run took {runtime_s / 60:.0f} minutes: {newest}."]
    if left:
        notes.append(f"Not measured yet: {', '.join(left)}.")
    if len({one.commit for one in rows}) > 1:
        notes.append("Conditions are of more than one commit: see each.")
    return tuple(notes)


def _costs(idle: Costs, busy: Costs, sub: Costs) -> tuple[Figure, ...]:
    ratios = GateBench(idle, busy, sub, ()).summary()
    figures = [
        Figure(
            label="idle camera",
            value=round(idle.gated, 4),
            unit=CPU,
            peer=Peer(name=ALL, value=round(idle.all, 4)),
            basis=(
                f"{idle.decoded_share:.1%} of the pictures decoded, gate {idle.gate}; beside it "
                f"the detector ran {idle.all_detected_fps:.1f} times a second"
            ),
        ),
        Figure(label="... to it", value=ratios["idle_vs_decode_all"], goal=1 / 15),
        Figure(
            label="... to motion",
            value=ratios["idle_vs_motion"],
            goal=1 / 5,
            basis="not run" if idle.motion is None else f"motion 4.5: {idle.motion:.3f} {CPU}",
        ),
        Figure(
            label="idle camera, decoding alone",
            value=round(idle.decoding, 4),
            unit=CPU,
            basis="ffmpeg to null, one thread",
        ),
        Figure(
            label="busy camera",
            value=round(busy.gated, 4),
            unit=CPU,
            peer=Peer(name=ALL, value=round(busy.all, 4)),
            basis=(
                f"{busy.analysed_fps:.1f} pictures a second analysed; beside it the detector ran "
                f"{busy.all_detected_fps:.1f} times a second"
            ),
        ),
        Figure(label="... to it", value=ratios["busy_vs_decode_all"], goal=0.5),
        Figure(
            label="busy camera with a substream",
            value=round(sub.gated, 4),
            unit=CPU,
            peer=Peer(name=f"{ALL}, in the main stream", value=round(sub.all, 4)),
            basis=f"{sub.analysed_fps:.1f} pictures a second analysed",
        ),
        Figure(label="... to it", value=ratios["busy_substream_vs_decode_all"], goal=0.5),
    ]
    return tuple(figures)


def _events(rows: Sequence[KeptEvents]) -> tuple[Figure, ...]:
    ratios = GateBench(None, None, None, tuple(one.events for one in rows)).summary()
    delay = ratios["added_delay_s"]
    return (
        Figure(
            label="alarms missed",
            value=ratios["missed_events"],
            goal=0,
            basis=f"of {ratios['expected_events']}; {ratios['added_events']} added",
        ),
        Figure(label="alarm later by, half of them", value=delay["p50"], unit="s"),
        Figure(label="... by at most", value=delay["max"], unit="s", goal=1.0),
        *(_condition(one) for one in rows),
    )


def _condition(kept: KeptEvents) -> Figure:
    one = kept.events
    if not one.expected:
        basis = f"of 0, {one.added} added: decoding everything raised no alarm; {kept.origin}"
        return Figure(label=f"{one.condition}: missed", value=None, basis=basis)
    return Figure(
        label=f"{one.condition}: missed",
        value=one.missed,
        goal=0,
        basis=(
            f"of {one.expected}, {one.added} added, later by at most "
            f"{max(one.delays_s, default=0.0):.1f} s; {one.decoded_share:.0%} decoded, "
            f"gate {one.gate} at the end; {kept.origin}"
        ),
    )
