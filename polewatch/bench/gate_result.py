"""The gate's figures as the performance page has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from polewatch.bench.gate import Costs, GateBench
from polewatch.bench.gate_scenes import CONDITIONS
from polewatch.performance.result import Figure, Peer, keep, result

CPU: Final = "CPU s/s"
ALL: Final = "all decoded, detector 5/s"


def kept(found: GateBench, root: Path, asked: Sequence[str] = ()) -> str:
    """Keep what was measured, costs and events each by themselves; the names of the files.

    `asked` are the options that chose the events.
    """
    paths = []
    if found.idle is not None and found.busy is not None and found.busy_sub is not None:
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
            figures=_costs(found.idle, found.busy, found.busy_sub, found),
        )
        paths.append(keep(of, root))
    if found.events:
        of = result(
            "gate-events",
            "pole",
            "Decoding on demand: events",
            command=" ".join(["polewatch bench gate --part events", *asked, "--keep"]),
            condition=(
                "the empty street of OpenCV's clip into which people of its second half walk one "
                "by one, as a camera of each condition would send it; alarms of the watch that "
                "decodes everything are the measure. Settings were chosen on the people of the "
                "first half. Named by files: real recordings, as their own encoder made them"
            ),
            figures=_events(found),
            notes=_unmeasured(found),
        )
        paths.append(keep(of, root))
    return ", ".join(str(path) for path in paths)


def _unmeasured(found: GateBench) -> tuple[str, ...]:
    known = {one.condition for one in found.events}
    left = [condition.name for condition in CONDITIONS if condition.name not in known]
    return (f"Not measured in this run: {', '.join(left)}.",) if left else ()


def _costs(idle: Costs, busy: Costs, sub: Costs, found: GateBench) -> tuple[Figure, ...]:
    ratios = found.summary()
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


def _events(found: GateBench) -> tuple[Figure, ...]:
    ratios = found.summary()
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
        *(
            Figure(
                label=f"{one.condition}: missed",
                value=one.missed,
                goal=0,
                basis=(
                    f"of {one.expected}, {one.added} added, later by at most "
                    f"{max(one.delays_s, default=0.0):.1f} s; {one.decoded_share:.0%} decoded, "
                    f"gate {one.gate} at the end"
                ),
            )
            for one in found.events
        ),
    )
