"""Drawing what was seen and said onto the pictures of a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import av.container
import cv2
import numpy as np

from edge_agent.scene import Box, Finding, Image, Point, Track
from wire.camera_rules import CameraRules, LineSpec, RuleSpec

_GREEN: Final = (80, 200, 80)
_GREY: Final = (160, 160, 160)
_AMBER: Final = (0, 180, 255)
_RED: Final = (40, 40, 230)
_TICK: Final = Fraction(1, 90_000)


class AnnotatedVideo:
    """An MP4 (H.264) of the analysed pictures with zones, tracks and open findings; a context."""

    def __init__(self, path: Path, width: int, height: int, per_second: float) -> None:
        """Begin the file; pictures must have this size (an odd last row or column is cut)."""
        self._size = (width - width % 2, height - height % 2)
        self._container: av.container.OutputContainer = av.open(
            str(path), "w", format="mp4", options={"movflags": "faststart"}
        )
        rate = Fraction(per_second).limit_denominator(1000)
        self._stream = self._container.add_stream("libx264", rate=rate)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"preset": "veryfast", "crf": "23"}
        self._stream.codec_context.time_base = _TICK

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def add(self, image: Image, media_s: float) -> None:
        """Append a picture at `media_s`; times must grow."""
        width, height = self._size
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(image[:height, :width]), format="bgr24"
        )
        frame.pts = round(media_s / _TICK)
        frame.time_base = _TICK
        self._container.mux(self._stream.encode(frame))


def draw(
    image: Image,
    media_s: float,
    asked: CameraRules,
    tracks: Sequence[Track],
    open_findings: Mapping[str, Finding],
) -> Image:
    """A copy of `image` with the zones, the tracks and what is said about them."""
    picture = image.copy()
    alarmed_zones = {finding.zone for finding in open_findings.values()}
    for zone in asked.zones:
        colour = _RED if zone.id in alarmed_zones else _AMBER
        _polyline(picture, zone.polygon, colour, closed=True)
        _text(picture, zone.id, zone.polygon[0], colour)
        if zone.direction is not None:
            _arrow(picture, *zone.direction)
    for line in asked.lines:
        _polyline(picture, line.points, _AMBER, closed=False)
        _text(picture, line.id, line.points[0], _AMBER)
    for rule in asked.rules:
        if rule.line is not None:
            _which_way(picture, rule, asked.line(rule.line))
    involved = {track.id for finding in open_findings.values() for track in finding.tracks}
    for track in tracks:
        colour = _RED if track.id in involved else _GREEN if track.seen else _GREY
        _box(picture, track.box, colour)
        label = f"{track.id} {track.label} {track.confidence:.2f}"
        _text(picture, label, (track.box.x, track.box.y), colour)
    said = [f"{finding.type} {finding.rule}" for finding in open_findings.values()]
    for row, text in enumerate([f"{media_s:.1f} s", *said]):
        colour = _RED if row else _GREY
        _text(picture, text, (0.01, 0.05 + 0.045 * row), colour)
    return picture


def _pixels(image: Image, point: Point) -> tuple[int, int]:
    return round(point[0] * image.shape[1]), round(point[1] * image.shape[0])


def _polyline(
    image: Image, points: Sequence[Point], colour: tuple[int, int, int], *, closed: bool
) -> None:
    corners = np.array([_pixels(image, point) for point in points], np.int32)
    cv2.polylines(image, [corners], closed, colour, 2, cv2.LINE_AA)


def _arrow(image: Image, start: Point, end: Point) -> None:
    near, far = _pixels(image, start), _pixels(image, end)
    cv2.arrowedLine(image, near, far, _AMBER, 2, cv2.LINE_AA, tipLength=0.15)


def _which_way(image: Image, rule: RuleSpec, line: LineSpec) -> None:
    """Arrows across the line's middle part the ways that count; along it where it is a road."""
    middle = (len(line.points) - 1) // 2
    (x0, y0), (x1, y1) = line.points[middle : middle + 2]
    if rule.type == "wrong_way":
        _arrow(image, (x0, y0), (x1, y1))
        return
    height, width = image.shape[:2]
    across, down = (x1 - x0) * width, (y1 - y0) * height
    reach = 0.05 * height / max(1e-6, float(np.hypot(across, down)))
    # To the right of somebody who looks along the line, with y growing downwards.
    right = (-down * reach / width, across * reach / height)
    at = ((x0 + x1) / 2, (y0 + y1) / 2)
    for way, sign in (("left_to_right", 1), ("right_to_left", -1)):
        if rule.direction in (None, "both", way):
            _arrow(image, at, (at[0] + sign * right[0], at[1] + sign * right[1]))


def _box(image: Image, box: Box, colour: tuple[int, int, int]) -> None:
    near, far = _pixels(image, (box.x, box.y)), _pixels(image, (box.right, box.bottom))
    cv2.rectangle(image, near, far, colour, 2)


def _text(image: Image, text: str, at: Point, colour: tuple[int, int, int]) -> None:
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    x, y = _pixels(image, at)
    x, y = max(x, 1), max(y - below, height + 2)
    cv2.rectangle(image, (x, y - height - 2), (x + width, y + below - 1), (24, 24, 24), -1)
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
