"""What should be set differently in a camera: pure, from what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.discover.rtsp import Measured

LONGEST_GOP_S = 2.5
"""A viewer waits for a keyframe, and a cut begins at one."""
CLOCK_OFF_S = 5.0
"""Its overlay would tell another time than the evidence."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to change; `code` is one of wire.codes."""

    code: str
    detail: str


def advise(
    main: Measured, sub: Measured | None, clock_off_s: float | None = None
) -> tuple[Advice, ...]:
    """What to change, the gravest first."""
    found = []
    sub_h264 = sub is not None and sub.codec == "h264"
    if main.codec not in ("h264", "hevc"):
        found.append(Advice("camera.codec", main.codec))
    elif main.codec == "hevc" and not sub_h264:
        found.append(Advice("camera.h265", "main stream H.265 without a substream in H.264"))
    if sub is None:
        found.append(Advice("camera.no-sub", f"only {_size(main)}"))
    elif not sub_h264:
        found.append(Advice("camera.no-sub", f"the substream is {sub.codec}"))
    for name, stream in (("main", main), ("sub", sub)):
        if stream is None:
            continue
        if stream.b_frames:
            found.append(Advice("camera.b-frames", f"{name} stream"))
        if stream.gop_s is None and stream.watched_s > LONGEST_GOP_S:
            told = f"{name} stream: no second keyframe in {stream.watched_s:.1f} s"
            found.append(Advice("camera.long-gop", told))
        elif stream.gop_s is not None and stream.gop_s > LONGEST_GOP_S:
            found.append(Advice("camera.long-gop", f"{name} stream: {stream.gop_s:.1f} s"))
    if main.audio or (sub is not None and sub.audio):
        found.append(Advice("camera.audio", "an audio track is offered"))
    if clock_off_s is not None and abs(clock_off_s) > CLOCK_OFF_S:
        way = "ahead" if clock_off_s > 0 else "behind"
        found.append(Advice("camera.clock", f"{abs(clock_off_s):.0f} s {way}"))
    return tuple(found)


def _size(stream: Measured) -> str:
    return f"{stream.width}x{stream.height}"
